//! Rows 4a and 4b: an event to a thousand watchers, at a human pace and as fast as it goes.
//!
//! A conversation of Crest has at most 64 connections attached, so its thousand supervisors watch
//! seventeen conversations in which the same is said at the same moment: as many deliveries, from
//! seventeen messages instead of one.

use super::Scene;
use super::contenders::{centrifuge_fanout, crest, fanout, floor, peer};
use super::send::shares;
use crate::crest::{Ack, Shape};
use crate::drive::Slice;
use crate::floor::Floor;
use crate::measure::{Contender, Measured, in_turn};
use crate::peer::Peer;
use crate::report::{Aim, Figure, Ratio, Row, Taken};

pub(super) const WATCHERS: usize = 1_000;
pub(super) const CONVERSATIONS: usize = 17;
pub(super) const EVENT_BYTES: usize = 200;
pub(super) const A_SECOND: f64 = 40.0;
pub(super) const BURST: u32 = 500;
/// What Crest lets a client have unanswered, so what every publisher here has.
pub(super) const UNANSWERED: u32 = 32;
/// One slice of paced work is long enough for its 99th percentile.
pub(super) const PACED_SLICES: u32 = 4;

/// 40 events a second: deliveries a second of server CPU, and the 99th percentile.
pub fn paced(scene: &Scene) -> anyhow::Result<Vec<Row>> {
    let (mut all, mut notes) = contenders(scene, [Floor::FanoutTasks, Floor::FanoutLoop], true)?;
    let lasts = scene.slice * PACED_SLICES;
    let rounds = scene.rounds.div_ceil(2);
    let measured = in_turn(&mut all, rounds, |one| one.crowd.paced(A_SECOND, lasts))?;
    notes.push(shares(&measured));
    let aims = [
        ("fanout-tasks", Some(Aim::AtLeast(1.1))),
        ("fanout-loop", None),
        ("centrifuge", Some(Aim::AtLeast(1.5))),
        ("ws", Some(Aim::AtLeast(1.3))),
    ];
    let work = format!("{EVENT_BYTES} B to {WATCHERS} watchers, {A_SECOND} a second");
    let cost = row(
        "4a",
        &work,
        "deliveries/CPU s",
        &measured,
        Slice::rate_of_cpu,
        &aims,
        notes,
    );
    let aims = aims.map(|(name, aim)| (name, aim.map(|_| Aim::AtMost(1.0))));
    let p99 = |slice: &Slice| slice.p99_ms;
    let late = row("4a", &work, "p99 ms", &measured, p99, &aims, Vec::new());
    Ok(vec![cost, late])
}

/// 500 events at once: deliveries a second. `ws` would take seconds for each burst.
pub fn burst(scene: &Scene) -> anyhow::Result<Vec<Row>> {
    let (mut all, mut notes) =
        contenders(scene, [Floor::FanoutCoalescing, Floor::FanoutTasks], false)?;
    let rounds = scene.rounds.div_ceil(2);
    let measured = in_turn(&mut all, rounds, |one| one.crowd.burst(BURST, UNANSWERED))?;
    notes.push(shares(&measured));
    let aims = [
        ("fanout-coalescing", Some(Aim::AtLeast(0.8))),
        ("fanout-tasks", None),
        ("centrifuge", Some(Aim::AtLeast(1.8))),
    ];
    let work = format!("{BURST} events of {EVENT_BYTES} B to {WATCHERS} watchers at once");
    Ok(vec![row(
        "4b",
        &work,
        "deliveries/s",
        &measured,
        Slice::rate,
        &aims,
        notes,
    )])
}

fn contenders(
    scene: &Scene,
    floors: [Floor; 2],
    with_ws: bool,
) -> anyhow::Result<(Vec<Contender>, Vec<String>)> {
    let event = vec![b'x'; EVENT_BYTES];
    let shape = Shape {
        customers: CONVERSATIONS,
        each: 5,
        watchers: WATCHERS,
        watched: 1,
        stalled: 0,
        text_bytes: EVENT_BYTES,
    };
    let mut notes = Vec::new();
    let mut all = vec![crest(scene.node(Ack::Written)?, shape)?];
    for one in floors {
        all.push(fanout(one.name(), floor(one)?, WATCHERS, &event)?);
    }
    if let Some(started) = peer(scene, Peer::Centrifuge, &mut notes)? {
        all.push(centrifuge_fanout(started, WATCHERS, &event)?);
    }
    if with_ws && let Some(started) = peer(scene, Peer::WsFanout, &mut notes)? {
        all.push(fanout("ws", started, WATCHERS, &event)?);
    }
    Ok((all, notes))
}

pub(super) fn row(
    number: &str,
    work: &str,
    unit: &str,
    measured: &[Measured],
    value: impl Fn(&Slice) -> f64 + Copy,
    aims: &[(&str, Option<Aim>)],
    notes: Vec<String>,
) -> Row {
    let figure = |one: &Measured| Figure {
        name: one.name.clone(),
        value: one.spread(value),
        of_cpu: None,
        p50_p99_ms: None,
    };
    let there = |name: &str| measured.iter().find(|one| one.name == name);
    let ratio = |(name, aim): &(&str, Option<Aim>)| {
        let other = there(name)?;
        let ratio = Ratio::new(name, measured[0].against(other, value), *aim);
        let by_cpu = measured[0].against(other, Slice::rate_of_cpu).median;
        Some(Ratio {
            by_cpu: (unit == "deliveries/s").then_some(by_cpu),
            ..ratio
        })
    };
    Row {
        taken: Taken::default(),
        number: number.to_owned(),
        work: work.to_owned(),
        unit: unit.to_owned(),
        figures: measured.iter().map(figure).collect(),
        ratios: aims.iter().filter_map(ratio).collect(),
        notes,
    }
}
