//! How long somebody will wait: W = (n⁺ + 1) / max(μ − λ⁺, 0.1 μ).
//!
//! n⁺ are ahead now. μ, the drain, is half what was assigned per second while somebody waited (of the
//! last 120 s) and half what the agents present can take (slots / mean handling time), plus those
//! ahead who give up. λ⁺ are the arrivals that will outrank the one who asks: an arrival with head
//! start b does so only until b has passed since our own place in time, so each kind counts for
//! that share of the wait only, which is found by a few rounds of repetition.

use super::rates::{Observed, STEP_MS, STEPS};

/// A drain below one in an hour is none: a number would be a guess.
const DRAIN_MIN_PER_S: f64 = 1.0 / 3_600.0;
/// Assignments expected in the window from which on half of the drain is what was observed.
const FULL_EVIDENCE: f64 = 10.0;
/// The share of an arrival kind in the wait depends on the wait; it settles in a few rounds.
const ROUNDS: usize = 6;

/// What the roster can do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Desks {
    /// Conversations all agents present can hold together.
    pub slots: f64,
    pub handling_ms: u64,
}

/// Flow of a queue at one moment, from which any place's wait follows in constant time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flow {
    drain_per_s: f64,
    /// Chance of somebody waiting to give up within a second.
    give_up_per_s: f64,
    arrivals_per_s: [f64; STEPS],
}

impl Flow {
    pub fn of(observed: &Observed, desks: Desks) -> Self {
        let by_desks = desks.slots * 1_000.0 / (desks.handling_ms.max(1) as f64);
        let pressed_s = f64::from(observed.pressed_s);
        // A share by evidence: three assignments in two minutes say little about a small group's drain.
        let expected = (by_desks * pressed_s).max(f64::from(observed.drained));
        let weight = 0.5 * (expected / FULL_EVIDENCE).min(1.0);
        let by_assignments = if pressed_s > 0.0 {
            f64::from(observed.drained) / pressed_s
        } else {
            by_desks
        };
        let seconds = f64::from(observed.arrivals_s.max(1));
        Self {
            drain_per_s: weight * by_assignments + (1.0 - weight) * by_desks,
            give_up_per_s: f64::from(observed.abandoned) / (observed.waiting_s.max(1) as f64),
            arrivals_per_s: observed.arrivals.map(|count| f64::from(count) / seconds),
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
            let outranked = self.outranked_per_s(head_start_ms, wait_s);
            wait_s = (ahead + 1.0) / (drain - outranked).max(0.1 * drain);
        }
        Some(wait_s)
    }

    /// The same as customers are told it: minutes, rounded up.
    pub fn wait_minutes(&self, ahead: usize, head_start_ms: i64) -> Option<u32> {
        let wait_s = self.wait_s(ahead, head_start_ms)?;
        Some((wait_s / 60.0).ceil().clamp(1.0, f64::from(u32::MAX)) as u32)
    }

    fn outranked_per_s(&self, head_start_ms: i64, wait_s: f64) -> f64 {
        let steps = self.arrivals_per_s.iter().enumerate();
        steps
            .map(|(step, per_s)| {
                let ahead_ms = (step as u64 * STEP_MS) as f64 - head_start_ms as f64;
                per_s * (ahead_ms / 1_000.0 / wait_s).clamp(0.0, 1.0)
            })
            .sum()
    }
}
