//! Row 3: a durable message acknowledged, against the bare group commit of the same bytes.

use std::io::BufRead;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use super::Scene;
use super::contenders::crest;
use super::send::{TEXT_BYTES, figure};
use crate::crest::{Ack, Shape};
use crate::drive::{Scratch, Server, Slice, Started};
use crate::floor::Floor;
use crate::measure::{Contender, Measured, Spread};
use crate::play::Play;
use crate::report::{Aim, Figure, Ratio, Row, Taken};

const CUSTOMERS: usize = 100;
/// Several commits each: one takes 0.3 to 10 ms.
const SLICES: u32 = 2;

/// 100 customers, 1 and 16 in flight.
pub fn rows(scene: &Scene) -> anyhow::Result<Vec<Row>> {
    let shape = Shape {
        customers: CUSTOMERS,
        each: 5,
        text_bytes: TEXT_BYTES,
        ..Shape::default()
    };
    let mut ours = crest(scene.node(Ack::Synced)?, shape)?;
    let mut floors = [
        ("bare SQLite", start(scene, Floor::AppendSqlite)?),
        ("store alone", start(scene, Floor::AppendStore)?),
    ];
    [1, 16]
        .into_iter()
        .map(|depth| row(scene, &mut ours, &mut floors, depth))
        .collect()
}

fn start(scene: &Scene, floor: Floor) -> anyhow::Result<Started> {
    let data = Scratch::new(scene.fresh(floor.name()))?;
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(["floor", floor.name()])
        .env("CREST_BENCH_DATA", data.path());
    let started = Server::start(&mut command)?;
    Ok(Started {
        server: started.server.with_data(data),
        ..started
    })
}

fn row(
    scene: &Scene,
    ours: &mut Contender,
    floors: &mut [(&str, Started)],
    depth: u32,
) -> anyhow::Result<Row> {
    let lasts = scene.slice * SLICES;
    let outstanding = CUSTOMERS as u32 * depth;
    let bytes = stored_bytes();
    let mut measured = vec![empty("crest")];
    measured.extend(floors.iter().map(|(name, _)| empty(name)));
    for round in 0..=scene.rounds {
        let mut slices = vec![ours.crowd.closed_loop(depth, lasts)?];
        for (_, floor) in floors.iter_mut() {
            slices.push(go(floor, outstanding, bytes, lasts)?);
        }
        for (one, slice) in measured.iter_mut().zip(slices) {
            if round > 0 {
                one.slices.push(slice);
            }
        }
    }
    let ratio = |number: usize| measured[0].against(&measured[number], Slice::rate);
    let by_cpu = measured[0].spread(Slice::rate_of_cpu).median;
    let busy = |number: usize| measured[number].spread(Slice::server_share).median * 100.0;
    Ok(Row {
        taken: Taken::default(),
        number: "3".to_owned(),
        work: format!("durable send → ack + copy, {CUSTOMERS} × {depth}"),
        unit: "acks/s".to_owned(),
        figures: measured.iter().map(figure).map(without_cpu).collect(),
        ratios: vec![
            Ratio::new("bare SQLite", ratio(1), Some(Aim::AtLeast(0.7))),
            Ratio::new("store alone", ratio(2), None),
        ],
        notes: vec![format!(
            "crest {:.0} % of its core, {by_cpu:.0} acks a CPU second; bare SQLite {:.0} %, store alone {:.0} %",
            busy(0),
            busy(1),
            busy(2)
        )],
    })
}

/// What the product stores of one such message.
fn stored_bytes() -> usize {
    let entry = Play::new().entry(&"x".repeat(TEXT_BYTES));
    crest::translate::stored::encode_conversation(&entry)
        .body
        .len()
}

fn empty(name: &str) -> Measured {
    Measured {
        name: name.to_owned(),
        slices: Vec::new(),
    }
}

fn without_cpu(figure: Figure) -> Figure {
    Figure {
        of_cpu: None,
        value: Spread { ..figure.value },
        ..figure
    }
}

fn go(
    floor: &mut Started,
    outstanding: u32,
    bytes: usize,
    lasts: Duration,
) -> anyhow::Result<Slice> {
    let before = floor.server.cpu()?;
    let milliseconds = lasts.as_millis();
    floor
        .server
        .tell(&format!("go {outstanding} {bytes} {milliseconds}"))?;
    let mut line = String::new();
    floor.output.read_line(&mut line)?;
    let mut words = line.split_whitespace().skip(1);
    let mut number = || -> anyhow::Result<f64> {
        let word = words
            .next()
            .with_context(|| format!("the floor said {line:?}"))?;
        Ok(word.parse()?)
    };
    let (done, seconds) = (number()?, number()?);
    Ok(Slice {
        done,
        seconds,
        server_cpu_s: (floor.server.cpu()? - before).as_secs_f64(),
        ..Slice::default()
    })
}
