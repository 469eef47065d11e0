//! The cell `owners`: a whole [`Map`], its version apart, which is a column of its own.
//!
//! Layout, numbers big-endian: format 1 (1 byte); the processes named, in order, each once: their
//! count (2), and of each node (2) and incarnation (16); the shards in order of their numbers: their
//! count (2), and of each the place of its owner among the processes (2) and its epoch (8); those who
//! leave, in order: their count (2) and the place of each (2); CRC-32 (4) of all this and the version.
//! One map has one such form, and nothing else is read.

use std::collections::BTreeSet;

use crest_actors::ids::SHARDS;

use crate::cluster::assignment::{Held, Map};
use crate::cluster::process::{Incarnation, NodeId, Process};

const FORMAT: u8 = 1;
const SUM_BYTES: usize = 4;

/// A cell that does not say who owns what. Ownership is never guessed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    #[error("it has format {0}, which this program does not know; install the Crest that wrote it")]
    Format(u8),
    #[error(
        "{0}; put this very version back from a healthy copy. Never delete the row and never put an older one back: epochs would begin again and acknowledged messages would be passed over"
    )]
    Bytes(&'static str),
}

/// The cell of a map.
pub fn encode(map: &Map) -> Vec<u8> {
    let mut processes: Vec<Process> = map.owners().iter().chain(map.leaving()).copied().collect();
    processes.sort_unstable();
    processes.dedup();
    let place = |process: &Process| {
        let place = processes.binary_search(process).expect("collected above");
        (place as u16).to_be_bytes()
    };
    let mut out = vec![FORMAT];
    let count = |out: &mut Vec<u8>, count: usize| out.extend((count as u16).to_be_bytes());
    count(&mut out, processes.len());
    for process in &processes {
        out.extend(process.node.0.to_be_bytes());
        out.extend(process.incarnation.0.to_be_bytes());
    }
    count(&mut out, map.size());
    for (_, held) in map.shards() {
        out.extend(place(&held.owner));
        out.extend(held.epoch.to_be_bytes());
    }
    count(&mut out, map.leaving().len());
    for process in map.leaving() {
        out.extend(place(process));
    }
    out.extend(checksum(map.version(), &out).to_be_bytes());
    out
}

/// The map that lies under this version.
pub fn decode(version: i64, cell: &[u8]) -> Result<Map, Damage> {
    let version = u64::try_from(version).ok().filter(|version| *version > 0);
    let version = version.ok_or(Damage::Bytes("its version is not above 0"))?;
    match cell.first() {
        Some(&FORMAT) => {}
        Some(format) => return Err(Damage::Format(*format)),
        None => return Err(Damage::Bytes("it is empty")),
    }
    let body = cell.len().checked_sub(SUM_BYTES);
    let (checked, sum) = body
        .and_then(|body| cell.split_at_checked(body))
        .ok_or(Damage::Bytes("it is cut short"))?;
    if checksum(version, checked).to_be_bytes() != sum {
        return Err(Damage::Bytes(
            "its checksum is not that of its bytes and version",
        ));
    }
    // What follows was written like this by a program, so it is no accident of the disk.
    read(version, &checked[1..]).ok_or(Damage::Bytes(
        "its checksum is right and its contents are not",
    ))
}

fn read(version: u64, bytes: &[u8]) -> Option<Map> {
    let mut rest = Rest(bytes);
    let processes: Vec<Process> = rest.many(|rest| {
        Some(Process {
            node: NodeId(u16::from_be_bytes(rest.take()?)),
            incarnation: Incarnation(u128::from_be_bytes(rest.take()?)),
        })
    })?;
    let shards: Vec<Held> = rest.many(|rest| {
        let owner = rest.place(&processes)?;
        let epoch = u64::from_be_bytes(rest.take()?);
        (epoch > 0).then_some(Held { owner, epoch })
    })?;
    let leaving: Vec<Process> = rest.many(|rest| rest.place(&processes))?;
    let map = Map::new(version, shards, leaving.iter().copied().collect());
    let named: BTreeSet<_> = map.owners().iter().chain(map.leaving()).collect();
    let canonical = rises(&processes) && rises(&leaving) && named.len() == processes.len();
    (canonical && map.size() == usize::from(SHARDS) && rest.0.is_empty()).then_some(map)
}

/// Bytes not yet read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    /// As many as the count before them says; nothing is allocated for what is not there.
    fn many<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = u16::from_be_bytes(self.take()?);
        (0..count).map(|_| one(self)).collect()
    }

    fn place(&mut self, processes: &[Process]) -> Option<Process> {
        let place = u16::from_be_bytes(self.take()?);
        processes.get(usize::from(place)).copied()
    }
}

fn rises(processes: &[Process]) -> bool {
    processes.windows(2).all(|pair| pair[0] < pair[1])
}

fn checksum(version: u64, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&version.to_be_bytes());
    hasher.update(bytes);
    hasher.finalize()
}
