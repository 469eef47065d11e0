//! Counts what this process changed in the map. Whoever changed it counts it, so that the sum over
//! all nodes is the number of moves in the cluster.

use std::sync::Arc;

use crate::cluster::assignment::Map;
use crate::cluster::process::Process;

/// Shards that changed hands by one change of the map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Given away by their own process.
    pub given: u64,
    /// Taken from dead processes.
    pub taken_over: u64,
}

/// The change that was last asked for.
#[derive(Debug)]
pub struct Moves {
    me: Process,
    asked: Option<(Arc<Map>, Arc<Map>)>,
}

impl Moves {
    pub fn new(me: Process) -> Self {
        Self { me, asked: None }
    }

    /// The map is asked to be changed; the first map of all moves nothing.
    pub fn asked(&mut self, before: Option<&Arc<Map>>, next: &Arc<Map>) {
        self.asked = before.map(|before| (before.clone(), next.clone()));
    }

    /// The change that was asked for was not made: if the map is like it, another made it.
    pub fn refused(&mut self) {
        self.asked = None;
    }

    /// The map is known to be this. Counts the change asked for once that is what it shows, however
    /// its ask was answered.
    pub fn known(&mut self, map: Option<&Arc<Map>>) -> Moved {
        let asked = self
            .asked
            .take_if(|(_, next)| map.is_some_and(|map| map.version() >= next.version()));
        let mut moved = Moved::default();
        let Some((before, next)) = asked.filter(|(_, next)| map == Some(next)) else {
            return moved;
        };
        for (shard, held) in next.shards() {
            let was = before.held(shard);
            if was.epoch == held.epoch {
                continue;
            }
            if was.owner == self.me {
                moved.given += 1;
            } else {
                moved.taken_over += 1;
            }
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crest_actors::ids::Shard;

    use super::*;
    use crate::cluster::assignment::Move;
    use crate::cluster::place::first;
    use crate::cluster::process::{Incarnation, NodeId};

    fn process(node: u16) -> Process {
        Process {
            node: NodeId(node),
            incarnation: Incarnation(u128::from(node)),
        }
    }

    fn change(map: &Map, shards: &[u8]) -> Arc<Map> {
        let moves: Vec<Move> = shards
            .iter()
            .map(|shard| Move {
                shard: Shard(*shard),
                to: process(3),
            })
            .collect();
        Arc::new(map.moved(&moves, BTreeSet::new()))
    }

    #[test]
    fn a_change_counts_once_and_by_whose_the_shards_were() {
        // Shard 0 and 2 are of process 1, shard 1 of process 2.
        let before = Arc::new(first(4, &[process(1), process(2)], 1));
        let mut moves = Moves::new(process(1));
        let next = change(&before, &[0, 1, 2]);
        moves.asked(Some(&before), &next);
        assert_eq!(moves.known(Some(&before)), Moved::default());
        let read_back = Arc::new((*next).clone());
        let counted = Moved {
            given: 2,
            taken_over: 1,
        };
        assert_eq!(moves.known(Some(&read_back)), counted);
        assert_eq!(moves.known(Some(&read_back)), Moved::default());
    }

    #[test]
    fn what_another_changed_does_not_count() {
        let before = Arc::new(first(4, &[process(1), process(2)], 1));
        let mut moves = Moves::new(process(1));
        moves.asked(Some(&before), &change(&before, &[0]));
        let theirs = change(&before, &[1]);
        assert_eq!(moves.known(Some(&theirs)), Moved::default());
        let alike = change(&before, &[1]);
        moves.asked(Some(&before), &alike);
        moves.refused();
        assert_eq!(moves.known(Some(&theirs)), Moved::default());
        moves.asked(None, &before);
        assert_eq!(moves.known(Some(&before)), Moved::default());
    }
}
