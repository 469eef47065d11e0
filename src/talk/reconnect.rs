//! When to come back: full jitter, as the protocol asks.

use crest_schema::limits::{RECONNECT_FIRST_MS, RECONNECT_LAST_MS};

use super::limits::STEADY_MS;

/// Delays of one client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reconnect {
    attempt: u32,
    connected_at: Option<u64>,
}

impl Reconnect {
    /// The connection stands.
    pub fn connected(&mut self, now: u64) {
        self.connected_at = Some(now);
    }

    /// Milliseconds until the next attempt: `random` (0 to 1) of a bound that doubles, never less
    /// than the server asked for.
    pub fn lost(&mut self, now: u64, retry_after_ms: Option<u32>, random: f64) -> u64 {
        let lived = self.connected_at.take().map(|at| now.saturating_sub(at));
        if lived.is_some_and(|ms| ms >= STEADY_MS) {
            self.attempt = 0;
        }
        let bound = u64::from(RECONNECT_FIRST_MS)
            .saturating_mul(1 << self.attempt.min(16))
            .min(u64::from(RECONNECT_LAST_MS));
        self.attempt = self.attempt.saturating_add(1);
        let wait = (bound as f64 * random.clamp(0.0, 1.0)) as u64;
        wait.max(u64::from(retry_after_ms.unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_the_last_and_begins_anew_after_a_steady_minute() {
        let mut reconnect = Reconnect::default();
        let delays: Vec<u64> = (0..8).map(|_| reconnect.lost(0, None, 1.0)).collect();
        assert_eq!(
            delays,
            [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]
        );
        reconnect.connected(1_000);
        assert_eq!(reconnect.lost(60_999, None, 1.0), 30_000);
        reconnect.connected(100_000);
        assert_eq!(reconnect.lost(160_000, None, 1.0), 500);
    }

    #[test]
    fn the_server_s_pause_is_kept_and_chance_spreads_the_rest() {
        let mut reconnect = Reconnect::default();
        assert_eq!(reconnect.lost(0, Some(3_000), 0.5), 3_000);
        assert_eq!(reconnect.lost(0, Some(100), 0.5), 500);
        assert_eq!(reconnect.lost(0, None, 0.0), 0);
    }
}
