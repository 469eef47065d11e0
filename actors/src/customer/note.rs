//! The whole input alphabet of a customer, and its log's events.

use crate::ids::{AgentId, ChannelId, ConversationId, GroupId, Millis, SessionId};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Note {
    /// A session asks which conversation of `identity.channel` is open; with `open`, one is opened
    /// where there is none. Answered by `Push::Routed`, or by `Push::Refused` where nothing can be
    /// opened or stored; repeated by the session until it is.
    Enter {
        session: SessionId,
        identity: Identity,
        open: bool,
    },
    /// A conversation is over; clears the pointer only if it names exactly this opening.
    Ended {
        channel: ChannelId,
        conversation: ConversationId,
        opening: u32,
        agent: Option<AgentId>,
        at: Millis,
    },
    Wake,
}

/// Who is there, from a verified token only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    pub channel: ChannelId,
    pub tier: u8,
    pub display_name: Option<String>,
    pub attributes: Vec<(String, String)>,
    pub language: Option<String>,
    /// The group asked for; the tenant's default where absent or unknown.
    pub group: Option<GroupId>,
}

/// The pointer's log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// Written before anything is sent to that conversation.
    Pointed {
        channel: ChannelId,
        conversation: ConversationId,
        opening: u32,
    },
    Cleared {
        channel: ChannelId,
        conversation: ConversationId,
        opening: u32,
        agent: Option<AgentId>,
        at: Millis,
    },
    /// All pointers as they stand; replaces everything before it.
    Base(Vec<Pointer>),
}

/// What a customer has in one channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pointer {
    pub channel: ChannelId,
    pub conversation: ConversationId,
    pub opening: u32,
    /// `None` while open; afterwards when it was closed and by whom it was served.
    pub closed: Option<(Millis, Option<AgentId>)>,
    /// Who served the customer last in this channel, and until when; kept while open again.
    pub served: Option<(Millis, AgentId)>,
}
