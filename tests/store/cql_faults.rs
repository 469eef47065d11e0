//! The CQL store behind a connection that hangs, is late, and is cut before and after what was asked
//! is carried out: what was acknowledged is there once, and meanwhile the answer is `Unavailable`.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crest::store::Engine;
use crest::store::cql::{CqlStore, Epoch, Place};
use crest_actors::conversation::PhaseKind;
use crest_actors::ports::{LogId, LogStore, StoreFailure};

use crate::cassandra::{self, Keyspaces};
use crate::harness::*;
use crate::proxy::{Fault, Proxy};

/// Whoever asks is answered within this, whatever the server does.
const ANSWER_MAX: Duration = Duration::from_secs(15);
const WRITERS: u64 = 8;

#[derive(Default)]
struct Counts {
    stop: AtomicBool,
    acknowledged: AtomicU64,
    unavailable: AtomicU64,
    slowest_ms: AtomicU64,
}

/// The n-th event of a log has the body n: what is lost or doubled shows at once.
fn check(log: &LogId, there: &[String], acknowledged: u64) {
    for (place, body) in (1..).zip(there) {
        assert_eq!(
            *body,
            place.to_string(),
            "{log:?}: lost, doubled or out of order"
        );
    }
    let last = there.len() as u64;
    assert!(
        last >= acknowledged,
        "{log:?}: {acknowledged} acknowledged, {last} there"
    );
}

/// Appends to one log as its actor would: after a failure the log is activated anew, and only what
/// is not there is said again. Returns how much was acknowledged.
fn write_on(store: &CqlStore, log: &LogId, counts: &Counts) -> u64 {
    let mut acknowledged = 0;
    let timed = |begun: Instant| {
        let took = begun.elapsed().as_millis() as u64;
        counts.slowest_ms.fetch_max(took, Ordering::Relaxed);
    };
    let failed = |failure: &StoreFailure| {
        assert!(matches!(failure, StoreFailure::Unavailable(_)), "{failure}");
        counts.unavailable.fetch_add(1, Ordering::Relaxed);
        std::thread::park_timeout(Duration::from_millis(50));
    };
    while !counts.stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let activated = activate(store, log);
        timed(begun);
        let activation = match activated {
            Ok(activation) => activation,
            Err(failure) => {
                failed(&failure);
                continue;
            }
        };
        let there = bodies(&activation.records);
        let there: Vec<String> = there.iter().map(|it| (*it).to_owned()).collect();
        check(log, &there, acknowledged);
        let mut last = there.len() as u64;
        acknowledged = last;
        while !counts.stop.load(Ordering::Relaxed) {
            let texts: Vec<String> = (last + 1..=last + 1 + last % 3)
                .map(|n| n.to_string())
                .collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let begun = Instant::now();
            let batch = vec![append(log, activation.token, last + 1, &texts)];
            let outcome = submit(store, batch);
            timed(begun);
            match outcome {
                Ok(refused) if refused.is_empty() => {
                    last += texts.len() as u64;
                    acknowledged = last;
                    let said = texts.len() as u64;
                    counts.acknowledged.fetch_add(said, Ordering::Relaxed);
                }
                Ok(_) => break,
                Err(failure) => {
                    failed(&failure);
                    break;
                }
            }
        }
    }
    acknowledged
}

