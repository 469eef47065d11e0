//! What nodes of one cluster send each other. A frame has a head (who sends it, in which life, its
//! number) and items; an item is one thing for one receiver: a note, a push, a published event.
//!
//! Nodes of neighbouring releases talk to each other while a cluster is renewed, so: the version
//! changes only with the head's meaning; a field may be added if it is an `Option` or has a default,
//! and fields not known are passed over; an item not known is passed over alone. Events travel as
//! the records they are stored as.
//!
//! Not here, on purpose: subjects, batching, loss (the root's bus), and what clients may see.

mod agent;
mod board;
mod bot;
mod call;
mod conversation;
mod customer;
mod frame;
mod item;
mod push;
mod queue;
mod skill_group;

pub use agent::{AgentNote, Availability, Presence, Released};
pub use board::{BoardNote, BoardView, PhaseKind, Scope, Summary};
pub use bot::{BotReply, HandOffReason};
pub use call::{Call, Log, LogRecord, PAGE_BYTES, Reply, StaffRole};
pub use conversation::{Command, ConversationNote, Ephemeral, Overflow, Place, Refusal, Role};
pub use customer::{CustomerNote, Identity};
pub use frame::{Frame, Head, Part, put};
pub use item::{
    AgentKey, ConversationKey, CustomerKey, Entry, Envelope, GroupKey, Item, Publication, Session,
    Stray,
};
pub use push::{
    CustomerEntry, CustomerEvent, CustomerState, OfferContext, OfferOutcome, Push, Speaker,
};
pub use queue::{Policy, QueueNote, QueueStats, Withdrawn};
pub use skill_group::SkillGroupNote;

use std::borrow::Cow;

use crate::codec::Malformed;

/// The version this build writes, and the only one there is yet.
pub const VERSION: u8 = 1;

/// Bytes of a frame: NATS takes 1 MiB of payload unless configured otherwise.
pub const FRAME_BYTES: usize = 768 * 1024;

/// Bytes of an item: the history of a conversation whose 64 newest messages are all of 16 KiB, twice.
pub const ITEM_BYTES: usize = 4 * 1024 * 1024;

type Text<'a> = Cow<'a, str>;

/// Bytes of another node that this build cannot read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("not MessagePack within bounds: {0}")]
    Malformed(#[from] Malformed),
    #[error(
        "frame of version {0}, this build reads {VERSION}: the nodes' releases are too far apart"
    )]
    Version(u8),
    #[error("not a frame of version, node, incarnation, number, part and items")]
    Head,
    /// Words cut to 200 bytes, as they may quote the input.
    #[error("not an item that this build knows: {0}")]
    Item(String),
}
