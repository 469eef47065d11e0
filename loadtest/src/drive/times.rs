//! A histogram of times that travels between processes.

use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer as Reader, Serializer as _, V2Serializer};
use serde::de::Visitor;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest time held, in microseconds: an hour. Longer ones count as this.
const LONGEST_US: u64 = 60 * 60 * 1_000_000;

/// Times in microseconds, merged without loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Times(Histogram<u64>);

/// A histogram's figures, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    pub count: u64,
    pub mean: f64,
    pub p50: f64,
    pub p90: f64,
    pub p95: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

impl Default for Times {
    /// Exact to a thousandth.
    fn default() -> Self {
        Self::exact_to(3)
    }
}

impl Times {
    /// Exact to a hundredth: for the many slices of a run.
    pub fn coarse() -> Self {
        Self::exact_to(2)
    }

    fn exact_to(digits: u8) -> Self {
        let mut histogram = Histogram::new(digits).expect("up to five digits are allowed");
        histogram.auto(true);
        Self(histogram)
    }

    pub fn record(&mut self, took: Duration) {
        let us = (took.as_micros() as u64).clamp(1, LONGEST_US);
        self.0
            .record(us)
            .expect("a histogram that grows takes every time");
    }

    pub fn merge(&mut self, other: &Self) {
        self.0
            .add(&other.0)
            .expect("a histogram that grows takes every time");
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The time within which this share lies, in milliseconds.
    pub fn ms_at(&self, share: f64) -> f64 {
        self.0.value_at_quantile(share) as f64 / 1_000.0
    }

    pub fn histogram(&self) -> &Histogram<u64> {
        &self.0
    }

    pub fn figures(&self) -> Figures {
        Figures {
            count: self.0.len(),
            mean: self.0.mean() / 1_000.0,
            p50: self.ms_at(0.5),
            p90: self.ms_at(0.9),
            p95: self.ms_at(0.95),
            p99: self.ms_at(0.99),
            p999: self.ms_at(0.999),
            max: self.0.max() as f64 / 1_000.0,
        }
    }
}

impl Serialize for Times {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::new();
        V2Serializer::new()
            .serialize(&self.0, &mut bytes)
            .map_err(|error| S::Error::custom(format!("{error:?}")))?;
        serializer.serialize_bytes(&bytes)
    }
}

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(Bytes)
    }
}

struct Bytes;

impl Visitor<'_> for Bytes {
    type Value = Times;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes of a histogram")
    }

    fn visit_bytes<E: serde::de::Error>(self, mut bytes: &[u8]) -> Result<Times, E> {
        let mut histogram = Reader::new()
            .deserialize(&mut bytes)
            .map_err(|error| E::custom(format!("{error:?}")))?;
        histogram.auto(true);
        Ok(Times(histogram))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_travelled_and_was_merged_has_the_same_percentiles() {
        let mut whole = Times::default();
        let mut parts = [Times::default(), Times::default()];
        for number in 1..=10_000_u64 {
            let took = Duration::from_micros(number * 100);
            whole.record(took);
            parts[(number % 2) as usize].record(took);
        }
        let bytes = rmp_serde::to_vec(&parts).expect("writable");
        let [mut first, second]: [Times; 2] = rmp_serde::from_slice(&bytes).expect("readable");
        first.merge(&second);
        assert_eq!(first.figures(), whole.figures());
        assert!((whole.figures().p99 - 990.0).abs() < 1.0);
    }
}
