//! Row 10: one watcher in a hundred stops reading; the others must not notice.

use anyhow::ensure;

use super::Scene;
use super::contenders::{crest, crest_as};
use super::fanout::{
    A_SECOND, BURST, CONVERSATIONS, EVENT_BYTES, PACED_SLICES, UNANSWERED, WATCHERS, row,
};
use super::send::shares;
use crate::crest::{Ack, FOLDED, Shape, counter};
use crate::drive::Slice;
use crate::measure::{Contender, Spread, in_turn};
use crate::report::{Aim, Row};

const STALLED: usize = 10;
/// What the kernel takes for somebody who does not read is megabytes: bursts go on until that is full
/// and so is the outbox.
const BURSTS: usize = 10;
const TRIES: usize = 12;
/// `limits.outbox_bytes`.
const OUTBOX_BYTES: f64 = 262_144.0;
const NONE_STALLED: &str = "none stalled";

/// The others' 99th percentile beside a node where everybody reads, and what the stalled ones cost.
pub fn rows(scene: &Scene) -> anyhow::Result<Vec<Row>> {
    let shape = Shape {
        customers: CONVERSATIONS,
        each: 5,
        watchers: WATCHERS - STALLED,
        watched: 1,
        stalled: STALLED,
        text_bytes: EVENT_BYTES,
    };
    let everybody_reads = Shape {
        stalled: 0,
        ..shape
    };
    let node = scene.node(Ack::Written)?;
    let address = node.address;
    let mut both = [
        crest(node, shape)?,
        crest_as(NONE_STALLED, scene.node(Ack::Written)?, everybody_reads)?,
    ];
    let grown = fill(&mut both, || counter(address, "crest_socket_gaps_total"))?;
    let lasts = scene.slice * PACED_SLICES;
    let measured = in_turn(&mut both, scene.rounds, |one| {
        one.crowd.paced(A_SECOND, lasts)
    })?;
    let closed = "crest_socket_closes_total{by=\"us\",code=\"4001\"}";
    ensure!(
        counter(address, closed)? == 0.0,
        "stalled watchers were closed while the row ran"
    );
    let work = format!("{STALLED} of {WATCHERS} watchers stalled, {A_SECOND} events a second");
    let p99 = |slice: &Slice| slice.p99_ms;
    let aims = [(NONE_STALLED, Some(Aim::AtMost(1.2)))];
    let notes = vec![shares(&measured)];
    let late = row("10", &work, "others' p99 ms", &measured, p99, &aims, notes);
    let each = Spread::one(grown / STALLED as f64);
    let cap = Some(Aim::AtMost(OUTBOX_BYTES));
    let growth = Row::absolute("10", &work, "bytes grown a stalled one", each, cap);
    let beside = "beyond the growth of the node where everybody reads, by the same bursts; the cap is \
                  limits.outbox_bytes";
    Ok(vec![late, growth.noted(beside.to_owned())])
}

/// Says so much that the stalled ones' outboxes are full; returns by how many bytes the node with them
/// grew more than the one without.
fn fill(both: &mut [Contender; 2], gaps: impl Fn() -> anyhow::Result<f64>) -> anyhow::Result<f64> {
    // Queues, pools and logs are as large as they get without anybody stalled.
    let mut before = None;
    for _ in 0..TRIES {
        for one in both.iter_mut() {
            for _ in 0..BURSTS {
                one.crowd.burst(BURST, UNANSWERED)?;
            }
        }
        std::thread::sleep(FOLDED);
        let resident = resident(both)?;
        let grown = |before: [f64; 2]| (resident[0] - before[0]) - (resident[1] - before[1]);
        match before {
            Some(before) if gaps()? >= STALLED as f64 => return Ok(grown(before)),
            Some(_) => {}
            None => before = Some(resident),
        }
    }
    anyhow::bail!("the watchers who do not read never stalled")
}

fn resident(both: &[Contender; 2]) -> anyhow::Result<[f64; 2]> {
    let bytes = |number: usize| both[number].crowd.server.resident_bytes();
    Ok([bytes(0)? as f64, bytes(1)? as f64])
}
