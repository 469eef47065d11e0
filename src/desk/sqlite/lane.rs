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

#[cfg(test)]
mod tests {
    use super::*;

    fn lane() -> Lane {
        Lane::start("desk-test", Connection::open_in_memory().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_panicking_job_is_lost_alone() {
        let lane = lane();
        let panicked = lane.run::<()>(|_| panic!("a defect")).await;
        assert!(matches!(
            panicked,
            Err(DeskError::Failed(DeskFailure::Lost))
        ));
        assert_eq!(lane.run(|_| Ok(7)).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn a_full_lane_says_so_at_once_and_loses_nothing_it_took() {
        let lane = lane();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let (begun, started) = std::sync::mpsc::channel();
        let blocking = lane.run(move |_| {
            begun.send(()).unwrap();
            Ok(wait.recv().is_ok())
        });
        started.recv().unwrap();
        let taken: Vec<_> = (0..limits::LANE_JOBS)
            .map(|number| lane.run(move |_| Ok(number)))
            .collect();
        let refused = lane.run(|_| Ok(())).await;
        assert!(matches!(refused, Err(DeskError::Failed(DeskFailure::Busy))));
        go.send(()).unwrap();
        assert!(blocking.await.unwrap());
        for (number, reply) in taken.into_iter().enumerate() {
            assert_eq!(reply.await.unwrap(), number);
        }
    }

    #[tokio::test]
    async fn dropping_the_lane_finishes_what_it_took() {
        let lane = lane();
        let reply = lane.run(|_| Ok(1));
        drop(lane);
        assert_eq!(reply.await.unwrap(), 1);
    }
}
