//! What a conversation is told.

use serde::{Deserialize, Serialize};

use super::{BotReply, Session, Text};
use crate::frame::Id;
use crate::stored::conversation::{Body, Offer, Opened};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConversationNote<'a> {
    Open(Opened<'a>),
    Attach {
        session: Session,
        link: u32,
        role: Role<'a>,
        after: u64,
    },
    Detach {
        session: Session,
        link: u32,
    },
    Beat {
        session: Session,
        link: u32,
        last: u64,
    },
    Command {
        session: Session,
        link: u32,
        number: u32,
        reference: u32,
        command: Command<'a>,
    },
    Ephemeral {
        session: Session,
        ephemeral: Ephemeral,
    },
    Reserved {
        offer: Offer<'a>,
        forced: bool,
    },
    ReserveRefused {
        offer: Offer<'a>,
    },
    AgentLost {
        offer: Offer<'a>,
        grace_over: bool,
    },
    BotReplied {
        opening: u32,
        turn: u32,
        reply: BotReply<'a>,
    },
    Place {
        entry: u64,
        place: Place,
    },
    Listed {
        entry: u64,
        queue_run: u64,
    },
    Overflow {
        entry: u64,
        to: Overflow<'a>,
    },
    Describe,
    Wake,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role<'a> {
    Customer,
    Agent(Text<'a>),
    Supervisor(Text<'a>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command<'a> {
    Say {
        id: Id,
        body: Body<'a>,
    },
    Edit {
        id: Id,
        of: u64,
        body: Body<'a>,
    },
    Recall {
        id: Id,
        of: u64,
    },
    AskHuman,
    LeaveMessage {
        id: Id,
        text: Text<'a>,
    },
    CallBack {
        contact: Text<'a>,
    },
    Leave,
    Rate {
        level: u8,
        comment: Option<Text<'a>>,
    },
    Accept {
        offer: Offer<'a>,
    },
    Decline {
        offer: Offer<'a>,
    },
    Whisper {
        id: Id,
        text: Text<'a>,
    },
    TransferToAgent {
        to: Text<'a>,
        forced: bool,
        note: Option<Text<'a>>,
    },
    TransferToGroup {
        to: Text<'a>,
        note: Option<Text<'a>>,
    },
    TakeOver,
    GiveBack,
    End,
    WrapUpDone {
        code: Option<Text<'a>>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ephemeral {
    Typing,
    Read { up_to: u64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub position: u32,
    pub wait_minutes: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overflow<'a> {
    Group(Text<'a>),
    Bot,
    LeaveMessage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    NotOpen,
    Closed,
    Gone,
    NotAllowed,
    NotHolder,
    Conflict,
    NoSuchMessage,
    TooLate,
    AlreadyRated,
    TooLong,
    WrongState,
    NoSuchEvent,
    NoSuchTarget,
    NoSuchReason,
    StorageUnavailable,
}
