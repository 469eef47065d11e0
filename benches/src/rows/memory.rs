//! Row 6: resident memory of an idle connection.

use std::net::SocketAddr;
use std::time::Duration;

use super::Scene;
use super::contenders::{centrifuge_line, floor, peer};
use crate::crest::{Ack, customer, said};
use crate::drive::{Line, Server};
use crate::floor::Floor;
use crate::measure::Spread;
use crate::peer::Peer;
use crate::report::{Aim, Figure, Ratio, Row, Taken};
use crate::wire::{join, masked};

/// Connections that pay for what all share: buffers, tables, stacks.
const FIRST: usize = 200;
/// Allocators, collectors and last flushes settle.
const SETTLE: Duration = Duration::from_secs(5);
const TEXT_BYTES: usize = 6;

/// Every server by itself, one after the other: memory does not depend on the time of day.
pub fn rows(scene: &Scene) -> anyhow::Result<Vec<Row>> {
    let mut notes = Vec::new();
    let mut figures = Vec::new();
    let node = scene.node(Ack::Written)?;
    let address = node.address;
    figures.push((
        "crest",
        a_connection(scene, &node.server, || speaker(address))?,
    ));
    drop(node);
    let bare = floor(Floor::Echo)?;
    figures.push((
        "bare",
        a_connection(scene, &bare.server, || plain(bare.address))?,
    ));
    drop(bare);
    if let Some(started) = peer(scene, Peer::Centrifuge, &mut notes)? {
        let line = || centrifuge_line(started.address, None, true);
        figures.push(("centrifuge", a_connection(scene, &started.server, line)?));
    }
    if let Some(started) = peer(scene, Peer::WsEcho, &mut notes)? {
        let line = || plain(started.address);
        figures.push(("ws", a_connection(scene, &started.server, line)?));
    }
    if let Some(started) = peer(scene, Peer::Socketify, &mut notes)? {
        let line = || plain(started.address);
        figures.push(("uWebSockets", a_connection(scene, &started.server, line)?));
    }
    let aims = [
        ("bare", Some(Aim::AtMost(0.5))),
        ("centrifuge", Some(Aim::AtMost(0.2))),
        ("ws", None),
        ("uWebSockets", None),
    ];
    let ratio = |(name, aim): &(&str, Option<Aim>)| {
        let (_, other) = figures.iter().find(|(it, _)| it == name)?;
        Some(Ratio::new(name, Spread::one(figures[0].1 / other), *aim))
    };
    Ok(vec![Row {
        taken: Taken::default(),
        number: "6".to_owned(),
        work: format!(
            "{} idle connections, each with actor and a first message",
            scene.idle_connections
        ),
        unit: "bytes each".to_owned(),
        ratios: aims.iter().filter_map(ratio).collect(),
        figures: figures
            .iter()
            .map(|(name, bytes)| figure(name, *bytes))
            .collect(),
        notes,
    }])
}

fn figure(name: &str, bytes: f64) -> Figure {
    Figure {
        name: name.to_owned(),
        value: Spread::one(bytes),
        of_cpu: None,
        p50_p99_ms: None,
    }
}

fn a_connection(
    scene: &Scene,
    server: &Server,
    mut line: impl FnMut() -> anyhow::Result<Line>,
) -> anyhow::Result<f64> {
    let mut held = Vec::new();
    for _ in 0..FIRST {
        held.push(line()?);
    }
    std::thread::sleep(SETTLE);
    let before = server.resident_bytes()?;
    for _ in 0..scene.idle_connections {
        held.push(line()?);
    }
    std::thread::sleep(SETTLE);
    let after = server.resident_bytes()?;
    Ok(after.saturating_sub(before) as f64 / scene.idle_connections as f64)
}

/// A customer who has said something, as those who wait have.
fn speaker(server: SocketAddr) -> anyhow::Result<Line> {
    let mut talk = customer(server)?;
    talk.first_words(&said(TEXT_BYTES))?;
    Line::new(talk.stream, None)
}

/// Said once, so that lazily made buffers are there.
fn plain(server: SocketAddr) -> anyhow::Result<Line> {
    let mut line = Line::new(join(server, "/")?, None)?;
    line.send(&masked(true, &said(TEXT_BYTES)))?;
    Ok(line)
}
