//! What a client can tell of: the alphabet of observations.

use crest_schema::frame::Id;
use serde::{Deserialize, Serialize};

use super::fact::Fact;
use super::log::Transcript;

/// Every whisper of the harness begins with this, so that raw bytes can be searched for one.
pub const MARKER: &str = "whisper#";

/// Which numbering a client reads, and what it must never see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Side {
    Customer,
    Staff,
}

/// Who observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// For people: an agent's name, a customer's number in the run.
    pub name: String,
    pub side: Side,
}

/// One thing that one client saw or did; a client's observations stand in the order it made them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Index into [`History::clients`].
    pub client: usize,
    /// Counts the client's connections from 0.
    pub connection: u32,
    pub seen: Seen,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Seen {
    /// Written to this connection: a frame with an id of the client's own. `content` is the digest of
    /// what it says, in the form of [`Fact::content`].
    Sent {
        id: Id,
        content: u64,
    },
    /// A whisper with its unique text was sent.
    Whispered {
        conversation: Id,
        id: Id,
        text: String,
    },
    /// An acknowledgement, in the client's numbering; without an id that of a command.
    Acked {
        id: Option<Id>,
        conversation: Id,
        seq: u64,
    },
    /// An error. `lasting` ones say that the command had and will have no effect.
    Refused {
        id: Id,
        code: u16,
        lasting: bool,
    },
    /// The client asked for everything after this seq; the next event must be the one behind it.
    From {
        conversation: Id,
        after: u64,
    },
    /// The client no longer looks at the conversation.
    Detached {
        conversation: Id,
    },
    Event {
        conversation: Id,
        seq: u64,
        /// Staff are told the customer's number too.
        customer_seq: Option<u64>,
        fact: Fact,
    },
    Gap {
        conversation: Id,
        from: u64,
        to: u64,
    },
    /// An agent was told that the conversation is its own.
    Assigned {
        conversation: Id,
    },
    Unassigned {
        conversation: Id,
    },
    /// What an agent was told of its own load.
    Load {
        load: u32,
        capacity: u32,
    },
    /// Bytes of a whisper's marker in a frame, of any type.
    Marked {
        text: String,
    },
    /// A frame that only staff may receive.
    StaffFrame {
        name: String,
    },
    /// Bytes that are not a frame of this protocol.
    Unreadable {
        why: String,
    },
    /// The run is quiet, this connection still stands: it must have every event of what it looks at.
    Settled,
}

/// A whole run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    pub clients: Vec<Client>,
    pub observations: Vec<Observation>,
    /// Every conversation that anybody saw, read again after the run.
    pub transcripts: Vec<Transcript>,
    /// For so long the owner of a conversation may have been away, in milliseconds: those ahead in a
    /// queue are overtaken lawfully meanwhile. 0 where no owner ever was.
    #[serde(default)]
    pub away_ms: u64,
}
