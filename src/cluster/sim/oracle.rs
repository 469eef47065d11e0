//! What must be true whatever happens. It knows the store and every process; none of them knows it.

use std::collections::BTreeMap;

use crest_actors::ids::{SHARDS, Shard};

use crate::cluster::assignment::Map;
use crate::cluster::process::Process;

#[derive(Default)]
pub struct Oracle {
    /// The first time that two could have acted, in words.
    pub broken: Option<String>,
    /// The first time that something took too long or came to a bad rest.
    pub restless: Option<String>,
    /// Which process ever acted for a shard under an epoch.
    actors: BTreeMap<(Shard, u64), Process>,
    /// The newest epoch under which something was acknowledged.
    acked: BTreeMap<Shard, u64>,
    /// Maps that took shards from a dead process, and gave it some after its death.
    taken: BTreeMap<Process, (u32, u32)>,
}

impl Oracle {
    pub fn fail(&mut self, what: impl FnOnce() -> String) {
        self.broken.get_or_insert_with(what);
    }

    pub fn complain(&mut self, what: impl FnOnce() -> String) {
        self.restless.get_or_insert_with(what);
    }

    /// A process may act for a shard right now.
    pub fn may_act(&mut self, map: Option<&Map>, process: Process, shard: Shard, epoch: u64) {
        let held = map.map(|map| map.held(shard));
        if held.is_none_or(|held| held.owner != process || held.epoch != epoch) {
            self.fail(|| format!("{process:?} holds {shard:?} at {epoch}, the map says {held:?}"));
        }
        let first = *self.actors.entry((shard, epoch)).or_insert(process);
        if first != process {
            self.fail(|| format!("{process:?} and {first:?} both had {shard:?} at {epoch}"));
        }
    }

    /// Everybody who may act for each shard.
    pub fn holders(&mut self, holders: &[(Shard, Process)]) {
        let mut by_shard = [None; SHARDS as usize];
        for (shard, process) in holders {
            let place = &mut by_shard[usize::from(shard.0)];
            if let Some(other) = place.replace(*process) {
                self.fail(|| format!("{process:?} and {other:?} hold {shard:?} at once"));
            }
        }
    }

    /// A write begun under `epoch` is acknowledged.
    pub fn acknowledged(&mut self, map: Option<&Map>, process: Process, shard: Shard, epoch: u64) {
        self.may_act(map, process, shard, epoch);
        let newest = self.acked.insert(shard, epoch).unwrap_or_default();
        if newest > epoch {
            self.fail(|| format!("{shard:?} acknowledged at {epoch} after {newest}"));
        }
    }

    /// `mover` changed the map.
    pub fn moved(
        &mut self,
        mover: Process,
        before: Option<&Map>,
        after: &Map,
        is_dead: impl Fn(Process) -> bool,
    ) {
        let Some(before) = before else {
            return;
        };
        let changed = || {
            after
                .shards()
                .filter(|(shard, held)| before.held(*shard) != *held)
        };
        for owner in after.owners().iter().filter(|owner| is_dead(**owner)) {
            if changed().any(|(_, held)| held.owner == *owner) {
                self.taken.entry(*owner).or_default().1 += 1;
            }
        }
        for owner in before.owners().iter().filter(|owner| is_dead(**owner)) {
            let lost = changed().any(|(shard, _)| before.held(shard).owner == *owner);
            if !lost || *owner == mover {
                continue;
            }
            let (taken, given) = self.taken.entry(*owner).or_default();
            *taken += 1;
            let once = *taken <= 1 + *given && !after.owners().contains(owner);
            if !once {
                self.complain(|| format!("more than one CAS for the death of {owner:?}"));
            }
        }
    }
}
