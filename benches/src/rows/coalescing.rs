//! Row 5: a bursty stream to supervisors, with and without putting frames together.

use super::Scene;
use super::contenders::{crest, crest_as};
use super::fanout::row;
use super::send::shares;
use crate::crest::{Ack, Setting, Shape};
use crate::drive::Slice;
use crate::measure::in_turn;
use crate::report::{Aim, Row};

const CONVERSATIONS: usize = 50;
/// A conversation has at most 64 connections attached; with its customer and its agent these are few
/// enough.
const SUPERVISORS: [usize; 2] = [1, 60];
const EVENT_BYTES: usize = 200;
/// What each of the fifty says at once.
const BURST: u32 = 20;
const UNANSWERED: u32 = 20;
const APART: &str = "a write a frame";

/// Fifty conversations burst, for one supervisor who watches them all and for sixty.
pub fn rows(scene: &Scene) -> anyhow::Result<Vec<Row>> {
    SUPERVISORS
        .map(|them| with(scene, them))
        .into_iter()
        .collect()
}

fn with(scene: &Scene, supervisors: usize) -> anyhow::Result<Row> {
    let shape = Shape {
        customers: CONVERSATIONS,
        each: 5,
        watchers: supervisors,
        watched: CONVERSATIONS,
        stalled: 0,
        text_bytes: EVENT_BYTES,
    };
    let apart = Setting {
        ack: Ack::Written,
        write_bytes: Some(1),
    };
    let mut both = [
        crest(scene.node(Ack::Written)?, shape)?,
        crest_as(APART, scene.node(apart)?, shape)?,
    ];
    let measured = in_turn(&mut both, scene.rounds, |one| {
        one.crowd.burst(BURST, UNANSWERED)
    })?;
    let work = format!(
        "{CONVERSATIONS} conversations burst, {BURST} messages each, to supervisors who watch all: {supervisors}"
    );
    Ok(row(
        "5",
        &work,
        "deliveries/s",
        &measured,
        Slice::rate,
        &[(APART, Some(Aim::AtLeast(4.0)))],
        vec![
            "the product beside itself with limits.write_bytes = 1; deliveries to supervisors count"
                .to_owned(),
            shares(&measured),
        ],
    ))
}
