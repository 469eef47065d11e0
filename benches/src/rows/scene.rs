//! What all rows are told: where things are, and how long to measure.

use std::cell::Cell;
use std::path::PathBuf;
use std::time::Duration;

use crate::crest::{Node, Setting};

/// The surroundings of a run.
pub struct Scene {
    /// The optimised `crest`.
    pub binary: PathBuf,
    /// The folder benches/peers.
    pub peers: PathBuf,
    /// On the disk to be measured; emptied afterwards.
    pub data: PathBuf,
    pub rounds: usize,
    pub slice: Duration,
    /// Connections of the memory row: at most 19,000, a process has 20,000 descriptors.
    pub idle_connections: usize,
    next: Cell<u32>,
}

impl Scene {
    pub fn new(binary: PathBuf, peers: PathBuf, data: PathBuf) -> Self {
        Self {
            binary,
            peers,
            data,
            rounds: 20,
            slice: Duration::from_millis(250),
            idle_connections: 15_000,
            next: Cell::new(0),
        }
    }

    /// A node on fresh data.
    pub fn node(&self, setting: impl Into<Setting>) -> anyhow::Result<Node> {
        Node::start(&self.binary, self.fresh("crest"), setting.into())
    }

    /// A directory nobody has used.
    pub fn fresh(&self, name: &str) -> PathBuf {
        self.next.set(self.next.get() + 1);
        let name = format!("{name}-{}-{}", std::process::id(), self.next.get());
        self.data.join(name)
    }
}
