//! Requests until their outcome is known.
//!
//! A request that timed out or lost its connection may have been carried out. Reads ask again;
//! writes write the identical row again, which changes nothing where the first one arrived. Only
//! when that does not succeed in time is the outcome left open and the log given up.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};

use crest_actors::ports::StoreFailure;
use metrics::counter;
use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout_at};

use super::limits::{AGAIN_FIRST, AGAIN_MOST, GIVE_UP, IN_FLIGHT};

/// Lets so many requests at the server at once, and repeats what did not come through.
pub struct Gate {
    requests: Semaphore,
    /// Another process has the keyspace: nothing is asked any more.
    shut: AtomicBool,
    /// The newest request was given up.
    silent: AtomicBool,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            requests: Semaphore::new(IN_FLIGHT),
            shut: AtomicBool::new(false),
            silent: AtomicBool::new(false),
        }
    }
}

impl Gate {
    /// Repeats `attempt`, which must be harmless to repeat, until it succeeds or its time is up.
    pub async fn settle<T, F>(&self, mut attempt: impl FnMut() -> F) -> Result<T, StoreFailure>
    where
        F: Future<Output = Result<T, ExecutionError>>,
    {
        let begun = Instant::now();
        let mut pause = AGAIN_FIRST;
        loop {
            self.is_open()?;
            let failed = {
                let place = timeout_at(begun + GIVE_UP, self.requests.acquire()).await;
                let Ok(_place) = place else {
                    return Err(self.give_up("too many requests wait for the CQL server"));
                };
                match attempt().await {
                    Ok(answer) => {
                        self.heard(true);
                        return Ok(answer);
                    }
                    Err(error) => error,
                }
            };
            let late = begun.elapsed() + pause >= GIVE_UP;
            if late || is_final(&failed) {
                return Err(self.give_up(&format!("CQL: {failed}")));
            }
            counter!("crest_store_cql_again_total").increment(1);
            tracing::debug!(%failed, "a request to the CQL server is made again");
            sleep(pause).await;
            pause = (pause * 2).min(AGAIN_MOST);
        }
    }

    fn give_up(&self, why: &str) -> StoreFailure {
        counter!("crest_store_cql_given_up_total").increment(1);
        self.heard(false);
        StoreFailure::Unavailable(why.to_owned())
    }

    /// Notes whether the server answers.
    pub fn heard(&self, answered: bool) {
        // Rarely changed: mostly a read, so that nobody waits for the other's cache line.
        if self.silent.load(Ordering::Relaxed) == answered {
            self.silent.store(!answered, Ordering::Relaxed);
        }
    }

    /// Did the server answer last, and does this process serve the keyspace?
    pub fn answers(&self) -> bool {
        !self.silent.load(Ordering::Relaxed) && self.is_open().is_ok()
    }

    /// From now on everything is refused.
    pub fn shut(&self) {
        self.shut.store(true, Ordering::Release);
    }

    /// `Err`: this process no longer serves the keyspace.
    pub fn is_open(&self) -> Result<(), StoreFailure> {
        if self.shut.load(Ordering::Acquire) {
            return Err(StoreFailure::Unavailable(
                "another process serves this keyspace now".to_owned(),
            ));
        }
        Ok(())
    }
}

/// The server or the driver says no to the request itself: the same request fails again.
fn is_final(error: &ExecutionError) -> bool {
    match error {
        ExecutionError::BadQuery(_) => true,
        ExecutionError::LastAttemptError(RequestAttemptError::DbError(refused, _)) => matches!(
            refused,
            DbError::SyntaxError
                | DbError::Invalid
                | DbError::Unauthorized
                | DbError::AuthenticationError
                | DbError::ConfigError
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use super::*;

    const TIMED_OUT: ExecutionError = ExecutionError::RequestTimeout(Duration::from_secs(2));

    #[tokio::test(start_paused = true)]
    async fn an_ambiguous_request_is_made_again_until_it_is_known() {
        let gate = Gate::default();
        let attempts = Cell::new(0);
        let outcome = gate.settle(|| async {
            attempts.set(attempts.get() + 1);
            if attempts.get() < 4 {
                Err(TIMED_OUT)
            } else {
                Ok(7)
            }
        });
        assert_eq!(outcome.await, Ok(7));
        assert_eq!(attempts.get(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_given_up_in_time() {
        let gate = Gate::default();
        let begun = Instant::now();
        let outcome = gate.settle(|| async {
            sleep(Duration::from_secs(2)).await;
            Err::<(), _>(TIMED_OUT)
        });
        assert!(matches!(outcome.await, Err(StoreFailure::Unavailable(_))));
        let took = begun.elapsed();
        assert!(
            GIVE_UP <= took && took < GIVE_UP + Duration::from_secs(2),
            "{took:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_behind_a_hanging_server_is_given_up_in_time_too() {
        let gate = Gate::default();
        let hang = || async {
            sleep(Duration::from_secs(2)).await;
            Err::<(), _>(TIMED_OUT)
        };
        let begun = Instant::now();
        let requests = (0..20 * IN_FLIGHT).map(|_| gate.settle(hang));
        for outcome in futures_util::future::join_all(requests).await {
            assert!(matches!(outcome, Err(StoreFailure::Unavailable(_))));
        }
        assert!(begun.elapsed() < GIVE_UP + Duration::from_secs(3));
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_server_will_never_take_is_not_made_again() {
        let gate = Gate::default();
        let attempts = Cell::new(0);
        let refused = RequestAttemptError::DbError(DbError::Unauthorized, String::new());
        let outcome = gate.settle(|| {
            attempts.set(attempts.get() + 1);
            std::future::ready(Err::<(), _>(ExecutionError::LastAttemptError(
                refused.clone(),
            )))
        });
        assert!(outcome.await.is_err());
        assert_eq!(attempts.get(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_shut_gate_asks_nothing() {
        let gate = Gate::default();
        gate.shut();
        let outcome = gate.settle(|| async { Ok::<_, ExecutionError>(()) });
        assert!(matches!(outcome.await, Err(StoreFailure::Unavailable(_))));
    }
}
