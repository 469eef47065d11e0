//! A tenant's live picture for its supervisors: soft state, snapshot and diffs.

mod note;

pub use note::{BoardView, Note, Scope};
