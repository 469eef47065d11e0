//! Latencies and counts of a run, from all its people.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crest_schema::frame::Id;
use hdrhistogram::Histogram;
use serde::Serialize;

use crate::client::{Answer, Answered, Pending};

/// What is measured. Times of messages run from the moment they were meant to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Latency {
    /// A customer's message: intended sending to acknowledgement.
    Ack,
    /// The same from its actual sending.
    AckService,
    /// An agent's reply: intended sending to acknowledgement.
    AgentAck,
    /// A customer's message: intended sending to its agent's connection.
    Delivery,
    /// A customer's last message of a burst to the bot's answer, the bot's burst pause included.
    BotAnswer,
    /// Asking for a person to one having joined.
    QueueWait,
    /// From arrival to welcome.
    Connect,
    /// How late the harness itself was with arrivals and ticks.
    OwnLag,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    Arrived,
    Ended,
    GaveUp,
    /// Could not connect, or its connection was closed for good.
    Failed,
    Unfinished,
    CustomerMessages,
    AgentMessages,
    Joined,
    Rated,
    Offers,
    Whispers,
    Watched,
    Reconnects,
}

/// Longest time a histogram holds, in microseconds: a quarter of an hour.
const LONGEST_US: u64 = 15 * 60 * 1_000_000;

#[derive(Clone, Default)]
pub struct Meter {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    latencies: BTreeMap<Latency, Histogram<u64>>,
    counts: BTreeMap<Count, u64>,
    refusals: BTreeMap<String, u64>,
    /// Messages that an agent is to see, with when they were meant to be sent.
    under_way: HashMap<Id, Instant>,
}

/// A histogram's figures, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    pub count: u64,
    pub mean: f64,
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

impl Meter {
    pub fn record(&self, latency: Latency, took: Duration) {
        let us = (took.as_micros() as u64).clamp(1, LONGEST_US);
        let mut inner = self.lock();
        let histogram = inner.latencies.entry(latency).or_insert_with(|| {
            Histogram::new_with_bounds(1, LONGEST_US, 3).expect("these bounds are allowed")
        });
        histogram.saturating_record(us);
    }

    pub fn count(&self, count: Count) {
        *self.lock().counts.entry(count).or_default() += 1;
    }

    pub fn counted(&self, count: Count) -> u64 {
        self.lock().counts.get(&count).copied().unwrap_or(0)
    }

    /// This message should reach an agent.
    pub fn under_way(&self, id: Id, intended: Instant) {
        self.lock().under_way.insert(id, intended);
    }

    /// An agent was shown this message. The first showing counts.
    pub fn delivered(&self, id: Id, at: Instant) {
        let intended = self.lock().under_way.remove(&id);
        if let Some(intended) = intended {
            self.record(Latency::Delivery, at.saturating_duration_since(intended));
        }
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
        match (&answered.answer, latency) {
            (Answer::Refused(refused), _) => {
                let mut inner = self.lock();
                *inner.refusals.entry(refused.name.clone()).or_default() += 1;
            }
            (_, Some(latency)) => {
                let since = |from| answered.answered_at.saturating_duration_since(from);
                self.record(latency, since(intended));
                if latency == Latency::Ack {
                    self.record(Latency::AckService, since(answered.sent_at));
                }
            }
            (_, None) => {}
        }
    }

    pub fn figures(&self) -> BTreeMap<Latency, Figures> {
        let inner = self.lock();
        let all = inner.latencies.iter();
        all.map(|(latency, histogram)| (*latency, of(histogram)))
            .collect()
    }

    pub fn counts(&self) -> BTreeMap<Count, u64> {
        self.lock().counts.clone()
    }

    pub fn refusals(&self) -> BTreeMap<String, u64> {
        self.lock().refusals.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of(histogram: &Histogram<u64>) -> Figures {
    let ms = |us: u64| us as f64 / 1_000.0;
    let at = |share: f64| ms(histogram.value_at_quantile(share));
    Figures {
        count: histogram.len(),
        mean: histogram.mean() / 1_000.0,
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        p999: at(0.999),
        max: ms(histogram.max()),
    }
}
