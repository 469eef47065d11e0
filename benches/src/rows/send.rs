//! Rows 1 and 2: a customer's message acknowledged and copied to its agent, against bare echoes.

use super::Scene;
use super::contenders::{centrifuge_rpc, crest, echo, floor, peer};
use crate::crest::{Ack, Shape, said};
use crate::drive::Slice;
use crate::floor::Floor;
use crate::measure::{Contender, Measured, in_turn};
use crate::peer::Peer;
use crate::report::{Aim, Figure, Ratio, Row, Taken};

/// Bytes of what is said.
pub const TEXT_BYTES: usize = 200;
const AGENTS_HOLD: usize = 5;
const PIPELINED: u32 = 16;

type Aims = &'static [(&'static str, Option<Aim>)];

const ONE_BY_ONE: Aims = &[
    ("bare", Some(Aim::AtLeast(0.75))),
    ("centrifuge", Some(Aim::AtLeast(1.4))),
    ("ws", Some(Aim::AtLeast(1.2))),
];
const PIPELINES: Aims = &[
    ("bare coalescing", Some(Aim::AtLeast(0.5))),
    ("centrifuge", Some(Aim::AtLeast(2.0))),
    ("ws", None),
];

/// 100 and 1,000 connections, 1 and 16 in flight, five conversations an agent.
pub fn rows(scene: &Scene) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for customers in [100, 1_000] {
        let (mut all, notes) = contenders(scene, customers)?;
        for (number, in_flight, aims) in [("1", 1, ONE_BY_ONE), ("2", PIPELINED, PIPELINES)] {
            let measured = in_turn(&mut all, scene.rounds, |one| {
                one.crowd.closed_loop(in_flight, scene.slice)
            })?;
            let work =
                format!("send → ack + copy, {customers} × {in_flight}, {AGENTS_HOLD} an agent");
            rows.push(row(number, &work, &measured, aims, notes.clone()));
        }
    }
    Ok(rows)
}

/// One and fifty conversations an agent: shown, without an aim.
pub fn shown(scene: &Scene) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for each in [1, 50] {
        let mut all = vec![
            crest(scene.node(Ack::Written)?, shape(100, each))?,
            echo("bare", floor(Floor::Echo)?, 100, &said(TEXT_BYTES))?,
        ];
        let measured = in_turn(&mut all, scene.rounds, |one| {
            one.crowd.closed_loop(1, scene.slice)
        })?;
        let work = format!("send → ack + copy, 100 × 1, {each} an agent");
        let aims = [("bare", None)];
        rows.push(row("1", &work, &measured, &aims, Vec::new()));
    }
    Ok(rows)
}

fn shape(customers: usize, each: usize) -> Shape {
    Shape {
        customers,
        each,
        text_bytes: TEXT_BYTES,
        ..Shape::default()
    }
}

/// The product and all echoes, so many lines to each that ask.
pub fn contenders(scene: &Scene, lines: usize) -> anyhow::Result<(Vec<Contender>, Vec<String>)> {
    let shape = shape(lines, AGENTS_HOLD);
    let payload = said(shape.text_bytes);
    let mut notes = Vec::new();
    let mut all = vec![
        crest(scene.node(Ack::Written)?, shape)?,
        echo("bare", floor(Floor::Echo)?, lines, &payload)?,
        echo(
            "bare coalescing",
            floor(Floor::EchoCoalescing)?,
            lines,
            &payload,
        )?,
    ];
    if let Some(started) = peer(scene, Peer::Centrifuge, &mut notes)? {
        all.push(centrifuge_rpc(started, lines, &payload)?);
    }
    if let Some(started) = peer(scene, Peer::WsEcho, &mut notes)? {
        all.push(echo("ws", started, lines, &payload)?);
    }
    Ok((all, notes))
}

fn row(
    number: &str,
    work: &str,
    measured: &[Measured],
    aims: &[(&str, Option<Aim>)],
    mut notes: Vec<String>,
) -> Row {
    notes.push(shares(measured));
    Row {
        taken: Taken::default(),
        number: number.to_owned(),
        work: work.to_owned(),
        unit: "acks/s".to_owned(),
        figures: measured.iter().map(figure).collect(),
        ratios: ratios(measured, aims),
        notes,
    }
}

/// A contender's rate, and its rate by CPU.
pub fn figure(measured: &Measured) -> Figure {
    Figure {
        name: measured.name.clone(),
        value: measured.spread(Slice::rate),
        of_cpu: Some(measured.spread(Slice::rate_of_cpu).median),
        p50_p99_ms: None,
    }
}

/// The first of them against each that has an aim or is to be shown, and is there.
pub fn ratios(measured: &[Measured], aims: &[(&str, Option<Aim>)]) -> Vec<Ratio> {
    let ours = &measured[0];
    let mut ratios = Vec::new();
    for (name, aim) in aims {
        if let Some(other) = measured.iter().find(|it| it.name == *name) {
            let ratio = Ratio::new(name, ours.against(other, Slice::rate), *aim);
            let by_cpu = ours.against(other, Slice::rate_of_cpu).median;
            ratios.push(Ratio {
                by_cpu: Some(by_cpu),
                ..ratio
            });
        }
    }
    ratios
}

/// Shows that the client was cheaper than every server.
pub fn shares(measured: &[Measured]) -> String {
    let percent = |one: &Measured, share: fn(&Slice) -> f64| one.spread(share).median * 100.0;
    let words = measured.iter().map(|one| {
        let (server, client) = (
            percent(one, Slice::server_share),
            percent(one, Slice::client_share),
        );
        format!("{} {server:.0} % and {client:.0} %", one.name)
    });
    let words: Vec<String> = words.collect();
    format!(
        "busy shares of server's and client's core: {}",
        words.join(", ")
    )
}
