//! Who asks: owner of the pointers to its open conversations, one a channel.

mod note;

pub use note::{Event, Identity, Note, Pointer};
