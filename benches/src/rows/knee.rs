//! Row 8: how late answers are at half of what Crest can do, beside others at the same rate.

use super::Scene;
use super::send::contenders;
use crate::drive::Slice;
use crate::measure::{Measured, in_turn};
use crate::report::{Aim, Figure, Ratio, Row, Taken};

const CUSTOMERS: usize = 100;
/// Closed loops that find out what Crest can do.
const LOOKS: usize = 4;
/// A slice long enough for its 99th percentile.
const SLICES: u32 = 4;

/// 99th percentile from when a message was due to its acknowledgement.
pub fn rows(scene: &Scene) -> anyhow::Result<Vec<Row>> {
    let (mut all, notes) = contenders(scene, CUSTOMERS)?;
    let mut knees = Vec::new();
    for _ in 0..LOOKS {
        knees.push(all[0].crowd.closed_loop(1, scene.slice)?);
    }
    let knee = Measured {
        name: "crest".to_owned(),
        slices: knees,
    };
    let a_second = (knee.spread(Slice::rate).median / 2.0).round();
    let rounds = scene.rounds.div_ceil(2);
    let lasts = scene.slice * SLICES;
    let measured = in_turn(&mut all, rounds, |one| one.crowd.open_loop(a_second, lasts))?;
    let p99 = |slice: &Slice| slice.p99_ms;
    let figure = |one: &Measured| Figure {
        name: one.name.clone(),
        value: one.spread(p99),
        of_cpu: None,
        p50_p99_ms: Some((one.spread(|it| it.p50_ms).median, one.spread(p99).median)),
    };
    let aims = [
        ("bare", Some(Aim::AtMost(2.5))),
        ("centrifuge", Some(Aim::AtMost(0.8))),
        ("ws", None),
    ];
    let ratio = |(name, aim): &(&str, Option<Aim>)| {
        let other = measured.iter().find(|one| one.name == *name)?;
        Some(Ratio::new(name, measured[0].against(other, p99), *aim))
    };
    Ok(vec![Row {
        taken: Taken::default(),
        number: "8".to_owned(),
        work: format!("{CUSTOMERS} customers at half of Crest's knee"),
        unit: "p99 ms".to_owned(),
        figures: measured.iter().map(figure).collect(),
        ratios: aims.iter().filter_map(ratio).collect(),
        notes: [
            notes,
            vec![format!("{a_second} messages a second, to everybody")],
        ]
        .concat(),
    }])
}
