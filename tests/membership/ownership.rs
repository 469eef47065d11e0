//! Joining, dying, leaving.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crest::cluster::limits::{LEASE_TTL_MS, ROUND_SHARE};
use crest::cluster::{NodeId, Standing, Told};
use crest_actors::ids::{SHARDS, Shard};
use crest_actors::ports::Fence;

use crate::cassandra::say;
use crate::rig::{Cluster, Node, nap};

#[test]
fn three_nodes_share_all_shards_evenly_and_go_on_while_the_machine_is_busy() {
    let Some(cluster) = Cluster::of_three() else {
        return;
    };
    for shard in Shard::all() {
        let holders = cluster.nodes.iter().filter(|it| it.fence.holds(shard));
        assert_eq!(holders.count(), 1, "{shard:?}");
    }

    // Everybody's renewals against four threads that never rest.
    let end = Instant::now() + Duration::from_secs(8);
    let busy: Vec<_> = (0..4)
        .map(|_| std::thread::spawn(move || while Instant::now() < end {}))
        .collect();
    let mut least_ms = LEASE_TTL_MS;
    while Instant::now() < end {
        for node in &cluster.nodes {
            least_ms = least_ms.min(node.view().lease_left_ms);
        }
        nap(10);
    }
    for thread in busy {
        thread.join().expect("ends");
    }
    say(&format!(
        "least time left of a lease on a busy machine: {least_ms} ms"
    ));
    assert!(least_ms > 0);
    assert!(
        cluster
            .nodes
            .iter()
            .all(|it| it.when(Told::FenceLost).is_none())
    );

    let view = cluster.nodes[0].view();
    assert_eq!(view.standing, Standing::Member);
    let nodes: Vec<_> = view
        .nodes
        .iter()
        .map(|it| (it.node, it.alive, it.own))
        .collect();
    let (one, two, three) = (NodeId(1), NodeId(2), NodeId(3));
    assert_eq!(
        nodes,
        [(one, true, true), (two, true, false), (three, true, false)]
    );
    assert!(
        view.nodes.iter().all(|it| it.beat_ms < LEASE_TTL_MS),
        "{view:?}"
    );
    let map = view.map.as_ref().expect("a map");
    for (shard, held) in map.shards() {
        let node = &cluster.nodes[usize::from(held.owner.node.0) - 1];
        assert_eq!(node.me, held.owner);
        assert_eq!(node.epoch(shard), Some(held.epoch));
    }
    let moves: u64 = cluster.nodes.iter().map(|it| it.view().moves).sum();
    let raised: u64 = map.shards().map(|(_, held)| held.epoch - 1).sum();
    assert_eq!(moves, raised, "each move is counted by one node");
    cluster.judge();
}

#[test]
fn a_node_that_ends_without_a_word_is_replaced_within_five_seconds() {
    let Some(cluster) = Cluster::of_three() else {
        return;
    };
    let [dead, left @ ..] = &cluster.nodes[..] else {
        panic!("three nodes");
    };
    let theirs: Vec<Shard> = Shard::all().filter(|it| dead.fence.holds(*it)).collect();
    let before: Vec<u64> = theirs.iter().filter_map(|it| dead.epoch(*it)).collect();
    dead.membership.close();
    let took = cluster.until(
        Duration::from_secs(5),
        "the dead node's shards are held",
        |_| {
            let held = |shard: &Shard| left.iter().any(|it| it.fence.holds(*shard));
            Shard::all().all(|shard| held(&shard))
        },
    );
    say(&format!(
        "a dead node's {} shards were taken over after {took:?}",
        theirs.len()
    ));
    for (shard, before) in theirs.iter().zip(&before) {
        let holder = left.iter().find(|it| it.fence.holds(*shard)).expect("held");
        assert_eq!(holder.epoch(*shard), Some(before + 1), "{shard:?}");
    }
    let takeovers: u64 = left.iter().map(|it| it.view().takeovers).sum();
    assert_eq!(takeovers, theirs.len() as u64);
    cluster.judge();
}

#[test]
fn a_drained_node_gives_everything_away_in_lots_and_leaves() {
    let Some(cluster) = Cluster::of_three() else {
        return;
    };
    let leaver = &cluster.nodes[1];
    let begun = Instant::now();
    leaver.membership.drain();
    let took = cluster.until(Duration::from_secs(20), "it has left", |_| {
        leaver.when(Told::Left).is_some()
    });
    say(&format!("a drain took {took:?}"));
    assert_eq!(leaver.load(), 0);
    // No bus here says that the map is new: it is read once a second.
    cluster.until(Duration::from_secs(2), "the others have everything", |it| {
        it.shares() == [0, 128, 128]
    });
    assert_eq!(leaver.view().standing, Standing::Left);
    let mut lots: Vec<(Instant, usize)> = Vec::new();
    for (at, told) in leaver.told() {
        if at < begun || !matches!(told, Told::LetGo { .. }) {
            continue;
        }
        match lots.last_mut() {
            Some((last, size)) if *last == at => *size += 1,
            _ => lots.push((at, 1)),
        }
    }
    let most = usize::from(SHARDS) / ROUND_SHARE;
    assert!(
        lots.len() > 1 && lots.iter().all(|(_, size)| *size <= most),
        "{lots:?}"
    );
    assert!(leaver.when(Told::FenceLost).is_none());
    // Nobody has to wait for its lease to end.
    let gone = |node: &Node| {
        let view = node.view();
        view.nodes
            .iter()
            .any(|it| it.node == NodeId(2) && !it.alive)
    };
    cluster.until(
        Duration::from_secs(2),
        "the others see that it left",
        |it| gone(&it.nodes[0]) && gone(&it.nodes[2]),
    );
    cluster.judge();
}

#[test]
fn hints_and_doubts_by_the_thousand_cost_little_and_lose_nothing() {
    let Some(cluster) = Cluster::of(2) else {
        return;
    };
    let begun = Instant::now();
    for version in 0..200_000 {
        cluster.nodes[0].membership.doubt();
        cluster.nodes[1].membership.hint(version);
    }
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    cluster.until(Duration::from_secs(30), "an even share each", |it| {
        it.shares() == [128, 128]
    });
    cluster.judge();
}

#[test]
fn a_second_process_of_the_same_number_waits_until_the_first_has_ended() {
    let Some(mut cluster) = Cluster::of(1) else {
        return;
    };
    cluster.until(Duration::from_secs(10), "the first has everything", |it| {
        it.loads() == [256]
    });
    cluster.nodes.push(Node::start(&cluster.place, 1));
    let [first, second] = &cluster.nodes[..] else {
        panic!("two");
    };
    nap(2 * LEASE_TTL_MS);
    assert_eq!((first.load(), second.load()), (256, 0));
    assert_eq!(second.view().standing, Standing::Joining);
    first.membership.close();
    cluster.until(Duration::from_secs(8), "the second has everything", |_| {
        second.load() == 256
    });
    let epochs: BTreeSet<_> = Shard::all().map(|shard| second.epoch(shard)).collect();
    assert_eq!(epochs, BTreeSet::from([Some(2)]));
    cluster.judge();
}
