//! Gives an answer on a thread of the store's without letting the asker bring that thread down.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crest_actors::ports::Done;

/// Calls it; a panic in there is the asker's and ends here.
pub fn answer<T>(done: Done<T>, value: T) {
    if catch_unwind(AssertUnwindSafe(|| done(value))).is_err() {
        tracing::error!("an answer of the store was met with a panic");
    }
}
