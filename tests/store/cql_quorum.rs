//! What of the CQL store one replica alone cannot show: that everything is asked of a quorum, and
//! that an opening writes again what may be at some replicas only.

use crest::store::{Engine, Query};
use crest_actors::conversation::PhaseKind;
use crest_actors::ids::Seq;
use crest_actors::ports::{LogStore, StoreFailure};

use crate::cassandra;
use crate::cql::Bench;
use crate::harness::*;

#[test]
fn one_replica_of_three_is_not_enough_for_anything() {
    let Some(bench) = Bench::new() else { return };
    drop(bench.open());
    let store = bench.open_as(Some(100));
    let (log, closed, other) = (conversation(1), conversation(2), conversation(3));
    let token = write(&store, &log, &["a"]);
    let closing = activate(&store, &closed).expect("activated").token;
    let mut said = append(&closed, closing, 1, &["a"]);
    said.summary = Some(summary(2, PhaseKind::Closed));
    assert_eq!(submit(&store, vec![said]), Ok(vec![]));
    let ledgers = [ledger("li"), ledger("mei")];
    let [one, many] = ledgers.each_ref().map(|log| write(&store, log, &["a"]));
    let place = cassandra::place(bench.directory.path());
    // Two replicas of each row are on servers that do not exist.
    let replicas = |copies: u32| {
        bench.run(&[format!(
            "ALTER KEYSPACE {} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': {copies}}}",
            place.keyspace
        )]);
    };
    replicas(3);
    let unavailable = |words: &str, outcome: Result<(), StoreFailure>| {
        let is = matches!(outcome, Err(StoreFailure::Unavailable(_)));
        assert!(is, "{words}: {outcome:?}");
    };
    let say =
        |log, token, texts: &[&str]| submit(&store, vec![append(log, token, 2, texts)]).map(drop);
    std::thread::scope(|scope| {
        let (store, say) = (&store, &say);
        let asked = [
            scope.spawn(move || ("an opening", activate(store, &other).map(drop))),
            scope.spawn(|| ("an append", say(&log, token, &["b"]))),
            scope.spawn(|| ("a ledger's", say(&ledgers[0], one, &["b"]))),
            scope.spawn(|| ("several", say(&ledgers[1], many, &["b", "c"]))),
            scope.spawn(|| {
                let read = |done| store.read_sealed(closed.clone(), Seq(0), 9, done);
                ("a sealed log", wait(read).map(drop))
            }),
            scope.spawn(|| {
                let list = |done| store.list(Query::of("shop".into()), done);
                ("a list", wait(list).map(drop))
            }),
            scope.spawn(|| {
                let shards = crest_actors::ids::Shard::all().collect();
                (
                    "what is awake",
                    wait(|done| store.awake(shards, done)).map(drop),
                )
            }),
        ];
        for asked in asked {
            let (words, outcome) = asked.join().expect("no panic");
            unavailable(words, outcome);
        }
    });
    replicas(1);
    let there = activate(&store, &log).expect("activated").records;
    assert_eq!(bodies(&there)[0], "a");
}

#[test]
fn an_opening_writes_the_newest_group_and_its_marker_again() {
    let Some(bench) = Bench::new() else { return };
    drop(bench.open());
    let store = bench.open_as(Some(100));
    let log = conversation(1);
    let token = write(&store, &log, &["a"]);
    let two = vec![append(&log, token, 2, &["b", "c"])];
    assert_eq!(submit(&store, two), Ok(vec![]));
    drop(store);
    let events = || bench.numbers("SELECT WRITETIME(row) FROM event");
    let markers = || bench.numbers("SELECT WRITETIME(first_seq) FROM marker");
    let (before, marked) = (events(), markers());
    assert_eq!((before.len(), marked.len()), (3, 1));
    let next = bench.open_as(Some(101));
    activate(&next, &log).expect("activated");
    let again = |before: &[i64], after: &[i64]| before.iter().zip(after).all(|(a, b)| b > a);
    assert!(again(&before, &events()), "{before:?}, {:?}", events());
    // Newest first: the own one, then the one it continues.
    let (both, former) = (markers(), marked[0]);
    assert!(both.len() == 2 && both[1] > former, "{former}, {both:?}");
}
