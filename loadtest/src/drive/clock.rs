//! One clock for all processes of a run.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// Counts microseconds since the run began; the machine's monotonic clock underneath, so that every
/// process of the run counts the same.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    zero: Zero,
    /// This process's word for it.
    begun: Instant,
}

/// When the run began, to be handed to another process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zero {
    monotonic_ns: u64,
}

impl Clock {
    /// Begins so much later than now.
    pub fn begin_in(later: Duration) -> Self {
        Self::of(Zero {
            monotonic_ns: monotonic_ns() + later.as_nanos() as u64,
        })
    }

    pub fn of(zero: Zero) -> Self {
        let now = Instant::now();
        let ns = monotonic_ns();
        let begun = match zero.monotonic_ns.checked_sub(ns) {
            Some(ahead) => now + Duration::from_nanos(ahead),
            None => now - Duration::from_nanos(ns - zero.monotonic_ns),
        };
        Self { zero, begun }
    }

    pub fn zero(&self) -> Zero {
        self.zero
    }

    pub fn begun(&self) -> Instant {
        self.begun
    }

    /// 0 for what lies before the run.
    pub fn us(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.begun).as_micros() as u64
    }
}

fn monotonic_ns() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_clocks_of_one_zero_count_the_same() {
        let first = Clock::begin_in(Duration::ZERO);
        let second = Clock::of(first.zero());
        let at = Instant::now() + Duration::from_secs(3);
        assert!(first.us(at).abs_diff(second.us(at)) < 1_000);
        assert!(first.us(at) >= 3_000_000);
    }
}
