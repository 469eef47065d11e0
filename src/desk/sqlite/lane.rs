//! A thread with a connection of its own, fed by a bounded lane.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{self, JoinHandle};

use crossbeam::channel::{self, Sender, TrySendError};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::desk::failure::{DeskError, DeskFailure};
use crate::desk::limits;
use crate::desk::port::Reply;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

pub(super) struct Lane {
    /// `None` only while dropping: closing the lane is what ends the thread.
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Lane {
    pub(super) fn start(name: &str, mut connection: Connection) -> std::io::Result<Self> {
        let (jobs, intake) = channel::bounded::<Job>(limits::LANE_JOBS);
        let work = move || {
            for job in intake {
                // A defect in one job must not take the desk from everybody: its transaction rolls
                // back as it unwinds, and whoever asked is told `Lost`.
                if catch_unwind(AssertUnwindSafe(|| job(&mut connection))).is_err() {
                    tracing::error!("a job of the desk panicked");
                }
            }
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(work)?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Puts a job into the lane now, whether or not the reply is ever awaited.
    pub(super) fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T, DeskError> + Send + 'static,
    ) -> Reply<T> {
        let (answer, reply) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // Nobody waiting any more is no reason not to do it.
            let _ = answer.send(job(connection));
        });
        let sent = self.jobs.as_ref().expect("set until drop").try_send(job);
        Box::pin(async move {
            match sent {
                Ok(()) => reply.await.unwrap_or(Err(DeskFailure::Lost.into())),
                Err(TrySendError::Full(_)) => Err(DeskFailure::Busy.into()),
                Err(TrySendError::Disconnected(_)) => Err(DeskFailure::Lost.into()),
            }
        })
    }
}

impl Drop for Lane {
    /// Finishes what was accepted.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic in the thread itself was already reported by the runtime.
            let _ = thread.join();
        }
    }
}
