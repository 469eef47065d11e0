use std::collections::BTreeSet;

use proptest::prelude::*;

use super::assignment::Map;
use super::place::{first, orphans, round};
use super::process::{Incarnation, NodeId, Process};

fn process(node: u16) -> Process {
    Process {
        node: NodeId(node),
        incarnation: Incarnation(u128::from(node)),
    }
}

fn processes(nodes: &[u16]) -> Vec<Process> {
    nodes.iter().map(|node| process(*node)).collect()
}

fn loads(map: &Map, living: &[Process]) -> Vec<usize> {
    living.iter().map(|it| map.shards_of(*it).count()).collect()
}

fn spread(map: &Map, living: &[Process]) -> usize {
    let loads = loads(map, living);
    loads.iter().max().unwrap() - loads.iter().min().unwrap()
}

/// Rounds until nothing is left to move; each must be small.
fn rest(mut map: Map, living: &[Process]) -> (Map, usize) {
    for rounds in 0..100 {
        let Some(round) = round(&map, map.leaving(), living) else {
            return (map, rounds);
        };
        assert!(round.moves.len() <= (map.size() / 10).max(1));
        for it in &round.moves {
            assert_eq!(map.held(it.shard).owner, round.giver);
            assert_ne!(it.to, round.giver);
        }
        map = map.moved(&round.moves, map.leaving().clone());
    }
    panic!("it never comes to rest");
}

#[test]
fn a_death_moves_everything_at_once_and_nothing_else() {
    let map = first(256, &processes(&[1, 2, 3]), 1);
    let living = processes(&[1, 3]);
    let moves = orphans(&map, |it| it == process(2), &living);
    assert_eq!(moves.len(), 85);
    let after = map.moved(&moves, BTreeSet::new());
    assert_eq!(loads(&after, &living), [128, 128]);
    for (shard, held) in after.shards() {
        let before = map.held(shard);
        let moved = before.owner == process(2);
        assert_eq!(held.epoch, before.epoch + u64::from(moved));
        assert!(moved || held.owner == before.owner);
    }
    assert_eq!(orphans(&map, |it| it == process(2), &[]), []);
}

#[test]
fn who_joins_is_given_its_share_a_tenth_at_a_time() {
    let map = first(256, &processes(&[1, 2, 3]), 1);
    let (after, rounds) = rest(map, &processes(&[1, 2, 3, 4]));
    assert_eq!(loads(&after, &processes(&[1, 2, 3, 4])), [64; 4]);
    assert!(rounds <= 6, "{rounds} rounds");
}

#[test]
fn who_leaves_gives_everything_and_is_given_nothing() {
    let map = first(256, &processes(&[1, 2, 3]), 1);
    let map = map.moved(&[], BTreeSet::from([process(1)]));
    let (after, rounds) = rest(map, &processes(&[1, 2, 3]));
    assert_eq!(loads(&after, &processes(&[1, 2, 3])), [0, 128, 128]);
    assert_eq!(rounds, 4);
}

#[test]
fn nobody_is_left_to_give_to() {
    let map = first(256, &processes(&[1]), 1);
    let map = map.moved(&[], BTreeSet::from([process(1)]));
    assert_eq!(round(&map, map.leaving(), &processes(&[1])), None);
}

proptest! {
    #[test]
    fn any_cluster_comes_to_rest_evenly(
        size in 1u16..=256,
        before in prop::collection::btree_set(0u16..12, 1..8),
        after in prop::collection::btree_set(0u16..12, 1..8),
        leaving in prop::collection::btree_set(0u16..12, 0..2),
    ) {
        let before: Vec<u16> = before.into_iter().collect();
        let after: Vec<u16> = after.into_iter().collect();
        let living = processes(&after);
        let map = first(size, &processes(&before), 1);
        let leaving: BTreeSet<Process> = leaving.into_iter().map(process).collect();
        let map = map.moved(&[], leaving.clone());
        let moves = orphans(&map, |it| !living.contains(&it), &living);
        let (map, _) = rest(map.moved(&moves, leaving.clone()), &living);
        let mut stay = living.clone();
        stay.retain(|it| !leaving.contains(it));
        if !stay.is_empty() {
            prop_assert!(spread(&map, &stay) <= 1);
            prop_assert_eq!(loads(&map, &stay).iter().sum::<usize>(), usize::from(size));
        }
        let mut turned = stay.clone();
        turned.reverse();
        prop_assert_eq!(round(&map, map.leaving(), &turned), None);
    }

    #[test]
    fn the_order_of_what_is_known_does_not_matter(
        nodes in prop::collection::btree_set(0u16..12, 2..8),
        dead in 0u16..12,
    ) {
        let mut living: Vec<u16> = nodes.into_iter().collect();
        let map = first(64, &processes(&living), 1);
        living.retain(|it| *it != dead);
        living.push(20);
        let (one, mut other) = (processes(&living), processes(&living));
        other.reverse();
        let is_dead = |it: Process| it == process(dead);
        prop_assert_eq!(orphans(&map, is_dead, &one), orphans(&map, is_dead, &other));
        prop_assert_eq!(round(&map, map.leaving(), &one), round(&map, map.leaving(), &other));
    }
}
