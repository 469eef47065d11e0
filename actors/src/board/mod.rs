//! A tenant's live picture for its supervisors: soft state, snapshot and diffs.

mod note;
mod rows;
mod state;

pub use note::{BoardView, Note, Scope};
pub use state::Board;
