//! What a node asks of another one and waits for: each call is a message of its own with a reply of
//! its own, outside the frames.

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{AgentKey, ConversationKey, CustomerKey, FRAME_BYTES, Identity, Text, Unreadable};
use crate::codec::check_within;

/// Bytes of records in one reply, beyond the first record. With it and their heads a reply stays
/// within [`FRAME_BYTES`].
pub const PAGE_BYTES: usize = 512 * 1024;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call<'a> {
    /// Records of a log that the called node owns, with seq > `after`, at most `limit`.
    Read {
        log: Log<'a>,
        after: u64,
        limit: u32,
    },
    /// The map of shards has this version: a hint to read it.
    Map { version: u64 },
    /// Uses up a ticket that the called node issued; `digest` is the BLAKE3 of its text.
    Redeem { digest: [u8; 32] },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply<'a> {
    /// Dense, from the seq `first`. `more`: the log has others within the limit.
    Records {
        first: u64,
        records: Vec<LogRecord>,
        more: bool,
    },
    /// Not now: words for the log of the caller.
    Unavailable(Text<'a>),
    Corrupt(Text<'a>),
    Customer {
        key: CustomerKey<'a>,
        identity: Identity<'a>,
        anonymous: bool,
    },
    Staff {
        key: AgentKey<'a>,
        name: Text<'a>,
        role: StaffRole,
        groups: Vec<Text<'a>>,
        session: [u8; 32],
        session_expires_at: u64,
    },
    Noted,
    NoTicket,
    TicketExpired,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Log<'a> {
    Conversation(ConversationKey<'a>),
    Ledger(AgentKey<'a>),
    Pointer(CustomerKey<'a>),
}

/// A record as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRecord {
    pub base: bool,
    #[serde(with = "as_bin")]
    pub body: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffRole {
    Agent,
    Supervisor,
    Admin,
}

impl Call<'_> {
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    pub fn decode(bytes: &[u8]) -> Result<Call<'static>, Unreadable> {
        decode(bytes)
    }
}

impl Reply<'_> {
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    pub fn decode(bytes: &[u8]) -> Result<Reply<'static>, Unreadable> {
        decode(bytes)
    }
}

fn encode(value: &impl Serialize) -> Vec<u8> {
    rmp_serde::to_vec_named(value).expect("calls have only types that MessagePack can hold")
}

fn decode<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Unreadable> {
    check_within(bytes, FRAME_BYTES)?;
    rmp_serde::from_slice(bytes).map_err(|error| {
        let mut what = error.to_string();
        what.truncate(what.floor_char_boundary(200));
        Unreadable::Item(what)
    })
}

mod as_bin {
    use super::*;

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;

        impl Visitor<'_> for Bytes {
            type Value = Vec<u8>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a stored record (bin)")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Ok(bytes.to_vec())
            }
        }

        deserializer.deserialize_bytes(Bytes)
    }
}
