//! Names of things. Newtypes so that a customer can never be passed for an agent.

use std::fmt;
use std::sync::Arc;

/// A configured or externally given name, cheap to clone, compared by its text.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as given; at most [`crate::limits::NAME_MAX_BYTES`] long where it came from outside.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(Arc::from(text.as_ref()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
    };
}

name!(
    /// A shop or brand, isolated from every other.
    TenantId
);
name!(
    /// Who asks, unique within a tenant: the subject of the shop's token, or a visitor id of ours.
    CustomerId
);
name!(
    /// A human on staff (agent, supervisor or admin), unique within a tenant.
    AgentId
);
name!(
    /// Agents who share skills, unique within a tenant.
    GroupId
);
name!(
    /// One required ability.
    Skill
);
name!(
    /// A way in: `web`, `app`, `wechat` …
    ChannelId
);

/// One customer of one tenant; the key of the customer's actor and pointer log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CustomerKey {
    pub tenant: TenantId,
    pub customer: CustomerId,
}

/// One agent of one tenant; the key of the agent's actor and ledger.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AgentKey {
    pub tenant: TenantId,
    pub agent: AgentId,
}

/// One conversation of one tenant; the key of its actor and transcript. The tenant always comes
/// from the session that asks, so an id of another tenant names an empty log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConversationKey {
    pub tenant: TenantId,
    pub id: ConversationId,
}

/// One skill group of one tenant; the key of its skill group and queue actors.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupKey {
    pub tenant: TenantId,
    pub group: GroupId,
}

/// Number of hash buckets that actors live in; fixed for the life of a deployment.
pub const SHARDS: u16 = 256;

/// A fixed hash bucket of actors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shard(pub u8);

impl Shard {
    pub fn all() -> impl Iterator<Item = Self> {
        (0..SHARDS).map(|shard| Self(shard as u8))
    }

    /// The shard of a name: FNV-1a, so that every node and every release agrees.
    pub fn of(parts: &[&str]) -> Self {
        let mut hash: u32 = 0x811c_9dc5;
        for part in parts {
            for byte in part.as_bytes().iter().chain(&[0xff]) {
                hash = (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
            }
        }
        Self((hash ^ (hash >> 8) ^ (hash >> 16) ^ (hash >> 24)) as u8)
    }
}

/// One conversation. 16 bytes: 6 of Unix milliseconds (so ids sort by birth), 9 random,
/// and last the shard, which is its customer's: both live on the same arbiter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConversationId(pub [u8; 16]);

impl ConversationId {
    /// Mints an id from the time, 9 random bytes and the customer's shard.
    pub fn mint(now: Millis, random: [u8; 9], shard: Shard) -> Self {
        let mut id = [0; 16];
        id[..6].copy_from_slice(&now.0.to_be_bytes()[2..]);
        id[6..15].copy_from_slice(&random);
        id[15] = shard.0;
        Self(id)
    }

    pub fn shard(self) -> Shard {
        Shard(self.0[15])
    }

    pub fn minted_at(self) -> Millis {
        let mut millis = [0; 8];
        millis[2..].copy_from_slice(&self.0[..6]);
        Millis(u64::from_be_bytes(millis))
    }

    /// Reads 32 hexadecimal digits, as [`fmt::Display`] writes them.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 32 || !text.is_ascii() {
            return None;
        }
        let mut id = [0; 16];
        for (byte, pair) in id.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(id))
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A client's own id of a command: 16 bytes, random. Resending it acts once (G3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientMsgId(pub [u8; 16]);

/// Number of an event in its log: dense, from 1, never reused. 0 means "before the first".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Seq(pub u64);

impl Seq {
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Unix time in milliseconds, as the node's wall clock gave it. Never compared between nodes
/// to decide ownership.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Millis(pub u64);

impl Millis {
    pub fn plus(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds since `earlier`, 0 if it lies ahead.
    pub fn since(self, earlier: Millis) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The right to append to one log: the newest (epoch, activation) wins, every older one is fenced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token {
    pub epoch: u64,
    pub activation: u64,
}

/// One authenticated connection. `generation` makes a reused slot a different session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId {
    pub node: u16,
    pub arbiter: u16,
    pub slot: u32,
    pub generation: u32,
}

/// A claim of an agent on a conversation (ARCHITECTURE.md, "Steps that cross actors", rule 1):
/// the position is the seq of the state event the claim was made at.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OfferId {
    pub conversation: ConversationId,
    pub position: Seq,
    pub agent: AgentId,
}
