//! Many tenants, unevenly busy: the k-th has a weight of 1 / k^skew, as Zipf found of words.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

/// How many tenants a run has, and how unevenly its people are spread over them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tenants {
    /// As many as `crest seed` makes, at most.
    pub count: u32,
    /// Zipf's exponent: 0 makes all equal; at 1 the first is twice as busy as the second.
    pub skew: f64,
}

impl Default for Tenants {
    fn default() -> Self {
        Self {
            count: 1,
            skew: 1.0,
        }
    }
}

impl Tenants {
    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        if !(1..=200).contains(&self.count) {
            wrong.push("tenants.count must be 1 to 200".to_owned());
        }
        if !(0.0..=5.0).contains(&self.skew) {
            wrong.push("tenants.skew must lie within 0 and 5".to_owned());
        }
    }

    /// What each of them is called: the first as the scenario says, the others `demo-2`, `demo-3`, …
    pub fn names(&self, first: &str) -> Vec<String> {
        let name = |number| match number {
            1 => first.to_owned(),
            number => format!("{first}-{number}"),
        };
        (1..=self.count).map(name).collect()
    }

    /// Each one's share of the arrivals, falling, 1 in all.
    pub fn shares(&self) -> Vec<f64> {
        let weights = (1..=self.count).map(|rank| f64::from(rank).powf(-self.skew));
        let weights: Vec<f64> = weights.collect();
        let all: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / all).collect()
    }

    /// Spreads people: one each, from the busiest on, as long as there are any; those beyond by share,
    /// to a whole person each and what is left over to the largest remainders.
    pub fn spread(&self, people: usize) -> Vec<usize> {
        let count = self.count as usize;
        let mut spread: Vec<usize> = (0..count)
            .map(|index| usize::from(index < people))
            .collect();
        let beyond = people.saturating_sub(count);
        let due: Vec<f64> = self
            .shares()
            .iter()
            .map(|share| share * beyond as f64)
            .collect();
        let mut left = beyond;
        for (here, due) in spread.iter_mut().zip(&due) {
            let whole = (due.floor() as usize).min(left);
            *here += whole;
            left -= whole;
        }
        let mut by_remainder: Vec<usize> = (0..count).collect();
        // Stable: of equal remainders the busier one is first.
        by_remainder.sort_by(|a, b| due[*b].fract().total_cmp(&due[*a].fract()));
        for index in by_remainder.into_iter().take(left) {
            spread[index] += 1;
        }
        spread
    }
}

/// Chooses each arrival's tenant.
#[derive(Clone, Debug)]
pub struct Choice {
    seed: u64,
    /// Sums of shares: a tenant takes what lies below its own and not below the one before.
    below: Vec<f64>,
}

impl Choice {
    pub fn new(tenants: &Tenants, seed: u64) -> Self {
        let mut sum = 0.0;
        let shares = tenants.shares().into_iter();
        let below = shares.map(|share| {
            sum += share;
            sum
        });
        Self {
            seed,
            below: below.collect(),
        }
    }

    /// Index of the tenant of the run's arrival of this number: the same for everybody who asks with
    /// this seed, whichever arrivals it asked for before.
    pub fn of(&self, arrival: u64) -> usize {
        let mut rng = StdRng::seed_from_u64(self.seed ^ (4 << 32) ^ arrival);
        let at: f64 = rng.random_range(0.0..1.0);
        let index = self.below.partition_point(|below| *below <= at);
        // The sum of all shares may fall short of 1 by a rounding.
        index.min(self.below.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: Tenants = Tenants {
        count: 20,
        skew: 1.1,
    };

    #[test]
    fn arrivals_have_the_shares_of_zipf() {
        let choice = Choice::new(&MANY, 7);
        let mut found = [0_u32; 20];
        for arrival in 0..50_000 {
            found[choice.of(arrival)] += 1;
        }
        // 1 / k^1.1, divided by the sum of all twenty, 3.1915.
        for (index, expected) in [
            (0, 0.3133),
            (1, 0.1462),
            (2, 0.0936),
            (9, 0.0249),
            (19, 0.0116),
        ] {
            let share = f64::from(found[index]) / 50_000.0;
            // Five standard deviations of a share of 50,000.
            let tolerance = 5.0 * (expected * (1.0_f64 - expected) / 50_000.0).sqrt();
            assert!(
                (share - expected).abs() < tolerance,
                "{index}: {share}, not {expected}"
            );
        }
        assert!(found.iter().all(|count| *count > 0));
    }

    #[test]
    fn the_choice_is_of_seed_and_number_alone() {
        let (here, there) = (Choice::new(&MANY, 3), Choice::new(&MANY, 3));
        let forwards: Vec<usize> = (0..500).map(|number| here.of(number)).collect();
        let mut backwards: Vec<usize> = (0..500).rev().map(|number| there.of(number)).collect();
        backwards.reverse();
        assert_eq!(forwards, backwards);
        let other = Choice::new(&MANY, 4);
        assert_ne!(
            forwards,
            (0..500).map(|number| other.of(number)).collect::<Vec<_>>()
        );
    }

    #[test]
    fn one_tenant_takes_everybody() {
        let one = Tenants::default();
        let choice = Choice::new(&one, 1);
        assert!((0..1_000).all(|number| choice.of(number) == 0));
        assert_eq!(one.spread(15), [15]);
        assert_eq!(one.names("demo"), ["demo"]);
    }

    #[test]
    fn without_skew_all_are_equal() {
        let even = Tenants {
            count: 4,
            skew: 0.0,
        };
        assert_eq!(even.shares(), [0.25; 4]);
        assert_eq!(even.spread(10), [3, 3, 2, 2]);
    }

    #[test]
    fn every_tenant_has_somebody_and_the_rest_follow_the_weight() {
        let spread = MANY.spread(60);
        assert_eq!(spread.iter().sum::<usize>(), 60);
        assert!(spread.iter().all(|people| *people >= 1));
        assert!(
            spread.is_sorted_by(|busier, next| busier >= next),
            "{spread:?}"
        );
        for (people, share) in spread.iter().zip(MANY.shares()) {
            let due = 1.0 + share * 40.0;
            assert!((*people as f64 - due).abs() < 1.0, "{people}, not {due}");
        }
    }

    #[test]
    fn where_there_are_too_few_the_busiest_have_them() {
        let three = Tenants {
            count: 3,
            skew: 1.0,
        };
        assert_eq!(three.spread(2), [1, 1, 0]);
        assert_eq!(three.spread(0), [0, 0, 0]);
        assert_eq!(three.names("shop"), ["shop", "shop-2", "shop-3"]);
    }
}
