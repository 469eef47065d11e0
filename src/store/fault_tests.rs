//! What the store does on a disk that is full, slow, refuses to sync or loses power.

use std::sync::mpsc;

use crest_actors::ids::Token;
use crest_actors::ports::{LogStore, StoreFailure};

use super::disk_faults::Disk;
use super::{Durability, EmbeddedStore, Engine};

#[allow(
    dead_code,
    reason = "shared with the tests from outside, which use more of it"
)]
#[path = "../../tests/store/harness.rs"]
mod harness;

use harness::*;

fn open(directory: &Directory) -> EmbeddedStore {
    EmbeddedStore::open(directory.path(), Durability::Synced).expect("opens")
}

#[test]
fn a_full_disk_is_said_reads_go_on_and_room_heals_it() {
    let directory = Directory::new();
    let disk = Disk::under(directory.path());
    let store = open(&directory);
    let log = conversation(1);
    let token = write(&store, &log, &["a"]);
    let next = || vec![append(&log, token, 2, &["b"])];
    disk.set_full(true);
    for _ in 0..3 {
        let full = Err(StoreFailure::Unavailable("disk full".to_owned()));
        assert_eq!(submit(&store, next()), full);
        assert_eq!(bodies(&read(&store, &log, 0, 9).expect("read")), ["a"]);
    }
    assert_eq!(
        activate(&store, &conversation(2))
            .expect("activated")
            .records,
        []
    );
    assert!(!store.answers(), "whoever is new goes elsewhere");
    disk.set_full(false);
    assert_eq!(submit(&store, next()), Ok(vec![]));
    assert!(store.answers());
    drop(store);
    let records = read(&open(&directory), &log, 0, 9).expect("read");
    assert_eq!(bodies(&records), ["a", "b"]);
}

#[test]
fn a_failed_sync_seals_the_store_without_a_second_try() {
    let directory = Directory::new();
    let disk = Disk::under(directory.path());
    let store = open(&directory);
    let log = conversation(1);
    let token = write(&store, &log, &["a"]);
    let next = || vec![append(&log, token, 2, &["b"])];
    let is_unavailable = |outcome| matches!(outcome, Err(StoreFailure::Unavailable(_)));
    disk.refuse_to_sync(true);
    assert!(is_unavailable(submit(&store, next())));
    disk.refuse_to_sync(false);
    let before = disk.syncs_begun();
    assert!(is_unavailable(submit(&store, next())));
    assert!(activate(&store, &log).is_err());
    assert_eq!(bodies(&read(&store, &log, 0, 9).expect("read")), ["a"]);
    store.close();
    assert_eq!(disk.syncs_begun(), before);
    drop(store);
    let store = open(&directory);
    let records = read(&store, &log, 0, 9).expect("read");
    assert!(matches!(bodies(&records)[..], ["a"] | ["a", "b"]));
    write(&store, &log, &["c"]);
}

#[test]
fn while_a_sync_is_slow_nothing_is_acknowledged_and_the_rest_waits_for_one_commit() {
    let directory = Directory::new();
    let disk = Disk::under(directory.path());
    let store = open(&directory);
    let log = conversation(1);
    let token = write(&store, &log, &["a"]);
    let (answers, answered) = mpsc::channel();
    let begun = disk.syncs_begun();
    disk.hold_syncs(true);
    for first in 2..=100 {
        let answers = answers.clone();
        let batch = vec![append(&log, token, first, &["x"])];
        let done = move |outcome| answers.send(outcome).expect("waits");
        store.submit(batch, Box::new(done));
        if first == 2 {
            disk.wait_for_sync(begun + 1);
        }
    }
    drop(answers);
    assert_eq!(seqs(&read(&store, &log, 0, 9).expect("read")), [1]);
    assert!(answered.try_recv().is_err());
    disk.hold_syncs(false);
    assert!(answered.iter().all(|outcome| outcome == Ok(vec![])));
    assert_eq!(
        disk.syncs_begun() - begun,
        2,
        "the first, and one for all that waited"
    );
    assert_eq!(read(&store, &log, 0, 999).expect("read").len(), 100);
}

#[test]
fn what_was_acknowledged_survives_the_loss_of_power() {
    const LOGS: u64 = 3;
    // Large enough that pages are copied into the main file every few commits.
    let text = "z".repeat(400_000);
    let mut random = Random::seeded();
    let directory = Directory::new();
    let disk = Disk::under(directory.path());
    let mut acknowledged = 0;
    for _ in 0..6 {
        let store = open(&directory);
        let tokens: Vec<Token> = (0..LOGS)
            .map(|n| activate(&store, &conversation(n)).expect("activated").token)
            .collect();
        let newest = wait(|done| store.newest(conversation(0), done)).expect("read");
        let mut last = newest.0.0;
        assert!(
            last >= acknowledged,
            "{acknowledged} acknowledged, {last} left"
        );
        for n in 0..LOGS {
            let records = read(&store, &conversation(n), 0, 9_999).expect("read");
            assert_eq!(seqs(&records), (1..=last).collect::<Vec<_>>());
        }
        disk.cut_power_after(random.below(30));
        loop {
            let batch = (0..LOGS).map(|n| {
                let token = tokens[n as usize];
                append(&conversation(n), token, last + 1, &[&text])
            });
            if submit(&store, batch.collect()) != Ok(vec![]) {
                break;
            }
            last += 1;
            acknowledged = last;
            assert!(last - newest.0.0 < 60, "commits without a sync");
        }
        drop(store);
        disk.restore_power(|| random.below(2) == 0);
    }
    let report = open(&directory).verify(&mut |_, _| Ok(None), &mut |_, _| {});
    assert_eq!(report.expect("read to the end").problems, [""; 0]);
    assert!(acknowledged > 20, "{acknowledged} acknowledged");
}
