//! After the storm: everything must come to rest, and one more blow must be mended in time.

use std::collections::{BTreeMap, BTreeSet};

use crest_actors::ids::Shard;

use super::event::{Happening, Who};
use super::world::World;
use crate::cluster::limits::TICK_MS;
use crate::cluster::member::Input;
use crate::cluster::process::Process;

/// However bad it was, so long after the trouble every shard has an owner who acts.
pub const OWNED_WITHIN_MS: u64 = 10_000;
/// After the death of a minority most shards are served again within so long.
pub const SERVED_WITHIN_MS: u64 = 5_000;
/// From the calm until the blow, and from there to the end.
const BEFORE_MS: u64 = 12_000;
const AFTER_MS: u64 = 18_000;

#[derive(Default)]
pub struct Watch {
    /// When the calm began.
    since: u64,
    /// When a minority was struck, and which of its shards nobody serves yet.
    struck: Option<(u64, BTreeSet<Shard>)>,
    drains: Option<Who>,
    /// Since when nobody serves a shard.
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
        self.after(BEFORE_MS, Happening::Strike);
        self.after(TICK_MS, Happening::Sample);
        self.after(BEFORE_MS + AFTER_MS, Happening::End);
    }

    /// One process drains, or a minority dies or stands still, or all die and start again.
    pub fn strike(&mut self) {
        let mut up: Vec<Who> = self.up().collect();
        if self.random.chance(20) {
            for who in up {
                self.procs[who].up = false;
                let ms = self.random.between(0, 500);
                self.again(who, ms);
            }
            return;
        }
        let Some(who) = self.random.pick(&up).filter(|_| up.len() > 1) else {
            return;
        };
        if self.random.chance(30) {
            self.watch.drains = Some(who);
            return self.input(who, Input::Drain);
        }
        let most = ((up.len() - 1) / 2).max(1) as u64;
        let stops = self.random.chance(30);
        let mut orphaned = BTreeSet::new();
        for _ in 0..self.random.between(1, most) {
            let at = self.random.between(0, up.len() as u64 - 1) as usize;
            let who = up.swap_remove(at);
            let me = self.procs[who].me;
            let held = self.serving().into_iter().filter(|it| it.1 == me);
            orphaned.extend(held.map(|(shard, _)| shard));
            if stops {
                let now = self.now;
                self.procs[who].pause(now, now + 2 * AFTER_MS);
            } else {
                self.procs[who].up = false;
            }
        }
        self.watch.struck = Some((self.now, orphaned));
    }

    /// Looks for shards that nobody serves.
    pub fn sample(&mut self) {
        self.after(TICK_MS, Happening::Sample);
        let serving: BTreeMap<Shard, Process> = self.serving().into_iter().collect();
        for shard in self.swarm.every_shard() {
            if serving.contains_key(&shard) {
                self.found(shard);
                continue;
            }
            let since = *self.watch.nobody.entry(shard).or_insert(self.now);
            let waited = self.now - since.max(self.watch.since);
            if waited > OWNED_WITHIN_MS {
                self.oracle
                    .complain(|| format!("nobody serves {shard:?} for {waited} ms"));
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
        let serving = self.serving();
        let load = |who: Who| {
            let me = self.procs[who].me;
            serving.iter().filter(|it| it.1 == me).count()
        };
        let awake = self
            .up()
            .filter(|who| !self.procs[*who].is_paused(self.now));
        let loads: Vec<usize> = awake.map(load).collect();
        let (most, least) = (loads.iter().max(), loads.iter().min());
        let even = matches!((most, least), (Some(most), Some(least)) if most - least <= 1);
        let all: usize = loads.iter().sum();
        if !even || all != usize::from(self.swarm.shards) {
            self.oracle
                .complain(|| format!("after a rest the loads are {loads:?}"));
        }
    }

    /// Who acts for each shard and is awake to do it.
    fn serving(&self) -> Vec<(Shard, Process)> {
        let asleep = self.up().filter(|who| self.procs[*who].is_paused(self.now));
        let asleep: Vec<Process> = asleep.map(|who| self.procs[who].me).collect();
        let mut serving = self.holders();
        serving.retain(|(_, process)| !asleep.contains(process));
        serving
    }

    fn found(&mut self, shard: Shard) {
        self.watch.nobody.remove(&shard);
        if let Some((at, orphaned)) = &mut self.watch.struck
            && orphaned.remove(&shard)
        {
            self.watch.recovery_ms.push(self.now - *at);
        }
    }
}
