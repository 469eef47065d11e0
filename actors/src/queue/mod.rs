//! Conversations waiting for a group. It owns nothing: an index over what waiting conversations announce.

mod note;

pub use note::{Note, Policy, QueueStats, Withdrawn};
