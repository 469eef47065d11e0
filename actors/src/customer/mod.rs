//! Who asks: owner of the pointers to its open conversations, one a channel.
//! Not here: messages and sessions; a customer's sessions attach to the conversation they are routed to.

mod note;
mod state;
#[cfg(test)]
mod state_tests;

pub use note::{Event, Identity, Note, Pointer};
pub use state::Customer;