#[test]
fn what_was_acknowledged_is_there_once_whatever_the_connection_does() {
    if !cassandra::wanted() {
        return;
    }
    let _dropped_at_the_end = Keyspaces;
    let directory = Directory::new();
    drop(crate::cql::open(directory.path()));
    let direct = cassandra::place(directory.path());
    let proxy = Proxy::before(cassandra::address());
    let through = Place {
        nodes: vec![proxy.address.to_string()],
        ..direct.clone()
    };
    let store = CqlStore::open(&through, Epoch::Alone(0)).expect("opens");
    let counts = Counts::default();
    let mut random = Random::seeded();
    let acknowledged: Vec<u64> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|n| {
                let (store, counts) = (&store, &counts);
                scope.spawn(move || write_on(store, &log_of(n), counts))
            })
            .collect();
        let moves = |words: &str| {
            let before = counts.acknowledged.load(Ordering::Relaxed);
            until(words, || {
                counts.acknowledged.load(Ordering::Relaxed) > before + 50
            });
        };
        let refuses = |words: &str| {
            let before = counts.unavailable.load(Ordering::Relaxed);
            until(words, || {
                counts.unavailable.load(Ordering::Relaxed) > before + WRITERS
            });
            assert!(!store.answers(), "{words}: readiness must say so");
        };
        moves("at first");
        proxy.set(Fault::Late(Duration::from_millis(30)));
        moves("while answers are late");
        proxy.set(Fault::None);
        for _ in 0..10 {
            proxy.cut();
            std::thread::park_timeout(Duration::from_millis(random.below(150)));
        }
        moves("after cuts");
        for _ in 0..10 {
            let before = proxy.cuts();
            proxy.set(Fault::CutAfter);
            until("something is cut after it was carried out", || {
                proxy.cuts() > before
            });
            proxy.set(Fault::None);
            std::thread::park_timeout(Duration::from_millis(random.below(150)));
        }
        moves("after cuts that took answers with them");
        proxy.set(Fault::Silent);
        refuses("while the server hangs");
        proxy.set(Fault::None);
        moves("after it hung");
        proxy.set(Fault::Away);
        refuses("while the server is away");
        proxy.set(Fault::None);
        moves("after it was away");
        until("readiness comes back", || store.answers());
        counts.stop.store(true, Ordering::Relaxed);
        let ended = writers
            .into_iter()
            .map(|writer| writer.join().expect("no panic"));
        ended.collect()
    });
    drop(store);
    let slowest = Duration::from_millis(counts.slowest_ms.load(Ordering::Relaxed));
    assert!(slowest < ANSWER_MAX, "{slowest:?}");
    let store = CqlStore::open(&direct, Epoch::Alone(0)).expect("opens");
    for (n, acknowledged) in (0..).zip(acknowledged) {
        let records = read(&store, &log_of(n), 0, usize::MAX).expect("read");
        let there: Vec<String> = bodies(&records).iter().map(|it| (*it).to_owned()).collect();
        check(&log_of(n), &there, acknowledged);
    }
}

#[test]
fn nothing_is_acknowledged_before_the_server_has_answered() {
    if !cassandra::wanted() {
        return;
    }
    let _dropped_at_the_end = Keyspaces;
    let directory = Directory::new();
    drop(crate::cql::open(directory.path()));
    let proxy = Proxy::before(cassandra::address());
    let through = Place {
        nodes: vec![proxy.address.to_string()],
        ..cassandra::place(directory.path())
    };
    let store = CqlStore::open(&through, Epoch::Alone(0)).expect("opens");
    // One row, rows of two partitions, rows of the index, a seal, a ledger.
    let many = vec!["x"; 1_100];
    let said: Vec<_> = [
        (conversation(1), &["a"][..], None),
        (conversation(2), &many[..], None),
        (conversation(3), &["a"], Some(summary(3, PhaseKind::Active))),
        (conversation(4), &["a"], Some(summary(4, PhaseKind::Closed))),
        (ledger("li"), &["a", "b"], None),
    ]
    .into_iter()
    .map(|(log, texts, summary)| {
        let token = activate(&store, &log).expect("activated").token;
        let mut said = append(&log, token, 1, texts);
        said.summary = summary;
        said
    })
    .collect();
    proxy.set(Fault::Silent);
    let (sender, answers) = std::sync::mpsc::channel();
    let count = said.len() + 1;
    for one in said {
        let (sender, log) = (sender.clone(), format!("{:?}", one.log));
        let done = move |outcome| {
            let _ = sender.send((log, outcome == Ok(vec![])));
        };
        store.submit(vec![one], Box::new(done));
    }
    let done = move |opened: Result<_, _>| {
        let _ = sender.send(("an opening".to_owned(), opened.is_ok()));
    };
    store.activate(conversation(9), Box::new(done));
    // Well within one attempt of a request.
    let early = answers.recv_timeout(Duration::from_millis(700));
    assert!(early.is_err(), "{early:?} while nothing was answered");
    proxy.set(Fault::None);
    for _ in 0..count {
        let (what, whole) = answers.recv_timeout(ANSWER_MAX).expect("an answer");
        assert!(whole, "{what}");
    }
}

fn log_of(n: u64) -> LogId {
    if n.is_multiple_of(2) {
        conversation(n)
    } else {
        ledger(&format!("agent-{n}"))
    }
}

fn until(words: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{words}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
