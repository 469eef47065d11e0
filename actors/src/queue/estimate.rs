//! How long somebody will wait: W = (n⁺ + 1) / max(μ − λ⁺, 0.1 μ).
//!
//! n⁺ are ahead now. μ, the drain, is half what was assigned per second while somebody waited (of the
//! last 120 s) and half what the agents present can take (slots / mean handling time), plus those
//! ahead who give up. λ⁺ are the arrivals that will outrank the one who asks. An arrival with head
//! start b does so only until b has passed since our own place in time, so of each kind those of the
//! time from now until then count, or until we are served if that is sooner. As many are expected in
//! any time ahead as came in the same time back: a peak that has just begun is not taken to last for
//! ever, nor an old one to end now. λ⁺ depends on W, which a few rounds of repetition find.

use super::rates::{Observed, SPAN_S, SPANS, WINDOW_S};

/// A drain below one in an hour is none: a number would be a guess.
const DRAIN_MIN_PER_S: f64 = 1.0 / 3_600.0;
/// Assignments expected in the window from which on half of the drain is what was observed.
const FULL_EVIDENCE: f64 = 10.0;
const ROUNDS: usize = 5;

/// What the roster can do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Desks {
    /// Conversations all agents present can hold together.
    pub slots: f64,
    pub handling_ms: u64,
}

/// Flow of a queue at one moment, from which any place's wait follows in constant time.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    drain_per_s: f64,
    /// Chance of somebody waiting to give up within a second.
    give_up_per_s: f64,
    /// As in [`Observed`].
    arrivals: Vec<(f64, [f32; SPANS])>,
}

impl Flow {
    pub fn of(observed: Observed, desks: Desks) -> Self {
        let by_desks = desks.slots * 1_000.0 / (desks.handling_ms.max(1) as f64);
        // In seconds when nobody waited the drain could not be seen: there the desks stand in. So the
        // first minute of a peak, when many conversations began together and few end, counts little.
        let unseen_s = WINDOW_S.saturating_sub(u64::from(observed.pressed_s)) as f64;
        let drained = f64::from(observed.drained) + by_desks * unseen_s;
        let by_assignments = drained / WINDOW_S as f64;
        // Three assignments in two minutes say little about a small group.
        let expected = f64::from(observed.drained).max(by_desks * WINDOW_S as f64);
        let weight = 0.5 * (expected / FULL_EVIDENCE).min(1.0);
        Self {
            drain_per_s: weight * by_assignments + (1.0 - weight) * by_desks,
            give_up_per_s: f64::from(observed.abandoned) / (observed.waiting_s.max(1) as f64),
            arrivals: observed.arrivals,
        }
    }

    /// Seconds until somebody with `ahead` before it is served; `None` where nothing drains.
    /// `head_start_ms`: how far it is ahead of a newcomer without boost.
    pub fn wait_s(&self, ahead: usize, head_start_ms: i64) -> Option<f64> {
        if self.drain_per_s < DRAIN_MIN_PER_S {
            return None;
        }
        let ahead = ahead as f64;
        // On average over the wait half of those ahead are still there to give up.
        let drain = self.drain_per_s + self.give_up_per_s * ahead / 2.0;
        let mut wait_s = (ahead + 1.0) / drain;
        for _ in 0..ROUNDS {
            let outranked_per_s = self.outranked_by(head_start_ms, wait_s) / wait_s;
            wait_s = (ahead + 1.0) / (drain - outranked_per_s).max(0.1 * drain);
        }
        Some(wait_s)
    }

    /// The same as customers are told it: minutes, rounded up.
    pub fn wait_minutes(&self, ahead: usize, head_start_ms: i64) -> Option<u32> {
        let wait_s = self.wait_s(ahead, head_start_ms)?;
        Some((wait_s / 60.0).ceil().clamp(1.0, f64::from(u32::MAX)) as u32)
    }

    /// How many will come within the wait and be listed ahead.
    fn outranked_by(&self, head_start_ms: i64, wait_s: f64) -> f64 {
        let own_s = head_start_ms as f64 / 1_000.0;
        let mut outranked_by = 0.0;
        for (head_start_s, came) in &self.arrivals {
            let for_s = (head_start_s - own_s).min(wait_s);
            if for_s > 0.0 {
                outranked_by += came_within(came, for_s);
            }
        }
        outranked_by
    }
}

/// Arrivals of so many seconds back, at most as far as they are remembered.
fn came_within(came: &[f32; SPANS], for_s: f64) -> f64 {
    let spans = for_s / SPAN_S as f64;
    if spans >= SPANS as f64 {
        return f64::from(came[SPANS - 1]) * spans / SPANS as f64;
    }
    let whole = spans as usize;
    let upper = f64::from(came[whole]);
    let lower = if whole == 0 {
        0.0
    } else {
        f64::from(came[whole - 1])
    };
    lower + (upper - lower) * (spans - whole as f64)
}

#[cfg(test)]
#[path = "estimate_tests.rs"]
mod tests;
