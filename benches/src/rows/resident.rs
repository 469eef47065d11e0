//! Row 7: memory of a conversation that nobody speaks in, without sessions and sockets.

use std::io::BufRead;

use anyhow::ensure;

use super::Scene;
use super::contenders::floor;
use crate::floor::Floor;
use crate::measure::Spread;
use crate::report::{Aim, Figure, Ratio, Row, Taken};

/// Pay for what all share.
const FIRST: u64 = 10_000;
/// A part of the million that is made before the first of them leave memory for being idle.
const CONVERSATIONS: u64 = 250_000;
/// 1.6 GB for a million.
const AIM_BYTES: f64 = 1_600.0;

/// Bytes of each, by the process's resident memory.
pub fn rows(_: &Scene) -> anyhow::Result<Vec<Row>> {
    let ours = bytes_each(Floor::Conversations)?;
    let bare = bytes_each(Floor::BareActors)?;
    let figure = |name: &str, bytes| Figure {
        name: name.to_owned(),
        value: Spread::one(bytes),
        of_cpu: None,
        p50_p99_ms: None,
    };
    Ok(vec![Row {
        taken: Taken::default(),
        number: "7".to_owned(),
        work: format!("resident idle conversation, of {CONVERSATIONS}"),
        unit: "bytes each".to_owned(),
        figures: vec![figure("crest", ours), figure("bare actix actor", bare)],
        ratios: vec![
            Ratio::new(
                "(absolute)",
                Spread::one(ours),
                Some(Aim::AtMost(AIM_BYTES)),
            ),
            Ratio::new("bare actix actor", Spread::one(ours / bare), None),
        ],
        notes: vec![
            "each opened by a customer who said one thing and is still attached; no socket, no store"
                .to_owned(),
        ],
    }])
}

fn bytes_each(which: Floor) -> anyhow::Result<f64> {
    let mut started = floor(which)?;
    let mut made = |count: u64| -> anyhow::Result<u64> {
        started.server.tell(&format!("go {count}"))?;
        let mut line = String::new();
        started.output.read_line(&mut line)?;
        ensure!(line.starts_with("done"), "the floor said {line:?}");
        started.server.resident_bytes()
    };
    let before = made(FIRST)?;
    let after = made(CONVERSATIONS)?;
    Ok((after - before) as f64 / CONVERSATIONS as f64)
}
