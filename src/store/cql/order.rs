//! Answers in the order of asking, for each thread that asks.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::thread::{ThreadId, current};

use tokio::sync::oneshot::{self, Receiver, Sender};

/// Threads remembered before those whose answers are all given are forgotten.
const THREADS_KEPT: usize = 256;

/// The newest batch of each submitting thread.
#[derive(Default)]
pub struct Order(Mutex<HashMap<ThreadId, Receiver<()>>>);

/// A batch's place among those of its thread.
pub struct Turn {
    before: Option<Receiver<()>>,
    /// Dropping it lets the next one go.
    _after: Sender<()>,
}

impl Order {
    /// The place after all that this thread has taken before.
    pub fn turn(&self) -> Turn {
        let (after, ended) = oneshot::channel();
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = newest.insert(current().id(), ended);
        if newest.len() > THREADS_KEPT {
            newest.retain(|_, ended| {
                matches!(ended.try_recv(), Err(oneshot::error::TryRecvError::Empty))
            });
        }
        Turn {
            before,
            _after: after,
        }
    }
}

impl Turn {
    /// Comes when every earlier turn of the thread has been dropped.
    pub async fn come(&mut self) {
        if let Some(before) = self.before.take() {
            // Its sender is dropped, never used.
            let _ = before.await;
        }
    }
}
