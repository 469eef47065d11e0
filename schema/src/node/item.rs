//! One thing for one receiver, and the names of receivers.

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    AgentNote, BoardNote, ConversationNote, CustomerNote, ITEM_BYTES, Push, QueueNote,
    SkillGroupNote, Text, Unreadable,
};
use crate::codec::check_within;
use crate::frame::Id;
use crate::stored::{Record, conversation as stored};

/// What a frame carries any number of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item<'a> {
    /// A note for an actor.
    Tell(Envelope<'a>),
    /// The same, sent a second time after it came back.
    Retry(Envelope<'a>),
    /// A note on its way back from a node that is not its receiver's owner.
    Stray(Stray<'a>),
    Push(Session, Push<'a>),
    Publish(Publication<'a>),
    /// Every actor of this tenant is to say how it stands.
    Rally(Text<'a>),
}

impl Item<'_> {
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.serialize(&mut rmp_serde::Serializer::new(out).with_struct_map())
            .expect("items have only types that MessagePack can hold");
    }

    /// Reads an item; fields not known are passed over.
    pub fn decode(bytes: &[u8]) -> Result<Item<'static>, Unreadable> {
        check_within(bytes, ITEM_BYTES)?;
        rmp_serde::from_slice(bytes).map_err(|error| {
            let mut what = error.to_string();
            what.truncate(what.floor_char_boundary(200));
            Unreadable::Item(what)
        })
    }
}

/// A note with its receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Envelope<'a> {
    Customer(CustomerKey<'a>, CustomerNote<'a>),
    Conversation(ConversationKey<'a>, ConversationNote<'a>),
    Agent(AgentKey<'a>, AgentNote<'a>),
    Queue(GroupKey<'a>, QueueNote<'a>),
    SkillGroup(GroupKey<'a>, SkillGroupNote<'a>),
    Board(Text<'a>, BoardNote<'a>),
}

/// `epoch` is the newest of the shard that the node knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stray<'a> {
    pub envelope: Envelope<'a>,
    pub epoch: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerKey<'a> {
    pub tenant: Text<'a>,
    pub customer: Text<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationKey<'a> {
    pub tenant: Text<'a>,
    pub id: Id,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentKey<'a> {
    pub tenant: Text<'a>,
    pub agent: Text<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupKey<'a> {
    pub tenant: Text<'a>,
    pub group: Text<'a>,
}

/// Node, arbiter, slot and generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session(pub u16, pub u16, pub u32, pub u32);

/// One event to all these sessions of the receiving node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication<'a> {
    pub conversation: Id,
    pub entry: Entry<'a>,
    pub customers: Vec<Session>,
    pub staff: Vec<Session>,
}

/// An event with its place: seq, and the record as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry<'a> {
    pub seq: u64,
    #[serde(with = "as_stored")]
    pub record: Record<stored::Event<'a>>,
}

mod as_stored {
    use super::*;

    pub fn serialize<S: Serializer>(
        record: &Record<stored::Event<'_>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&record.encode())
    }

    pub fn deserialize<'de, 'a, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Record<stored::Event<'a>>, D::Error> {
        struct Bytes<'a>(std::marker::PhantomData<&'a ()>);

        impl<'a> Visitor<'_> for Bytes<'a> {
            type Value = Record<stored::Event<'a>>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a stored event (bin)")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Record::decode(bytes).map_err(E::custom)
            }
        }

        deserializer.deserialize_bytes(Bytes(std::marker::PhantomData))
    }
}
