//! Agents who share skills: roster, presence counters, handling time, and the policy its queue follows.

mod note;

pub use note::Note;
