//! One customer's matter on one channel. Here: its events, its alphabet and its pure state.
//! Not here: sockets, bytes, the bot's knowledge, queues.

mod assignment;
mod attachment;
mod bot_turn;
mod command;
mod customer_event;
mod ending;
mod event;
mod fold;
mod known;
mod matter;
mod note;
mod opening;
mod phase;
mod rest;
mod speech;
mod state;
mod steering;
mod step;
mod summary;
mod timers;
mod waiting;

#[cfg(test)]
mod script;
#[cfg(test)]
mod script_notes;
#[cfg(test)]
mod soft_tests;
#[cfg(test)]
mod state_properties;
#[cfg(test)]
mod state_tests;

pub use customer_event::{CustomerEntry, CustomerEvent, Speaker};
pub use event::{
    Answer, Author, Body, BotContext, CloseReason, Entry, Event, Message, Opened, Target,
    WaitReason, Waiting,
};
pub use note::{Command, Ephemeral, Note, Overflow, Place, Refusal, Role};
pub use rest::Rest;
pub use state::Conversation;
pub use summary::{PhaseKind, Summary};
