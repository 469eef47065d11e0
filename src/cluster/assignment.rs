//! The map of shards: who owns which, and since which epoch. One row for the whole cluster
//! (ops/adr/0006), so that one CAS moves every shard of a dead process.

use std::collections::BTreeSet;

use crest_actors::ids::Shard;

use super::process::Process;

/// A shard's owner and the fencing number of its ownership, higher at every move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    pub owner: Process,
    pub epoch: u64,
}

/// A shard goes to another process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Move {
    pub shard: Shard,
    pub to: Process,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Map {
    version: u64,
    shards: Vec<Held>,
    leaving: BTreeSet<Process>,
    /// Derived: the distinct owners, in order.
    owners: Vec<Process>,
}

impl Map {
    /// `shards` in order of their numbers; `leaving` are processes that drain and get none.
    pub fn new(version: u64, shards: Vec<Held>, leaving: BTreeSet<Process>) -> Self {
        let owners: BTreeSet<Process> = shards.iter().map(|held| held.owner).collect();
        Self {
            version,
            shards,
            leaving,
            owners: owners.into_iter().collect(),
        }
    }

    /// One higher at every change.
    pub fn version(&self) -> u64 {
        self.version
    }

    pub fn held(&self, shard: Shard) -> Held {
        self.shards[usize::from(shard.0)]
    }

    pub fn shards(&self) -> impl Iterator<Item = (Shard, Held)> {
        let numbered = |(number, held): (usize, &Held)| (Shard(number as u8), *held);
        self.shards.iter().enumerate().map(numbered)
    }

    /// How many shards there are.
    pub fn size(&self) -> usize {
        self.shards.len()
    }

    /// Each process that owns a shard, once, in order.
    pub fn owners(&self) -> &[Process] {
        &self.owners
    }

    pub fn leaving(&self) -> &BTreeSet<Process> {
        &self.leaving
    }

    /// Shards of `process`, in order.
    pub fn shards_of(&self, process: Process) -> impl Iterator<Item = Shard> {
        self.shards()
            .filter(move |(_, held)| held.owner == process)
            .map(|(shard, _)| shard)
    }

    /// The next version, with these moves made and these processes leaving.
    pub fn moved(&self, moves: &[Move], leaving: BTreeSet<Process>) -> Self {
        let mut shards = self.shards.clone();
        for to in moves {
            let held = &mut shards[usize::from(to.shard.0)];
            *held = Held {
                owner: to.to,
                epoch: held.epoch + 1,
            };
        }
        Self::new(self.version + 1, shards, leaving)
    }

    /// The next version, in which every epoch is above `epoch`, each owner the same.
    pub fn above(&self, epoch: u64) -> Self {
        let raised = |held: &Held| Held {
            epoch: held.epoch.max(epoch + 1),
            ..*held
        };
        let shards = self.shards.iter().map(raised).collect();
        Self::new(self.version + 1, shards, self.leaving.clone())
    }

    /// The next version, in which `shards` have changed hands under their old epochs.
    #[cfg(test)]
    pub fn moved_without_epoch(&self, moves: &[Move], leaving: BTreeSet<Process>) -> Self {
        let mut next = self.moved(moves, leaving);
        for to in moves {
            next.shards[usize::from(to.shard.0)].epoch -= 1;
        }
        next
    }
}
