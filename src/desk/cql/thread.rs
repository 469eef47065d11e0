//! The desk's own thread: what was asked goes on there, whether or not anybody waits for the answer.

use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, TryAcquireError, oneshot};
use tokio::time::timeout;

use crate::desk::failure::{DeskError, DeskFailure};
use crate::desk::limits::LANE_JOBS;
use crate::desk::port::Reply;
use crate::store::cql::{CqlFailure, GIVE_UP};

pub struct DeskThread {
    handle: Handle,
    jobs: Arc<Semaphore>,
    /// `None` only while dropping.
    running: Option<(JoinHandle<()>, oneshot::Sender<()>)>,
}

impl DeskThread {
    /// Starts the thread and what `begin` makes there. Blocks until it is made.
    pub fn start<T, F>(begin: impl FnOnce() -> F + Send + 'static) -> Result<(Self, T), DeskFailure>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, DeskFailure>>,
    {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let jobs = Arc::new(Semaphore::new(LANE_JOBS));
        let (told, begun) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let all = jobs.clone();
        let thread = std::thread::Builder::new()
            .name("desk-cql".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    // Whoever starts it waits below.
                    let _ = told.send(begin().await);
                    let _ = stopped.await;
                    // What was accepted is finished, unless the server hangs.
                    let _ = timeout(GIVE_UP, all.acquire_many(LANE_JOBS as u32)).await;
                });
                runtime.shutdown_background();
            })?;
        let made = begun.recv().map_err(|_| DeskFailure::Lost)??;
        let running = Some((thread, stop));
        Ok((
            Self {
                handle,
                jobs,
                running,
            },
            made,
        ))
    }

    /// Begins the job now, whether or not the reply is ever awaited.
    pub fn run<T: Send + 'static>(
        &self,
        job: impl Future<Output = Result<T, DeskError>> + Send + 'static,
    ) -> Reply<T> {
        let place = match self.jobs.clone().try_acquire_owned() {
            Ok(place) => place,
            Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => {
                return Box::pin(std::future::ready(Err(DeskFailure::Busy.into())));
            }
        };
        let answer = self.handle.spawn(async move {
            let answer = job.await;
            drop(place);
            answer
        });
        // A panic in one job is the loss of that job alone.
        Box::pin(async move { answer.await.unwrap_or(Err(DeskFailure::Lost.into())) })
    }
}

impl Drop for DeskThread {
    fn drop(&mut self) {
        let Some((thread, stop)) = self.running.take() else {
            return;
        };
        drop(stop);
        // The last owner may be a job's own future, dropped on this very thread.
        if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
            tracing::error!("the desk's thread panicked");
        }
    }
}

impl From<CqlFailure> for DeskError {
    fn from(failure: CqlFailure) -> Self {
        DeskError::Failed(failure.into())
    }
}
