//! Row 14: ten times what a node can take.

use std::time::{Duration, Instant};

use super::Scene;
use super::contenders::crest;
use super::send::TEXT_BYTES;
use crate::crest::{Ack, Shape};
use crate::drive::{Crowd, Slice};
use crate::measure::{Measured, Spread};
use crate::report::{Aim, Row};

const CUSTOMERS: usize = 4_000;
/// What the protocol lets a client have unanswered.
const WINDOW: u32 = 32;
const TIMES: f64 = 10.0;
const ROUNDS: usize = 5;
const LASTS: Duration = Duration::from_secs(3);
/// One look at whether the node is itself again.
const LOOK: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(60);
/// The 99th percentile is as before when it is within so much of it.
const AS_BEFORE: f64 = 1.2;

/// Goodput beside what the node does when each waits for its answer, how soon refusals come, and how
/// soon all is as before.
pub fn rows(scene: &Scene) -> anyhow::Result<Vec<Row>> {
    let shape = Shape {
        customers: CUSTOMERS,
        each: 50,
        text_bytes: TEXT_BYTES,
        ..Shape::default()
    };
    let mut node = crest(scene.node(Ack::Synced)?, shape)?;
    let crowd = &mut node.crowd;
    let mut looks = Vec::new();
    for _ in 0..=ROUNDS {
        looks.push(crowd.closed_loop(1, scene.slice)?);
    }
    let knee = rate(looks.split_off(1));
    let mut calm = Vec::new();
    for _ in 0..ROUNDS {
        calm.push(crowd.open_loop(knee / 2.0, LOOK)?.p99_ms);
    }
    let calm_ms = Spread::of(calm).median;
    let (mut shares, mut refusals, mut back) = (Vec::new(), Vec::new(), Vec::new());
    let (mut refused, mut held_back, mut times) = (0, 0, Vec::new());
    for _ in 0..ROUNDS {
        let before = rate(vec![crowd.closed_loop(1, scene.slice)?]);
        let outcome = crowd.overload(before * TIMES, LASTS, WINDOW)?;
        shares.push(outcome.goodput / before);
        refusals.push(outcome.refusal_p99_ms);
        times.push(outcome.offered / before);
        refused += outcome.refused;
        held_back += outcome.held_back;
        back.push(until_calm(crowd, knee / 2.0, calm_ms)?);
    }
    let note = format!(
        "{:.1} times the knee offered; {refused} refused and {held_back} held back by the window of {WINDOW}, in {ROUNDS} rounds of \
         {LASTS:?}; durable; the p99 at half the knee was {calm_ms:.1} ms before",
        Spread::of(times).median
    );
    let work = format!("{CUSTOMERS} customers offer {TIMES} times the knee");
    let own = |unit: &str, value, aim| Row::absolute("14", &work, unit, value, Some(aim));
    let goodput = own("goodput of the knee", Spread::of(shares), Aim::AtLeast(0.9));
    let mut rows = vec![goodput.noted(note)];
    // With windows kept there may be nothing to refuse.
    if refused > 0 {
        let p99_ms = Spread::of(refusals);
        rows.push(own("p99 ms to a refusal", p99_ms, Aim::AtMost(50.0)));
    }
    rows.push(own(
        "s until as before",
        Spread::of(back),
        Aim::AtMost(10.0),
    ));
    Ok(rows)
}

fn rate(slices: Vec<Slice>) -> f64 {
    let name = "crest".to_owned();
    Measured { name, slices }.spread(Slice::rate).median
}

fn until_calm(crowd: &mut Crowd, a_second: f64, calm_ms: f64) -> anyhow::Result<f64> {
    let start = Instant::now();
    loop {
        let looked = start.elapsed();
        let p99_ms = crowd.open_loop(a_second, LOOK)?.p99_ms;
        if p99_ms <= calm_ms * AS_BEFORE || looked > LONGEST {
            return Ok(looked.as_secs_f64());
        }
    }
}
