//! The shards a process holds: what the map gives it, less what it is letting go of.
//!
//! Ownership is read from the map and from nothing else; what became of a CAS does not matter but
//! for the map it left. A shard once named in a CAS stays let go until the map has a higher version:
//! only then can that CAS, however late it comes, not be carried out any more.

use std::sync::Arc;

use crest_actors::ids::Shard;

use super::ask::{Answer, Ask};
use super::assignment::{Map, Move};
use super::limits::{AGAIN_MS, HINT_PAUSE_MS, MAP_READ_MS, ROUND_MS};
use super::member::Output;
use super::observe::Observer;
use super::place;
use super::process::{BootMs, NodeId, Process};
use super::rules::{Fault, Rules};

/// Moves of this process's own shards, asked for under this version.
#[derive(Debug)]
struct LettingGo {
    version: u64,
    moves: Vec<Move>,
}

/// What was last said of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    Here(u64),
    Elsewhere(NodeId, u64),
}

/// Why the map may be changed, and by whom.
pub struct Occasion<'a> {
    pub seen: &'a Observer,
    /// This process may act.
    pub holds: bool,
    /// It wants to give everything away.
    pub drains: bool,
}

#[derive(Debug)]
pub struct Holdings {
    me: Process,
    size: u16,
    /// Of a map that is yet to be made.
    first_epoch: u64,
    map: Option<Arc<Map>>,
    /// The map is as read, and the outcome of no CAS is open.
    settled: bool,
    tried: Option<Arc<Map>>,
    letting_go: Option<LettingGo>,
    said: Vec<Said>,
    /// Something changed since the last word.
    stale: bool,
    learnt_at: BootMs,
    read_at: BootMs,
    round_at: BootMs,
    not_before: BootMs,
    rules: Rules,
}

impl Holdings {
    /// `size` shards are made if there is no map yet.
    pub fn new(me: Process, size: u16, rules: Rules) -> Self {
        Self {
            me,
            size,
            first_epoch: 1,
            map: None,
            settled: false,
            tried: None,
            letting_go: None,
            said: vec![Said::Nothing; usize::from(size)],
            stale: true,
            learnt_at: BootMs(0),
            read_at: BootMs(0),
            round_at: BootMs(0),
            not_before: BootMs(0),
            rules,
        }
    }

    /// Where a map is made, its epochs are this.
    pub fn begin_at(&mut self, epoch: u64) {
        self.first_epoch = epoch;
    }

    pub fn map(&self) -> Option<&Arc<Map>> {
        self.map.as_ref()
    }

    /// The epoch under which the shard is held, as last said.
    pub fn epoch(&self, shard: Shard) -> Option<u64> {
        match self.said.get(usize::from(shard.0)) {
            Some(Said::Here(epoch)) => Some(*epoch),
            _ => None,
        }
    }

    /// Nothing is left to give away, and the map says so.
    pub fn is_empty(&self) -> bool {
        let none = |map: &Arc<Map>| !map.owners().contains(&self.me);
        self.settled && self.map.as_ref().is_some_and(none)
    }

    /// Somebody says that the map has this version.
    pub fn hint(&mut self, now: BootMs, version: u64) {
        if self.map.as_ref().is_none_or(|map| map.version() < version) {
            self.doubt(now);
        }
    }

    /// The map may have changed: it is read soon.
    pub fn doubt(&mut self, now: BootMs) {
        let soon = now.max(self.learnt_at.plus(HINT_PAUSE_MS));
        self.read_at = self.read_at.min(soon);
    }

    /// What to ask now that nothing is asked. Shards to be moved by it are let go of at once: see
    /// [`Holdings::tell`].
    pub fn next(&mut self, now: BootMs, occasion: &Occasion<'_>) -> Option<Ask> {
        if now < self.not_before {
            return None;
        }
        if !self.settled || now >= self.read_at {
            return Some(Ask::ReadMap);
        }
        if !occasion.holds {
            return None;
        }
        let next = match self.map.clone() {
            None => {
                let mut living = occasion.seen.living(now);
                living.push(self.me);
                place::first(self.size, &living, self.first_epoch)
            }
            Some(map) => self.planned(now, &map, occasion)?,
        };
        let next = Arc::new(next);
        self.tried = Some(next.clone());
        Some(Ask::CasMap {
            expected: self.map.as_ref().map(|map| map.version()),
            next,
        })
    }

    /// Takes in the answer to what [`Holdings::next`] asked. True if this process changed the map.
    pub fn answered(&mut self, now: BootMs, answer: Answer) -> bool {
        match answer {
            Answer::Map(map) => self.learn(now, map),
            Answer::Applied => {
                let tried = self.tried.take();
                self.learn(now, tried);
                return true;
            }
            Answer::Refused => self.refused(),
            Answer::Unknown | Answer::Rows(_) | Answer::Lease(_) => self.unknown(now),
        }
        false
    }

