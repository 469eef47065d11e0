//! The pen that all people of a process measure with.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crest_schema::frame::Id;

use super::clock::Clock;
use super::measured::{Count, Latency, Measured, Wait};
use crate::client::{Answer, Answered, Pending};

/// Clones write into the same sheet.
#[derive(Clone)]
pub struct Meter {
    inner: Arc<Mutex<Measured>>,
    clock: Clock,
    in_line: Arc<AtomicU64>,
    /// Index of the tenant whose people write with it.
    tenant: usize,
}

impl Meter {
    pub fn new(clock: Clock, lasting: Duration) -> Self {
        Self {
            inner: Arc::new(Mutex::new(Measured::lasting(lasting))),
            clock,
            in_line: Arc::default(),
            tenant: 0,
        }
    }

    /// The pen of this tenant's people, for the same sheet.
    pub fn of(&self, tenant: usize) -> Self {
        Self {
            tenant,
            ..self.clone()
        }
    }

    pub fn clock(&self) -> Clock {
        self.clock
    }

    pub fn record(&self, latency: Latency, took: Duration) {
        let mut inner = self.lock();
        inner.latencies.entry(latency).or_default().record(took);
    }

    pub fn count(&self, count: Count) {
        self.lock().count(self.tenant, count);
    }

    pub fn counted(&self, count: Count) -> u64 {
        self.lock().counts.get(&count).copied().unwrap_or(0)
    }

    pub fn arrives(&self, intended: Instant) {
        let mut inner = self.lock();
        inner.slice(self.clock.us(intended)).arrivals += 1;
        inner.count(self.tenant, Count::Arrived);
    }

    /// A customer's message is due now.
    pub fn offers(&self, intended: Instant) {
        let mut inner = self.lock();
        inner.slice(self.clock.us(intended)).offered += 1;
        inner.count(self.tenant, Count::CustomerMessages);
    }

    pub fn waited(&self, wait: Wait) {
        self.lock().waits.push(wait);
    }

    /// A customer begins to wait for a person.
    pub fn joins_line(&self) {
        self.in_line.fetch_add(1, Ordering::Relaxed);
    }

    /// It waits no more. The measured wait is told by [`Meter::waited`].
    pub fn leaves_line(&self) {
        self.in_line.fetch_sub(1, Ordering::Relaxed);
    }

    pub fn in_line(&self) -> u64 {
        self.in_line.load(Ordering::Relaxed)
    }

    /// So many customers are here now.
    pub fn here(&self, here: u64) {
        let now = self.clock.us(Instant::now());
        let waiting = self.in_line();
        let mut inner = self.lock();
        let slice = inner.slice(now);
        slice.here = slice.here.max(here);
        slice.waiting = slice.waiting.max(waiting);
    }

    /// This message should reach an agent.
    pub fn under_way(&self, id: Id, intended: Instant) {
        let intended = self.clock.us(intended);
        self.lock().said_us.insert(id, intended);
    }

    /// An agent was shown this message.
    pub fn shown(&self, id: Id, at: Instant) {
        let at = self.clock.us(at);
        self.lock().shown(id, at);
    }

    /// Measures an answer when it comes; refusals are counted by name.
    pub fn watch(&self, pending: Pending, intended: Instant, latency: Option<Latency>) {
        let meter = self.clone();
        tokio::spawn(async move {
            if let Ok(answered) = pending.await {
                meter.answered(&answered, intended, latency);
            }
        });
    }

    pub fn answered(&self, answered: &Answered, intended: Instant, latency: Option<Latency>) {
        let mut inner = self.lock();
        match (&answered.answer, latency) {
            (Answer::Refused(refused), _) => {
                *inner.refusals.entry(refused.name.clone()).or_default() += 1;
            }
            (_, Some(latency)) => {
                let since = |from| answered.answered_at.saturating_duration_since(from);
                let took = since(intended);
                inner.latencies.entry(latency).or_default().record(took);
                if matches!(latency, Latency::Ack | Latency::AckTroubled) {
                    inner.slice(self.clock.us(answered.answered_at)).achieved += 1;
                    inner.slice(self.clock.us(intended)).answered += 1;
                }
                if latency == Latency::Ack {
                    inner.slice(self.clock.us(intended)).ack.record(took);
                    inner.tenant(self.tenant).ack.record(took);
                    let service = inner.latencies.entry(Latency::AckService).or_default();
                    service.record(since(answered.sent_at));
                }
            }
            (_, None) => {}
        }
    }

    /// Looks at what was measured so far.
    pub fn look<T>(&self, at: impl FnOnce(&Measured) -> T) -> T {
        at(&self.lock())
    }

    /// Everything measured; the meter begins anew.
    pub fn take(&self) -> Measured {
        let mut inner = self.lock();
        let slice_us = inner.slice_us;
        let anew = Measured {
            slice_us,
            ..Measured::default()
        };
        std::mem::replace(&mut *inner, anew)
    }

    fn lock(&self) -> MutexGuard<'_, Measured> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
