//! Agents who share skills: roster, presence counters, handling time, and the policy its queue follows.

mod note;
mod state;

pub use note::Note;
pub use state::SkillGroup;
