//! Servers with their clients, ready to be driven.

use std::net::SocketAddr;
use std::process::Command;

use super::Scene;
use crate::crest::{Desk, Node, Shape};
use crate::drive::{Crowd, Line, Server, Settles, Started};
use crate::floor::Floor;
use crate::measure::Contender;
use crate::peer::{Peer, centrifuge_frames, ejabberd};
use crate::wire::{Dialect, Request, join, masked};

const CHANNEL: &str = "room";

/// The product with its people; customers speak.
pub fn crest(node: Node, shape: Shape) -> anyhow::Result<Contender> {
    crest_as("crest", node, shape)
}

/// The same by another name, where the product is held against itself.
pub fn crest_as(name: &str, node: Node, shape: Shape) -> anyhow::Result<Contender> {
    let mut desk = Desk::open(node.address, shape)?;
    let silent = desk.take_stalled()?;
    let mut contender = contender(name, node.server, desk.into_lines()?, Dialect::Crest)?;
    contender.crowd.silent = silent;
    Ok(contender)
}

/// The product with one customer an agent; what counts is that the agent has it.
pub fn crest_pairs(node: Node, shape: Shape) -> anyhow::Result<Contender> {
    let lines = Desk::open(node.address, shape)?.into_pairs()?;
    contender("crest", node.server, lines, Dialect::Crest)
}

/// ejabberd: so many accounts that say, as many that hear.
pub fn ejabberd_pairs(
    name: &str,
    started: Started,
    pairs: usize,
    text_bytes: usize,
) -> anyhow::Result<Contender> {
    let mut lines = Vec::new();
    for number in 0..pairs {
        let payload = ejabberd::message(pairs + number, text_bytes);
        let stream = ejabberd::enter(started.address, number)?;
        let mut line = Line::new(stream, Some(Request::new(&payload, 0)))?;
        line.settles = Settles::Nobodys;
        lines.push(line);
    }
    for number in 0..pairs {
        let mut line = Line::new(ejabberd::enter(started.address, pairs + number)?, None)?;
        line.settles = Settles::Of(number);
        lines.push(line);
    }
    contender(name, started.server, lines, Dialect::Xmpp)
}

/// A floor, as a process of this program.
pub fn floor(floor: Floor) -> anyhow::Result<Started> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["floor", floor.name()]);
    Server::start(&mut command)
}

/// So many lines that ask `payload` of a server that answers with the same.
pub fn echo(
    name: &str,
    started: Started,
    lines: usize,
    payload: &[u8],
) -> anyhow::Result<Contender> {
    let lines = (0..lines)
        .map(|number| asking(started.address, "/", payload, number as u32))
        .collect::<Result<_, _>>()?;
    contender(name, started.server, lines, Dialect::Plain)
}

/// One line that says `payload`, so many that hear it.
pub fn fanout(
    name: &str,
    started: Started,
    watchers: usize,
    payload: &[u8],
) -> anyhow::Result<Contender> {
    let mut lines = vec![asking(started.address, "/publish", payload, 0)?];
    for _ in 0..watchers {
        let mut line = Line::new(join(started.address, "/watch")?, None)?;
        line.watches = 1;
        lines.push(line);
    }
    contender(name, started.server, lines, Dialect::Plain)
}

/// centrifuge: so many lines that call.
pub fn centrifuge_rpc(started: Started, lines: usize, data: &[u8]) -> anyhow::Result<Contender> {
    let call = centrifuge_frames::rpc(data);
    let lines = (0..lines)
        .map(|_| centrifuge_line(started.address, Some(&call), false))
        .collect::<Result<_, _>>()?;
    contender("centrifuge", started.server, lines, Dialect::Centrifuge)
}

/// centrifuge: one line that publishes, so many subscribed.
pub fn centrifuge_fanout(
    started: Started,
    watchers: usize,
    data: &[u8],
) -> anyhow::Result<Contender> {
    let say = centrifuge_frames::publish(CHANNEL, data);
    let mut lines = vec![centrifuge_line(started.address, Some(&say), false)?];
    for _ in 0..watchers {
        lines.push(centrifuge_line(started.address, None, true)?);
    }
    contender("centrifuge", started.server, lines, Dialect::Centrifuge)
}

/// A peer, or a word about its absence.
pub fn peer(scene: &Scene, peer: Peer, notes: &mut Vec<String>) -> anyhow::Result<Option<Started>> {
    match peer.start(&scene.peers)? {
        Ok(started) => Ok(Some(started)),
        Err(word) => {
            notes.push(word);
            Ok(None)
        }
    }
}

/// The connection opened and, if wanted, subscribed; what is answered is read before the first slice.
pub fn centrifuge_line(
    server: SocketAddr,
    request: Option<&[u8]>,
    watches: bool,
) -> anyhow::Result<Line> {
    let stream = join(server, "/?cf_protocol=protobuf")?;
    let mut line = Line::new(stream, request.map(|payload| Request::new(payload, 0)))?;
    line.send(&masked(true, &centrifuge_frames::connect()))?;
    if watches {
        line.watches = 1;
        line.send(&masked(true, &centrifuge_frames::subscribe(CHANNEL)))?;
    }
    Ok(line)
}

fn asking(server: SocketAddr, path: &str, payload: &[u8], number: u32) -> anyhow::Result<Line> {
    Line::new(join(server, path)?, Some(Request::new(payload, number)))
}

fn contender(
    name: &str,
    server: Server,
    lines: Vec<Line>,
    dialect: Dialect,
) -> anyhow::Result<Contender> {
    let mut crowd = Crowd::new(server, lines, dialect)?;
    crowd.quiet()?;
    Ok(Contender {
        name: name.to_owned(),
        crowd,
    })
}
