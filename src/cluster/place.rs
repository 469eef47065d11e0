//! Who should own which shard. Pure and deterministic, so that all who see the same decide the same;
//! where they do not, the version of the map lets one of them through.

use std::collections::BTreeSet;

use crest_actors::ids::Shard;

use super::assignment::{Held, Map, Move};
use super::limits::ROUND_SHARE;
use super::process::Process;

/// Shards that one process gives away at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    pub giver: Process,
    pub moves: Vec<Move>,
}

/// The first map of a cluster: `size` shards under `epoch`, spread over `living`, which is not empty.
pub fn first(size: u16, living: &[Process], epoch: u64) -> Map {
    let mut living = living.to_vec();
    living.sort_unstable();
    let held = |shard: u16| Held {
        owner: living[usize::from(shard) % living.len()],
        epoch,
    };
    Map::new(1, (0..size).map(held).collect(), Default::default())
}

/// A new owner for every shard of the dead, at once, each to whoever has least. Nothing where nobody
/// is left.
pub fn orphans(map: &Map, is_dead: impl Fn(Process) -> bool, living: &[Process]) -> Vec<Move> {
    let dead: Vec<Process> = map
        .owners()
        .iter()
        .copied()
        .filter(|it| is_dead(*it))
        .collect();
    if dead.is_empty() {
        return Vec::new();
    }
    let orphaned = |shard: &(Shard, Held)| dead.contains(&shard.1.owner);
    let mut loads = Loads::of(map, map.leaving(), living);
    let shards = map.shards().filter(orphaned).map(|(shard, _)| shard);
    shards.map_while(|shard| loads.give(shard)).collect()
}

/// The next planned round: at most a tenth of all shards, from one giver. A process that leaves
/// gives all it has, the lowest first; else whoever has most gives until nobody has two more than
/// another. `leaving` are those who want to leave, whether the map says so yet or not.
pub fn round(map: &Map, leaving: &BTreeSet<Process>, living: &[Process]) -> Option<Round> {
    let mut loads = Loads::of(map, leaving, living);
    let leaver = map.owners().iter().find(|it| leaving.contains(it));
    let giver = match leaver {
        Some(leaver) => *leaver,
        None => loads.most()?,
    };
    let most = (map.size() / ROUND_SHARE).max(1);
    let mut moves = Vec::new();
    for shard in map.shards_of(giver).take(most) {
        if leaver.is_none() && !loads.lighten(giver) {
            break;
        }
        moves.extend(loads.give(shard));
    }
    (!moves.is_empty()).then_some(Round { giver, moves })
}

/// How many shards each receiver has.
struct Loads(Vec<(usize, Process)>);

impl Loads {
    fn of(map: &Map, leaving: &BTreeSet<Process>, living: &[Process]) -> Self {
        let stays = |process: &&Process| !leaving.contains(process);
        let load = |process: &Process| (map.shards_of(*process).count(), *process);
        Self(living.iter().filter(stays).map(load).collect())
    }

    /// To whoever has least, the lowest first.
    fn give(&mut self, shard: Shard) -> Option<Move> {
        let least = self.0.iter_mut().min()?;
        least.0 += 1;
        Some(Move { shard, to: least.1 })
    }

    /// Whoever has most, the lowest first.
    fn most(&self) -> Option<Process> {
        let by_load = self
            .0
            .iter()
            .max_by_key(|(load, process)| (*load, std::cmp::Reverse(*process)));
        by_load.map(|(_, process)| *process)
    }

    /// Takes one from `giver` if somebody has at least two fewer.
    fn lighten(&mut self, giver: Process) -> bool {
        let least = self
            .0
            .iter()
            .map(|(load, _)| *load)
            .min()
            .unwrap_or(usize::MAX);
        let own = self.0.iter_mut().find(|(_, process)| *process == giver);
        match own {
            Some((load, _)) if *load >= least.saturating_add(2) => {
                *load -= 1;
                true
            }
            _ => false,
        }
    }
}
