//! When conversations begin.

use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;

use super::toml::{Arrivals, Pace};

/// Every arrival of a run, from its start, in order: fixed before the first of them happens, so that
/// a slow server cannot slow its own load down.
pub fn arrivals(arrivals: &Arrivals, lasting: Duration, rng: &mut StdRng) -> Vec<Duration> {
    let mean_s = 1.0 / arrivals.per_s;
    let mut at_s = 0.0;
    let mut all = Vec::new();
    loop {
        at_s += match arrivals.pace {
            Pace::Constant => mean_s,
            Pace::Poisson => -mean_s * (1.0 - rng.random_range(0.0..1.0_f64)).ln(),
        };
        if at_s >= lasting.as_secs_f64() {
            return all;
        }
        all.push(Duration::from_secs_f64(at_s));
    }
}
