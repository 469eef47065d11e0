//! A server that stands still, and one that is away.

use std::time::{Duration, Instant};

use crest::cluster::limits::LEASE_TTL_MS;
use crest::cluster::{Standing, Told};

use crate::cassandra::say;
use crate::rig::{Cluster, nap, server, signal};

#[test]
fn while_the_server_stands_still_nobody_holds_anything_and_then_all_go_on() {
    let Some(cluster) = Cluster::of_three() else {
        return;
    };
    let Some(server) = server() else {
        return say("the server was not started here: it is not stopped either");
    };
    let begun = Instant::now();
    signal(server, "-STOP");
    cluster.until(
        Duration::from_millis(LEASE_TTL_MS),
        "nothing is held",
        |it| it.loads() == [0, 0, 0],
    );
    cluster.until(Duration::from_secs(1), "everybody knows", |it| {
        let lost =
            |node: &crate::rig::Node| node.when(Told::FenceLost).is_some_and(|at| at > begun);
        it.nodes.iter().all(lost)
    });
    nap(2 * LEASE_TTL_MS);
    assert_eq!(cluster.loads(), [0, 0, 0]);
    let standing: Vec<_> = cluster.nodes.iter().map(|it| it.view().standing).collect();
    assert_eq!(standing, [Standing::Lapsed; 3]);
    assert!(cluster.nodes.iter().all(|it| it.view().trouble.is_some()));

    signal(server, "-CONT");
    let took = cluster.until(Duration::from_secs(10), "all shards are held again", |it| {
        it.loads().iter().sum::<usize>() == 256
    });
    say(&format!(
        "all shards were held again {took:?} after the server went on"
    ));
    nap(LEASE_TTL_MS);
    let expelled = cluster
        .nodes
        .iter()
        .filter(|it| it.when(Told::Expelled).is_some());
    assert_eq!(expelled.count(), 0, "the server's pause is nobody's death");
    assert_eq!(cluster.shares(), [85, 85, 86]);
    cluster.judge();
}
