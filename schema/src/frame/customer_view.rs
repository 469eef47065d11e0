//! What a customer's connection may carry of a conversation. No type here can hold a whisper, an
//! offer, a transfer's note, a score or a supervisor.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Body, CloseReason, Id};

/// One event in the customer's own dense numbering.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerEntry<'a> {
    pub seq: u64,
    /// Unix milliseconds.
    pub at: u64,
    pub event: CustomerEvent<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerEvent<'a> {
    /// `opening` 0 is the first, + 1 for each reopening.
    Opened {
        opening: u32,
    },
    Message {
        from: Speaker<'a>,
        /// The sender's id; absent on the bot's and the system's.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<Id>,
        body: Body<'a>,
    },
    /// `of` is the seq of the message whose content this is now.
    Edited {
        of: u64,
        from: Speaker<'a>,
        body: Body<'a>,
    },
    Recalled {
        of: u64,
        from: Speaker<'a>,
    },
    /// A person was asked for.
    Waiting,
    /// Nobody can come now: the bot goes on.
    BotResumed,
    /// A person is there.
    Joined {
        agent: Cow<'a, str>,
    },
    Ended {
        reason: CloseReason,
    },
    Rated {
        level: u8,
    },
}

/// Who speaks, as far as a customer is concerned. A supervisor speaks as the desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker<'a> {
    You,
    Bot,
    Agent(Cow<'a, str>),
    Desk,
    System,
}

/// What a client needs to draw the conversation before its first event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerState {
    pub opening: u32,
    pub open: bool,
    pub waiting: bool,
    pub may_rate: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Position>,
}

/// Where a waiting conversation stands, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub position: u32,
    /// Rounded up; absent where nobody can say, and `call_back` is true then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_minutes: Option<u32>,
    pub call_back: bool,
}
