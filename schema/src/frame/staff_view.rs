//! What staff may see of a conversation: every event, whole.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Body, CloseReason, Id};

/// One event in the log's own dense numbering.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffEntry<'a> {
    pub seq: u64,
    /// Unix milliseconds.
    pub at: u64,
    /// The customer's number of it; absent on what the customer does not see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_seq: Option<u64>,
    pub event: StaffEvent<'a>,
}

/// `position` with `agent` names an offer; see `accept`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffEvent<'a> {
    Opened(Opened<'a>),
    Message {
        author: Author<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<Id>,
        body: Body<'a>,
    },
    Edited {
        of: u64,
        author: Author<'a>,
        id: Id,
        body: Body<'a>,
    },
    Recalled {
        of: u64,
        author: Author<'a>,
        id: Id,
    },
    Whisper {
        author: Cow<'a, str>,
        id: Id,
        text: Cow<'a, str>,
    },
    BotTurned(BotContext<'a>),
    Waiting(Waiting<'a>),
    Offered {
        position: u64,
        agent: Cow<'a, str>,
        weight: u32,
        expires_at: u64,
    },
    Accepted {
        position: u64,
        agent: Cow<'a, str>,
    },
    TransferRequested {
        by: Cow<'a, str>,
        to: Cow<'a, str>,
        forced: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<Cow<'a, str>>,
    },
    Transferred {
        position: u64,
        agent: Cow<'a, str>,
        weight: u32,
    },
    TransferFailed {
        position: u64,
    },
    TakenOver {
        supervisor: Cow<'a, str>,
    },
    GivenBack {
        supervisor: Cow<'a, str>,
    },
    /// That group's queue could not keep it: the bot goes on.
    BotResumed {
        from: Cow<'a, str>,
    },
    WrapUp {
        reason: CloseReason,
        until: u64,
    },
    Closed {
        reason: CloseReason,
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<Cow<'a, str>>,
        by: Author<'a>,
    },
    Rated {
        level: u8,
        #[serde(skip_serializing_if = "Option::is_none")]
        comment: Option<Cow<'a, str>>,
        served_by: Author<'a>,
    },
}

/// Who said or did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author<'a> {
    Customer,
    Bot,
    Agent(Cow<'a, str>),
    Supervisor(Cow<'a, str>),
    System,
}

/// Who the customer is and how it arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened<'a> {
    pub opening: u32,
    pub customer: Cow<'a, str>,
    pub channel: Cow<'a, str>,
    pub tier: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<Cow<'a, str>>,
    /// Pairs of name and value, in the token's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Cow<'a, str>>,
    pub group: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sticky: Option<Cow<'a, str>>,
}

/// The bot's view of the matter after its turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotContext<'a> {
    pub turn: u32,
    pub misses: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer<'a>>,
}

/// Where an answer came from; scores in thousandths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer<'a> {
    pub article: Cow<'a, str>,
    pub score_permille: u16,
    /// Key and score of the second best.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runner_up: Option<(Cow<'a, str>, u16)>,
    pub knowledge_version: u64,
}

/// A place in a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting<'a> {
    pub group: Cow<'a, str>,
    pub reason: WaitReason<'a>,
    pub enqueued_at: u64,
    pub boost_ms: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preferred: Vec<Cow<'a, str>>,
    pub preferred_until: u64,
    /// Preferred agent and until when it is held for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sticky: Option<(Cow<'a, str>, u64)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<Cow<'a, str>>,
    pub weight: u32,
}

/// Why it began to wait; the name is the agent's or group's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitReason<'a> {
    Asked,
    BotMissed,
    ArticleSays,
    NoBot,
    Missed(Cow<'a, str>),
    Declined(Cow<'a, str>),
    AgentLost(Cow<'a, str>),
    Transfer(Cow<'a, str>),
    Overflow(Cow<'a, str>),
    GivenBack(Cow<'a, str>),
    Reopened,
}
