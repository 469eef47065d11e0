//! After the storm: everything must come to rest, and one more death must be mended in time.

use std::collections::BTreeMap;

use crest_actors::ids::Shard;

use super::event::{Happening, Who};
use super::swarm::SHARDS;
use super::world::World;
use crate::cluster::limits::TICK_MS;
use crate::cluster::member::Input;
use crate::cluster::process::Process;

/// However bad it was, so long after the trouble every shard has an owner who acts.
pub const OWNED_WITHIN_MS: u64 = 10_000;
/// After a single death most shards are served again within so long.
pub const SERVED_WITHIN_MS: u64 = 5_000;
/// From the calm until a process is struck down, and from there to the end.
const REST_MS: u64 = 12_000;

#[derive(Default)]
pub struct Watch {
    /// When the calm began.
    since: u64,
    struck: Option<(u64, Vec<Shard>)>,
    drains: Option<Who>,
    /// Since when nobody holds a shard.
    nobody: BTreeMap<Shard, u64>,
    pub recovery_ms: Vec<u64>,
    pub ended: bool,
}

impl Watch {
    /// This process was told to drain in the calm, and its node stays away.
    pub fn is_last_drain(&self, who: Who) -> bool {
        self.drains == Some(who)
    }
}

impl World {
    pub fn calm(&mut self) {
        self.storm = false;
        self.watch.since = self.now;
        // One process a node: the newest.
        for who in 0..self.procs.len() {
            let node = self.procs[who].me.node;
            let newer = self.procs[who + 1..].iter();
            if newer.filter(|it| it.up).any(|it| it.me.node == node) {
                self.procs[who].up = false;
            }
        }
        self.after(REST_MS, Happening::Strike);
        self.after(TICK_MS, Happening::Sample);
        self.after(2 * REST_MS, Happening::End);
    }

    /// One process dies, or drains.
    pub fn strike(&mut self) {
        let up: Vec<Who> = self.up().collect();
        if up.len() < 2 {
            return;
        }
        let Some(who) = self.random.pick(&up) else {
            return;
        };
        if self.random.chance(30) {
            self.watch.drains = Some(who);
            self.input(who, Input::Drain);
            return;
        }
        let me = self.procs[who].me;
        let held = self
            .holders()
            .into_iter()
            .filter(|(_, process)| *process == me);
        let shards = held.map(|(shard, _)| shard).collect();
        self.watch.struck = Some((self.now, shards));
        self.procs[who].up = false;
    }

    /// Looks for shards that nobody holds.
    pub fn sample(&mut self) {
        self.after(TICK_MS, Happening::Sample);
        let holders = self.holders();
        self.oracle.holders(&holders);
        for shard in (0..SHARDS).map(|it| Shard(it as u8)) {
            if holders.iter().any(|(held, _)| *held == shard) {
                self.found(shard);
                continue;
            }
            let since = *self.watch.nobody.entry(shard).or_insert(self.now);
            let waited = self.now - since.max(self.watch.since);
            if waited > OWNED_WITHIN_MS {
                self.oracle
                    .complain(|| format!("nobody holds {shard:?} for {waited} ms"));
            }
        }
    }

    /// Everything is shared evenly, and who drained is gone.
    pub fn end(&mut self) {
        self.watch.ended = true;
        if let Some(who) = self.watch.drains.filter(|who| self.procs[*who].up) {
            let me = self.procs[who].me;
            self.oracle.complain(|| format!("{me:?} drains and drains"));
        }
        let holders = self.holders();
        let load = |process: Process| holders.iter().filter(|it| it.1 == process).count();
        let loads: Vec<usize> = self.up().map(|who| load(self.procs[who].me)).collect();
        let (most, least) = (loads.iter().max(), loads.iter().min());
        let even = matches!((most, least), (Some(most), Some(least)) if most - least <= 1);
        let all: usize = loads.iter().sum();
        if !even || all != usize::from(SHARDS) {
            self.oracle
                .complain(|| format!("after a rest the loads are {loads:?}"));
        }
    }

    fn found(&mut self, shard: Shard) {
        self.watch.nobody.remove(&shard);
        if let Some((at, shards)) = &mut self.watch.struck
            && let Some(place) = shards.iter().position(|it| *it == shard)
        {
            shards.remove(place);
            self.watch.recovery_ms.push(self.now - *at);
        }
    }
}
