//! Collects observations while clients talk.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::log::Transcript;
use super::seen::{Client, History, Observation, Seen, Side};

/// Shared by every client of a run; clones record into the same history.
#[derive(Clone, Default)]
pub struct Recorder {
    history: Arc<Mutex<History>>,
}

/// One client's pen.
#[derive(Clone)]
pub struct Witness {
    recorder: Recorder,
    client: usize,
}

impl Recorder {
    /// A further client of the run.
    pub fn client(&self, name: impl Into<String>, side: Side) -> Witness {
        let mut history = self.lock();
        let client = history.clients.len();
        history.clients.push(Client {
            name: name.into(),
            side,
        });
        Witness {
            recorder: self.clone(),
            client,
        }
    }

    pub fn transcript(&self, transcript: Transcript) {
        self.lock().transcripts.push(transcript);
    }

    /// Everything recorded so far; the recorder begins anew.
    pub fn take(&self) -> History {
        std::mem::take(&mut *self.lock())
    }

    /// Looks at everything recorded so far.
    pub fn look<T>(&self, at: impl FnOnce(&History) -> T) -> T {
        at(&self.lock())
    }

    /// Adds what another process of the run recorded.
    pub fn absorb(&self, other: History) {
        let mut history = self.lock();
        let offset = history.clients.len();
        history.clients.extend(other.clients);
        let observations = other.observations.into_iter().map(|mut it| {
            it.client += offset;
            it
        });
        history.observations.extend(observations);
        history.transcripts.extend(other.transcripts);
    }

    fn lock(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Witness {
    pub fn saw(&self, connection: u32, seen: Seen) {
        self.recorder.lock().observations.push(Observation {
            client: self.client,
            connection,
            seen,
        });
    }
}
