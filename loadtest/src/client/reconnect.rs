//! When a client comes back.

use std::time::Duration;

use crest_schema::limits::{RECONNECT_FIRST_MS, RECONNECT_LAST_MS};

/// Bounds of the random time before coming back, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reconnect {
    pub first_ms: u32,
    pub last_ms: u32,
}

impl Default for Reconnect {
    fn default() -> Self {
        Self {
            first_ms: RECONNECT_FIRST_MS,
            last_ms: RECONNECT_LAST_MS,
        }
    }
}

impl Reconnect {
    /// Full jitter: a random part (`share` of 0 to 1) of the bound of this attempt, from 0.
    pub fn pause(&self, attempt: u32, share: f64, retry_after_ms: Option<u32>) -> Duration {
        let bound = u64::from(self.first_ms) << attempt.min(16);
        let bound = bound.min(u64::from(self.last_ms)) as f64;
        let at_least = retry_after_ms.unwrap_or(0);
        Duration::from_millis(((bound * share) as u64).max(u64::from(at_least)))
    }
}
