//! What customers live through in a seeded surge.

use std::sync::LazyLock;

use super::Withdrawn;
use super::surge::{Surge, Wait};
use crate::ids::Millis;

const SEEDS: [u64; 3] = [11, 12, 13];

/// Three minutes of ten times the usual arrivals, once for each seed.
static SHORT: LazyLock<Vec<Vec<Wait>>> =
    LazyLock::new(|| SEEDS.map(|seed| Surge::tenfold(seed).run()).into());

/// Served waits as seconds, of those for whom `of` holds, sorted.
fn waits_s(waits: &[Wait], of: impl Fn(&Wait) -> bool) -> Vec<f64> {
    let mut served: Vec<f64> = waits
        .iter()
        .filter(|wait| of(wait))
        .filter_map(|wait| match wait.ended {
            Some((at, Withdrawn::Offered)) => Some(at.since(wait.began) as f64 / 1_000.0),
            _ => None,
        })
        .collect();
    served.sort_by(f64::total_cmp);
    served
}

fn p95(sorted: &[f64]) -> f64 {
    sorted[sorted.len() * 95 / 100]
}

/// Is the first published estimate within max(60 s, 25 %) of what came?
fn was_right(estimate_minutes: Option<u32>, told_at: Millis, served_at: Millis) -> bool {
    let Some(minutes) = estimate_minutes else {
        return false;
    };
    let waited_s = served_at.since(told_at) as f64 / 1_000.0;
    let off_s = (f64::from(minutes) * 60.0 - waited_s).abs();
    off_s <= (0.25 * waited_s).max(60.0)
}

/// Share of served waits whose first published estimate was right, over all seeds.
fn share_right(name: &str, runs: &[Vec<Wait>]) -> f64 {
    let (mut right, mut all) = (0, 0);
    for (seed, waits) in SEEDS.iter().zip(runs) {
        let outcomes: Vec<bool> = waits
            .iter()
            .filter_map(|wait| match (wait.first_place, wait.ended) {
                (Some((told_at, minutes)), Some((at, Withdrawn::Offered))) => {
                    Some(was_right(minutes, told_at, at))
                }
                _ => None,
            })
            .collect();
        let seed_right = outcomes.iter().filter(|right| **right).count();
        println!(
            "{name}, seed {seed}: {seed_right} of {} right",
            outcomes.len()
        );
        assert!(outcomes.len() > 800, "a surge makes people wait");
        right += seed_right;
        all += outcomes.len();
    }
    let share = f64::from(right as u32) / f64::from(all as u32);
    println!("{name}: {:.1} % of {all}", share * 100.0);
    share
}

#[test]
fn first_estimates_are_right_for_nine_waits_in_ten_of_a_short_surge() {
    assert!(share_right("short", &SHORT) >= 0.9);
}

#[test]
fn first_estimates_are_right_for_nine_waits_in_ten_of_a_long_surge() {
    let runs = SEEDS.map(|seed| Surge::sustained(seed).run());
    assert!(share_right("long", &runs) >= 0.9);
}

#[test]
fn vips_wait_at_most_a_third_of_the_others_in_a_surge() {
    for (seed, waits) in SEEDS.iter().zip(SHORT.iter()) {
        let vip = p95(&waits_s(waits, |wait| wait.tier > 0));
        let standard = p95(&waits_s(waits, |wait| wait.tier == 0));
        println!("seed {seed}: p95 VIP {vip:.0} s, standard {standard:.0} s");
        assert!(standard > 300.0, "a surge makes people wait: {standard}");
        assert!(vip * 3.0 <= standard, "seed {seed}: {vip} of {standard}");
    }
}
