//! Row 3b: a customer's message delivered to the agent, through actors on both sides: ours, and the
//! Erlang processes of ejabberd.

use super::Scene;
use super::contenders::{crest_pairs, ejabberd_pairs};
use super::send::{TEXT_BYTES, figure, ratios, shares};
use crate::crest::{Ack, Shape};
use crate::measure::in_turn;
use crate::peer::ejabberd::{self, Archive};
use crate::report::{Aim, Row, Taken};

const PAIRS: usize = 100;
/// ejabberd with its archive takes half a second for a hundred messages.
const SLICES: u32 = 4;

/// 1 and 16 in flight; first nobody waits for the disk, then both keep what is said.
pub fn rows(scene: &Scene) -> anyhow::Result<Vec<Row>> {
    let mut rows = against(scene, Ack::Written, Archive::None, 8.0)?;
    rows.extend(against(scene, Ack::Synced, Archive::Sqlite, 50.0)?);
    Ok(rows)
}

fn against(scene: &Scene, ack: Ack, archive: Archive, aim: f64) -> anyhow::Result<Vec<Row>> {
    let shape = Shape {
        customers: PAIRS,
        each: 1,
        text_bytes: TEXT_BYTES,
        ..Shape::default()
    };
    let (work, peer) = match archive {
        Archive::None => ("delivered to the agent", "ejabberd"),
        Archive::Sqlite => ("durable, delivered to the agent", "ejabberd with archive"),
    };
    let mut all = vec![crest_pairs(scene.node(ack)?, shape)?];
    let mut notes = Vec::new();
    match ejabberd::start(scene.fresh("ejabberd"), archive, 2 * PAIRS)? {
        Ok(started) => all.push(ejabberd_pairs(peer, started, PAIRS, TEXT_BYTES)?),
        Err(word) => notes.push(word),
    }
    let lasts = scene.slice * SLICES;
    let rounds = scene.rounds.div_ceil(4);
    let mut rows = Vec::new();
    for depth in [1, 16] {
        let measured = in_turn(&mut all, rounds, |one| one.crowd.closed_loop(depth, lasts))?;
        let mut notes = notes.clone();
        notes.push(shares(&measured));
        rows.push(Row {
            taken: Taken::default(),
            number: "3b".to_owned(),
            work: format!("{work}, {PAIRS} × {depth}"),
            unit: "deliveries/s".to_owned(),
            figures: measured.iter().map(figure).collect(),
            ratios: ratios(&measured, &[(peer, Some(Aim::AtLeast(aim)))]),
            notes,
        });
    }
    Ok(rows)
}
