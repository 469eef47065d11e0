//! The staircase: arrivals rise step by step until the objective breaks.

use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use super::crowd::Crowd;
use super::measured::Measured;
use super::meter::Meter;
use super::times::Times;
use crate::scenario::{Arrivals, Phase, Saturate, Scenario};

/// Answers to the last messages of a step may take so long before it is judged.
const GRACE: Duration = Duration::from_millis(1_000);
/// A step whose messages are unanswered by more than this share does not hold its rate.
const UNANSWERED: f64 = 0.01;

/// One step, judged by its second half.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub arrivals_per_s: f64,
    /// Customers' messages meant to be sent, a second.
    pub offered_per_s: f64,
    /// Of these, acknowledged by the end of the step.
    pub answered_per_s: f64,
    pub ack_p50_ms: f64,
    pub ack_p99_ms: f64,
    /// 99th percentile at most the objective, and hardly any unanswered.
    pub holds: bool,
}

/// Climbs until a step breaks or there are no more. The last step that holds is the knee.
pub(super) async fn climb(
    crowd: &mut Crowd<'_>,
    stairs: &Saturate,
    scenario: &Scenario,
    meter: &Meter,
    mut tell: impl FnMut(u64, u64),
) -> Vec<Step> {
    let mut rng = StdRng::seed_from_u64(scenario.seed);
    let mut steps = Vec::new();
    let mut number = 0;
    let mut per_s = stairs.from_per_s;
    for index in 0..stairs.steps_max {
        let begins = Duration::from_secs_f64(stairs.step_s * f64::from(index));
        let arrivals = Arrivals {
            phases: vec![Phase {
                name: String::new(),
                for_s: stairs.step_s,
                per_s,
                to_per_s: None,
            }],
            ..scenario.arrivals.clone()
        };
        for at in arrivals.times(&mut rng) {
            let judged_at = begins + GRACE;
            if steps.len() < index as usize && at + begins > judged_at {
                let last = judge(meter, stairs, scenario, index - 1, per_s / stairs.times);
                let holds = last.holds;
                steps.push(last);
                if !holds {
                    return steps;
                }
            }
            crowd.one(number, begins + at, &mut tell).await;
            number += 1;
        }
        per_s *= stairs.times;
    }
    let ends = meter.clock().begun() + Duration::from_secs_f64(scenario.lasting_s()) + GRACE;
    tokio::time::sleep_until(ends.into()).await;
    let last = stairs.steps_max - 1;
    steps.push(judge(meter, stairs, scenario, last, per_s / stairs.times));
    steps
}

fn judge(
    meter: &Meter,
    stairs: &Saturate,
    scenario: &Scenario,
    index: u32,
    arrivals_per_s: f64,
) -> Step {
    let from = stairs.step_s * (f64::from(index) + 0.5);
    let to = stairs.step_s * (f64::from(index) + 1.0);
    meter.look(|measured| verdict(measured, from, to, arrivals_per_s, scenario))
}

/// Looks at the whole slices between two times, in seconds.
fn verdict(
    measured: &Measured,
    from_s: f64,
    to_s: f64,
    arrivals_per_s: f64,
    scenario: &Scenario,
) -> Step {
    let width_s = measured.slice_us as f64 / 1e6;
    let first = (from_s / width_s).ceil() as usize;
    let last = (to_s / width_s).floor() as usize;
    let slices = measured.slices.iter().take(last).skip(first);
    let mut ack = Times::coarse();
    let (mut offered, mut answered) = (0, 0);
    for slice in slices {
        ack.merge(&slice.ack);
        offered += slice.offered;
        answered += slice.answered;
    }
    let lasting = (last.saturating_sub(first).max(1)) as f64 * width_s;
    let unanswered = offered.saturating_sub(answered) as f64;
    let p99 = ack.ms_at(0.99);
    Step {
        arrivals_per_s,
        offered_per_s: offered as f64 / lasting,
        answered_per_s: answered as f64 / lasting,
        ack_p50_ms: ack.ms_at(0.5),
        ack_p99_ms: p99,
        holds: p99 <= scenario.objective_or_default().ack_p99_ms
            && unanswered <= UNANSWERED * offered as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario() -> Scenario {
        let text = include_str!("../../scenarios/saturate.toml");
        Scenario::read(text, std::path::Path::new(".")).expect("ours")
    }

    fn measured(ack_ms: u64, answered: u64) -> Measured {
        let mut measured = Measured::lasting(Duration::from_secs(60));
        for second in 0..10 {
            let slice = measured.slice(second * 1_000_000);
            slice.offered = 100;
            slice.answered = answered;
            for _ in 0..answered {
                slice.ack.record(Duration::from_millis(ack_ms));
            }
        }
        measured
    }

    #[test]
    fn a_step_is_judged_by_its_second_half() {
        let mut measured = measured(5, 100);
        for _ in 0..50 {
            measured.slice(0).ack.record(Duration::from_secs(3));
        }
        let step = verdict(&measured, 5.0, 10.0, 40.0, &scenario());
        assert_eq!((step.holds, step.offered_per_s), (true, 100.0));
    }

    #[test]
    fn a_late_step_and_an_unanswered_one_do_not_hold() {
        assert!(!verdict(&measured(300, 100), 5.0, 10.0, 40.0, &scenario()).holds);
        assert!(!verdict(&measured(5, 90), 5.0, 10.0, 40.0, &scenario()).holds);
    }
}
