//! What waiting for a person was like, and whether the estimate was right.

use serde::{Deserialize, Serialize};

use super::measured::Wait;

/// An estimate is right within this many seconds, or within this share of the wait.
pub const RIGHT_S: f64 = 60.0;
pub const RIGHT_SHARE: f64 = 0.25;

/// Waits of one kind of customer, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Waits {
    pub served: u64,
    pub gave_up: u64,
    pub p50_s: f64,
    pub p95_s: f64,
    pub max_s: f64,
}

/// The first estimate told to each customer who was then served, against how long it took from then.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimates {
    pub told: u64,
    /// Within max(60 s, 25 % of the wait).
    pub right: u64,
    /// Of those whose wait was longer than the 60 s that excuse every estimate.
    pub told_long: u64,
    pub right_long: u64,
    /// (estimate, wait) in seconds, in no order.
    pub pairs_s: Vec<(f64, f64)>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Queueing {
    pub standard: Waits,
    pub vip: Waits,
    pub estimates: Estimates,
}

impl Queueing {
    pub fn of(waits: &[Wait]) -> Self {
        Self {
            standard: Waits::of(waits, |tier| tier == 0),
            vip: Waits::of(waits, |tier| tier > 0),
            estimates: Estimates::of(waits),
        }
    }
}

impl Waits {
    fn of(waits: &[Wait], tier: impl Fn(u8) -> bool) -> Self {
        let of_tier = || waits.iter().filter(|wait| tier(wait.tier));
        let mut served: Vec<f64> = of_tier()
            .filter(|wait| wait.served)
            .map(|wait| wait.waited_us as f64 / 1e6)
            .collect();
        served.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let rank = (share * served.len() as f64).ceil() as usize;
            served.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
        };
        Self {
            served: served.len() as u64,
            gave_up: of_tier().filter(|wait| !wait.served).count() as u64,
            p50_s: at(0.5),
            p95_s: at(0.95),
            max_s: at(1.0),
        }
    }
}

impl Estimates {
    fn of(waits: &[Wait]) -> Self {
        let mut found = Self::default();
        for wait in waits.iter().filter(|wait| wait.served) {
            let Some(estimate) = wait.estimate else {
                continue;
            };
            let until = wait.from_us + wait.waited_us;
            let rest_s = until.saturating_sub(estimate.at_us) as f64 / 1e6;
            let told_s = f64::from(estimate.minutes) * 60.0;
            let right = is_right(told_s, rest_s);
            found.told += 1;
            found.right += u64::from(right);
            if rest_s > RIGHT_S {
                found.told_long += 1;
                found.right_long += u64::from(right);
            }
            found.pairs_s.push((told_s, rest_s));
        }
        found
    }

    /// Share of estimates that were right, where there was any.
    pub fn right_share(&self) -> Option<f64> {
        (self.told > 0).then(|| self.right as f64 / self.told as f64)
    }
}

pub fn is_right(told_s: f64, waited_s: f64) -> bool {
    (told_s - waited_s).abs() <= RIGHT_S.max(RIGHT_SHARE * waited_s)
}

#[cfg(test)]
mod tests {
    use super::super::measured::Estimate;
    use super::*;

    fn wait(tier: u8, waited_s: u64, told: Option<u32>) -> Wait {
        Wait {
            tier,
            from_us: 5_000_000,
            waited_us: waited_s * 1_000_000,
            served: true,
            estimate: told.map(|minutes| Estimate {
                at_us: 6_000_000,
                minutes,
                position: 1,
            }),
        }
    }

    #[test]
    fn an_estimate_counts_from_the_moment_it_was_told() {
        // Told after a second: ten minutes; it took 481 s, hence 480 s from then: 120 s off, 25 %
        // of 480 s are 120 s.
        let right = Estimates::of(&[wait(0, 481, Some(10))]);
        assert_eq!((right.told, right.right, right.right_long), (1, 1, 1));
        let wrong = Estimates::of(&[wait(0, 480, Some(10))]);
        assert_eq!((wrong.told, wrong.right), (1, 0));
        assert_eq!(Estimates::of(&[wait(0, 480, None)]).right_share(), None);
    }

    #[test]
    fn tiers_wait_apart_and_those_who_gave_up_are_no_waits() {
        let mut waits: Vec<Wait> = (1..=20).map(|number| wait(0, number, None)).collect();
        waits.push(wait(3, 2, None));
        waits.push(Wait {
            served: false,
            ..wait(0, 500, None)
        });
        let queueing = Queueing::of(&waits);
        assert_eq!(queueing.standard.p95_s, 19.0);
        assert_eq!(
            (queueing.standard.gave_up, queueing.standard.max_s),
            (1, 20.0)
        );
        assert_eq!((queueing.vip.served, queueing.vip.p50_s), (1, 2.0));
    }
}
