//! Row 9: every line is cut at once, and everybody comes back to where they stood.

use std::net::SocketAddr;
use std::time::Duration;

use super::Scene;
use super::contenders::floor;
use crate::crest::{Ack, FOLDED, Visitor, counter};
use crate::drive::{Comer, Slice, storm};
use crate::floor::Floor;
use crate::measure::{Measured, Spread};
use crate::report::{Aim, Figure, Ratio, Row, Taken};

const ROUNDS: usize = 5;
/// Kind of the frame that says a customer is attached again.
const ATTACHED: u8 = 71;
/// The server notices that everybody is gone.
const CUT: Duration = Duration::from_millis(500);
/// Reads to bring a conversation back or to fetch what somebody missed, and of the logs that say which
/// conversation a customer has open.
const READS: [&str; 2] = [
    "crest_store_log_reads_total{of=\"conversation\"}",
    "crest_store_log_reads_total{of=\"pointer\"}",
];

/// Returns a second against bare handshakes, how long until all are back, and what the store reads
/// for it.
pub fn rows(scene: &Scene) -> anyhow::Result<Vec<Row>> {
    let count = scene.idle_connections;
    let node = scene.node(Ack::Written)?;
    let bare = floor(Floor::Echo)?;
    let (mut visitors, mut lines) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let (visitor, talk) = Visitor::arrive(node.address)?;
        visitors.push(visitor);
        lines.push(talk.stream);
    }
    std::thread::sleep(FOLDED);
    let before = reads(node.address)?;
    let handshakes: Vec<Comer> = (0..count).map(|_| handshake()).collect();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let hellos = visitors.iter().map(|it| it.hello(node.address));
        let returns: Vec<Comer> = hellos
            .map(|it| Ok(returning(it?)))
            .collect::<anyhow::Result<_>>()?;
        // One server's lines at a time: a process has 20,000 descriptors.
        lines.clear();
        std::thread::sleep(CUT);
        theirs.push(storm(&bare.server, bare.address, &handshakes)?.0);
        let (slice, back) = storm(&node.server, node.address, &returns)?;
        ours.push(slice);
        lines = back;
    }
    std::thread::sleep(FOLDED);
    let after = reads(node.address)?;
    let each = |of: usize| Spread::one((after[of] - before[of]) / (count * ROUNDS) as f64);
    let seconds = Spread::of(ours.iter().map(|it| it.seconds));
    let own = |unit: &str, value, aim| Row::absolute("9", &work(count), unit, value, aim);
    let (within, read_once) = (Some(Aim::AtMost(3.0)), Some(Aim::AtMost(1.0)));
    Ok(vec![
        rate(count, ours, theirs),
        own("s until all are back", seconds, within),
        own(
            "reads of its conversation's log a return",
            each(0),
            read_once,
        ),
        own("reads of its customer's log a return", each(1), None),
    ])
}

fn reads(server: SocketAddr) -> anyhow::Result<[f64; 2]> {
    Ok([counter(server, READS[0])?, counter(server, READS[1])?])
}

/// The ticket is in its hello; it is back once its conversation has let it in again.
fn returning(hello: Vec<u8>) -> Comer<'static> {
    Comer {
        path: "/ws",
        protocol: Some("crest.v1.msgpack"),
        first: hello,
        back_at: Some(ATTACHED),
    }
}

fn handshake() -> Comer<'static> {
    Comer {
        path: "/",
        protocol: None,
        first: Vec::new(),
        back_at: None,
    }
}

fn rate(count: usize, ours: Vec<Slice>, theirs: Vec<Slice>) -> Row {
    let measured = |name: &str, slices| Measured {
        name: name.to_owned(),
        slices,
    };
    let (ours, theirs) = (measured("crest", ours), measured("bare", theirs));
    let figure = |one: &Measured| Figure {
        name: one.name.clone(),
        value: one.spread(Slice::rate),
        of_cpu: Some(one.spread(Slice::rate_of_cpu).median),
        p50_p99_ms: None,
    };
    let ratio = Ratio {
        by_cpu: Some(ours.against(&theirs, Slice::rate_of_cpu).median),
        ..Ratio::new(
            "bare",
            ours.against(&theirs, Slice::rate),
            Some(Aim::AtLeast(0.5)),
        )
    };
    Row {
        taken: Taken::default(),
        number: "9".to_owned(),
        work: work(count),
        unit: "returns/s".to_owned(),
        figures: vec![figure(&ours), figure(&theirs)],
        ratios: vec![ratio],
        notes: vec![
            "bare: the handshake is all; crest: ticket, hello, route, attachment with what was missed. \
             Tickets were fetched before the cut"
                .to_owned(),
        ],
    }
}

fn work(count: usize) -> String {
    format!("{count} lines cut at once, all resume")
}
