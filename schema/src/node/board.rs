//! What a board is told, and what it shows.

use serde::{Deserialize, Serialize};

use super::{Availability, ConversationKey, QueueStats, Session, Text};
use crate::stored::conversation::CloseReason;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoardNote<'a> {
    Conversation(Summary<'a>),
    Agent {
        agent: Text<'a>,
        availability: Availability<'a>,
    },
    Queue {
        group: Text<'a>,
        stats: QueueStats,
    },
    Watch {
        session: Session,
        scope: Scope<'a>,
        have: Option<u64>,
    },
    Unwatch {
        session: Session,
    },
    Wake,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope<'a> {
    Tenant,
    Group(Text<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseKind {
    BotServing,
    Waiting,
    Offered,
    Active,
    WrapUp,
    Closed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary<'a> {
    pub key: ConversationKey<'a>,
    pub customer: Text<'a>,
    pub channel: Text<'a>,
    pub tier: u8,
    pub phase: PhaseKind,
    pub position: u64,
    pub group: Text<'a>,
    pub agent: Option<Text<'a>>,
    pub taken_over: bool,
    pub opened_at: u64,
    pub phase_since: u64,
    pub enqueued_at: Option<u64>,
    pub closed_at: Option<u64>,
    pub close_reason: Option<CloseReason>,
    pub rating: Option<u8>,
    pub awake: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardView<'a> {
    pub version: u64,
    pub since: Option<u64>,
    pub at: u64,
    pub conversations: Vec<Summary<'a>>,
    pub agents: Vec<(Text<'a>, Availability<'a>)>,
    pub queues: Vec<(Text<'a>, QueueStats)>,
}