    /// Says what changed since the last word. `holds`: this process may act.
    pub fn tell(&mut self, holds: bool, out: &mut Vec<Output>) {
        if !holds && self.said.iter().any(|said| matches!(said, Said::Here(_))) {
            out.push(Output::FenceLost);
            let here = |said: &&mut Said| matches!(said, Said::Here(_));
            for said in self.said.iter_mut().filter(here) {
                *said = Said::Nothing;
            }
            self.stale = true;
        }
        let Some(map) = self.map.clone().filter(|_| self.stale) else {
            return;
        };
        self.stale = !holds && map.owners().contains(&self.me);
        for (shard, held) in map.shards() {
            let said = self.said[usize::from(shard.0)];
            let now = if !self.is_mine(held.owner) {
                Said::Elsewhere(held.owner.node, held.epoch)
            } else if holds && !self.lets_go(shard) {
                Said::Here(held.epoch)
            } else {
                Said::Nothing
            };
            if now == said {
                continue;
            }
            if matches!(said, Said::Here(_)) {
                out.push(Output::LetGo { shard });
            }
            match now {
                Said::Nothing => {}
                Said::Here(epoch) => out.push(Output::Took { shard, epoch }),
                Said::Elsewhere(node, epoch) => out.push(Output::Elsewhere { shard, node, epoch }),
            }
            self.said[usize::from(shard.0)] = now;
        }
    }

    /// The next map, if there is a reason to change it.
    fn planned(&mut self, now: BootMs, map: &Map, occasion: &Occasion<'_>) -> Option<Map> {
        let seen = occasion.seen;
        let mut living = seen.living(now);
        living.push(self.me);
        let mut leaving = map.leaving().clone();
        leaving.retain(|process| !seen.is_dead(*process));
        if occasion.drains {
            leaving.insert(self.me);
        }
        let is_orphaned = |process| seen.is_orphaning(now, process);
        let mut moves = place::orphans(map, is_orphaned, &living);
        let open = self
            .letting_go
            .as_ref()
            .filter(|it| it.version == map.version());
        if let Some(open) = open {
            moves.extend(open.moves.iter().map(|it| Move {
                to: if living.contains(&it.to) {
                    it.to
                } else {
                    self.me
                },
                ..*it
            }));
        } else if moves.is_empty() && now >= self.round_at {
            let round = place::round(map, &leaving, &living);
            if let Some(round) = round.filter(|it| self.may_give(it.giver)) {
                moves = round.moves;
                self.letting_go = Some(LettingGo {
                    version: map.version(),
                    moves: moves.clone(),
                });
                self.stale = true;
            }
        }
        let says_more = occasion.drains && !map.leaving().contains(&self.me);
        if moves.is_empty() && !says_more {
            return None;
        }
        #[cfg(test)]
        if self.rules.breaks(Fault::KeepsEpoch) {
            return Some(map.moved_without_epoch(&moves, leaving));
        }
        Some(map.moved(&moves, leaving))
    }

    fn learn(&mut self, now: BootMs, map: Option<Arc<Map>>) {
        self.settled = true;
        self.learnt_at = now;
        self.read_at = now.plus(MAP_READ_MS);
        let version = |map: &Option<Arc<Map>>| map.as_ref().map(|map| map.version());
        let newer = version(&map) > version(&self.map);
        if newer {
            self.map = map;
            self.round_at = now.plus(ROUND_MS);
            self.stale = true;
        }
        if newer || self.rules.breaks(Fault::ResumesOnRead) {
            self.stale |= self.letting_go.take().is_some();
        }
    }

    fn refused(&mut self) {
        self.tried = None;
        self.settled = self.rules.breaks(Fault::RetriesBlindly);
        if self.settled {
            self.stale |= self.letting_go.take().is_some();
        }
    }

    fn unknown(&mut self, now: BootMs) {
        self.not_before = now.plus(AGAIN_MS);
        let tried = self.tried.take().is_some();
        if tried && self.rules.breaks(Fault::TimeoutIsNo) {
            self.stale |= self.letting_go.take().is_some();
        } else if !(tried && self.rules.breaks(Fault::RetriesBlindly)) {
            self.settled = false;
        }
    }

    fn is_mine(&self, owner: Process) -> bool {
        owner == self.me || self.rules.breaks(Fault::OwnerIsNode) && owner.node == self.me.node
    }

    fn may_give(&self, giver: Process) -> bool {
        giver == self.me || self.rules.breaks(Fault::AnyoneMoves)
    }

    fn lets_go(&self, shard: Shard) -> bool {
        let named = |it: &LettingGo| it.moves.iter().any(|it| it.shard == shard);
        self.letting_go.as_ref().is_some_and(named) && !self.rules.breaks(Fault::ActsUntilMoved)
    }

    /// Believes a map from anywhere, of any age.
    #[cfg(test)]
    pub fn believe(&mut self, map: Arc<Map>) {
        self.map = Some(map);
        self.stale = true;
    }
}
