//! One customer's matter on one channel. Here: its events, its alphabet and its pure state.
//! Not here: sockets, bytes, the bot's knowledge, queues.

mod customer_event;
mod event;
mod note;
mod summary;

pub use customer_event::{CustomerEntry, CustomerEvent, Speaker};
pub use event::{
    Answer, Author, Body, BotContext, CloseReason, Entry, Event, Message, Opened, Target,
    WaitReason, Waiting,
};
pub use note::{Command, Ephemeral, Note, Overflow, Place, Refusal, Role};
pub use summary::{PhaseKind, Summary};
