//! The whole input alphabet of a conversation.

use crate::ids::{AgentId, ClientMsgId, GroupId, OfferId, Seq, SessionId};
use crate::ports::BotReply;

use super::event::{Body, Opened};

/// Everything a conversation can be told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Note {
    /// From the customer actor, after the pointer is durable: open, or reopen at `opening`.
    Open(Opened),
    /// A session wants every event after `after`, then live ones.
    Attach {
        session: SessionId,
        link: u32,
        role: Role,
        after: Seq,
    },
    Detach {
        session: SessionId,
        link: u32,
    },
    /// A session repeats what it has; it is told what it lacks.
    Beat {
        session: SessionId,
        link: u32,
        last: Seq,
    },
    /// A command of a session, numbered by it from 0 on each link. Applied in that order only.
    Command {
        session: SessionId,
        link: u32,
        number: u32,
        reference: u32,
        command: Command,
    },
    /// Typing and read marks: shown to whoever is attached, never stored.
    Ephemeral {
        session: SessionId,
        ephemeral: Ephemeral,
    },
    /// An agent's ledger holds this reservation (rule 4); repeated until answered.
    Reserved {
        offer: OfferId,
        forced: bool,
    },
    /// An agent refused the reservation a transfer asked for.
    ReserveRefused {
        offer: OfferId,
    },
    /// An agent is unreachable. Offers end at once; a held conversation waits again once `grace_over`.
    AgentLost {
        offer: OfferId,
        grace_over: bool,
    },
    BotReplied {
        opening: u32,
        turn: u32,
        reply: BotReply,
    },
    /// From the queue: where entry `entry` stands.
    Place {
        entry: Seq,
        place: Place,
    },
    /// From the queue: it holds the entry; announcing may slow down. `queue_run` tells one life of the queue from the next.
    Listed {
        entry: Seq,
        queue_run: u64,
    },
    /// From the queue: it cannot keep the entry.
    Overflow {
        entry: Seq,
        to: Overflow,
    },
    /// A board lost its memory and asks everybody.
    Describe,
    /// A deadline given by `wake_at` has come.
    Wake,
}

/// As whom a session is attached.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    Customer,
    /// The agent, for conversations it holds or is offered.
    Agent(AgentId),
    Supervisor(AgentId),
}

/// What people do to a conversation. Each carries what makes a repetition harmless.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    Say {
        id: ClientMsgId,
        body: Body,
    },
    Edit {
        id: ClientMsgId,
        of: Seq,
        body: Body,
    },
    Recall {
        id: ClientMsgId,
        of: Seq,
    },
    // Customer
    AskHuman,
    /// Stop waiting and leave these words.
    LeaveMessage {
        id: ClientMsgId,
        text: String,
    },
    /// Stop waiting and be called back.
    CallBack {
        contact: String,
    },
    /// The customer ends it.
    Leave,
    Rate {
        level: u8,
        comment: Option<String>,
    },
    // Staff
    Accept {
        offer: OfferId,
    },
    Decline {
        offer: OfferId,
    },
    Whisper {
        id: ClientMsgId,
        text: String,
    },
    /// `forced` is a supervisor's: above capacity, flagged.
    TransferToAgent {
        to: AgentId,
        forced: bool,
        note: Option<String>,
    },
    TransferToGroup {
        to: GroupId,
        note: Option<String>,
    },
    TakeOver,
    GiveBack,
    /// The holder ends it for the customer and keeps it for wrap-up.
    End,
    WrapUpDone {
        code: Option<String>,
    },
}

impl Command {
    /// The client message id, of commands that carry one.
    pub fn client_id(&self) -> Option<ClientMsgId> {
        match self {
            Command::Say { id, .. }
            | Command::Edit { id, .. }
            | Command::Recall { id, .. }
            | Command::LeaveMessage { id, .. }
            | Command::Whisper { id, .. } => Some(*id),
            Command::AskHuman
            | Command::CallBack { .. }
            | Command::Leave
            | Command::Rate { .. }
            | Command::Accept { .. }
            | Command::Decline { .. }
            | Command::TransferToAgent { .. }
            | Command::TransferToGroup { .. }
            | Command::TakeOver
            | Command::GiveBack
            | Command::End
            | Command::WrapUpDone { .. } => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ephemeral {
    Typing,
    /// Everything up to this seq was read: in the reader's own numbering on the way in, in the
    /// receiver's on the way out, so that a customer learns nothing of seqs it cannot see.
    Read {
        up_to: Seq,
    },
}

/// Where a waiting conversation stands, as published to the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// From 1.
    pub position: u32,
    /// Rounded up; `None` where the queue drains too slowly to say, and a call-back is offered.
    pub wait_minutes: Option<u32>,
}

/// What a queue tells an entry it will not keep.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Overflow {
    Group(GroupId),
    /// The bot goes on; the customer may ask again later.
    Bot,
    /// Ask for a message and close.
    LeaveMessage,
}

/// A legal no. Each has its wire code in the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The log has no opening yet.
    NotOpen,
    /// This opening is closed; the customer actor decides what comes next.
    Closed,
    /// The offer or claim named is not the current one.
    Gone,
    /// This role may not do it, or not in this state.
    NotAllowed,
    /// Somebody else speaks here now (agent during a takeover, supervisor without one).
    NotHolder,
    /// The same client message id came before with other content.
    Conflict,
    /// No such message, or not the author's.
    NoSuchMessage,
    /// The time to edit, recall or rate has passed.
    TooLate,
    AlreadyRated,
    /// A limit of [`crate::limits`] is exceeded.
    TooLong,
    /// Not waiting, not held, already waiting: the state does not fit.
    WrongState,
    /// The position named lies beyond the newest event.
    NoSuchEvent,
    /// No such agent or group in this tenant.
    NoSuchTarget,
    /// The tenant does not list this reason for `NotReady`.
    NoSuchReason,
    /// The store cannot take it now; nothing was stored, send it again.
    StorageUnavailable,
}
