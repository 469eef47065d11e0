//! What every engine behind the log port must do. [`suite!`] makes one test of each promise for each
//! engine: a function that opens a store in a directory, again and again.

use std::path::Path;
use std::sync::{Arc, mpsc};

use crest::store::{Durability, EmbeddedStore};
use crest_actors::conversation::PhaseKind;
use crest_actors::ids::{Shard, Token};
use crest_actors::ports::{LogId, LogStore};

use crate::harness::*;

/// Opens the engine's store in a directory; what was stored there before is there again.
type Open = fn(&Path) -> Arc<dyn LogStore>;

macro_rules! suite {
    ($($promise:ident),+ $(,)?) => {
        mod embedded {
            $(#[test]
            fn $promise() {
                super::$promise(super::embedded);
            })+
        }

        mod cql {
            $(#[test]
            fn $promise() {
                if crate::cassandra::wanted() {
                    let _dropped_at_the_end = crate::cassandra::Keyspaces;
                    super::$promise(super::cql);
                }
            })+
        }
    };
}

fn embedded(directory: &Path) -> Arc<dyn LogStore> {
    Arc::new(EmbeddedStore::open(directory, Durability::Synced).expect("opens"))
}

fn cql(directory: &Path) -> Arc<dyn LogStore> {
    Arc::new(crate::cql::open(directory))
}

suite!(
    an_unknown_log_is_empty,
    events_read_back_dense_and_in_order,
    kinds_of_logs_and_tenants_are_apart,
    a_new_activation_fences_the_old_one,
    an_activation_in_the_queue_fences_what_comes_after_it,
    tokens_rise_over_a_restart,
    an_append_that_does_not_continue_is_refused_alone,
    an_append_without_activation_is_refused,
    appends_to_one_log_in_one_batch_follow_each_other,
    an_activation_starts_at_the_newest_base,
    pages_join_without_gap_or_repeat,
    what_was_stored_is_there_after_reopening,
    awake_conversations_are_found_by_shard,
    a_summary_is_stored_with_its_append_or_not_at_all,
    batches_of_one_thread_complete_in_order,
    submitters_do_not_disturb_each_other,
);

fn an_unknown_log_is_empty(open: Open) {
    let directory = Directory::new();
    let store = open(directory.path());
    assert_eq!(read(&*store, &conversation(1), 0, 10), Ok(vec![]));
    let activation = activate(&*store, &conversation(1)).expect("activated");
    assert_eq!(activation.records, vec![]);
}

fn events_read_back_dense_and_in_order(open: Open) {
    let directory = Directory::new();
    let store = open(directory.path());
    let texts: Vec<String> = (1..=200).map(|n| format!("event {n}")).collect();
    let log = conversation(1);
    let token = activate(&*store, &log).expect("activated").token;
    for (first, text) in (1..).zip(&texts) {
        let batch = vec![append(&log, token, first, &[text])];
        assert_eq!(submit(&*store, batch), Ok(vec![]));
    }
    let records = read(&*store, &log, 0, usize::MAX).expect("read");
    assert_eq!(seqs(&records), (1..=200).collect::<Vec<_>>());
    assert_eq!(bodies(&records), texts);
    assert_eq!(activate(&*store, &log).expect("activated").records, records);
}

fn kinds_of_logs_and_tenants_are_apart(open: Open) {
    let directory = Directory::new();
    let store = open(directory.path());
    let mut other_tenant = key(1);
    other_tenant.tenant = "elsewhere".into();
    let logs = [
        (conversation(1), "transcript"),
        (LogId::Conversation(other_tenant), "of another tenant"),
        (ledger("li"), "ledger"),
        (pointer("li"), "pointer"),
    ];
    for (log, body) in &logs {
        write(&*store, log, &[body]);
    }
    for (log, body) in &logs {
        assert_eq!(bodies(&read(&*store, log, 0, 9).expect("read")), [*body]);
    }
}

fn a_new_activation_fences_the_old_one(open: Open) {
    let directory = Directory::new();
    let store = open(directory.path());
    let log = conversation(1);
    let old = write(&*store, &log, &["a"]);
    let new = activate(&*store, &log).expect("activated").token;
    assert!(new > old);
    let late = append(&log, old, 2, &["late"]);
    assert_eq!(submit(&*store, vec![late]), Ok(vec![log.clone()]));
    let next = append(&log, new, 2, &["b"]);
    assert_eq!(submit(&*store, vec![next]), Ok(vec![]));
    assert_eq!(
        bodies(&read(&*store, &log, 0, 9).expect("read")),
        ["a", "b"]
    );
}

/// What the old owner submitted before is in the activation, what it submits after is refused.
fn an_activation_in_the_queue_fences_what_comes_after_it(open: Open) {
    let directory = Directory::new();
    let store = open(directory.path());
    let log = conversation(1);
    let old = activate(&*store, &log).expect("activated").token;
    let (answers, answered) = mpsc::channel();
    let (activations, activated) = mpsc::channel();
    for first in 1..=3 {
        let answers = answers.clone();
        let batch = vec![append(&log, old, first, &["x"])];
        store.submit(
            batch,
            Box::new(move |outcome| answers.send(outcome).expect("waits")),
        );
    }
    let done = move |activation| activations.send(activation).expect("waits");
    store.activate(log.clone(), Box::new(done));
    let late = vec![append(&log, old, 4, &["late"])];
    store.submit(
        late,
        Box::new(move |outcome| answers.send(outcome).expect("waits")),
    );
    let activation = activated.recv().expect("answer").expect("activated");
    assert_eq!(seqs(&activation.records), [1, 2, 3]);
    let outcomes: Vec<_> = answered.iter().collect();
    let accepted = Ok(vec![]);
    assert_eq!(
        outcomes,
        [accepted.clone(), accepted.clone(), accepted, Ok(vec![log])]
    );
}

fn tokens_rise_over_a_restart(open: Open) {
    let directory = Directory::new();
    let log = conversation(1);
    let mut newest = Token::default();
    for _ in 0..3 {
        let store = open(directory.path());
        for _ in 0..3 {
            let token = activate(&*store, &log).expect("activated").token;
            assert!(token > newest, "{token:?} after {newest:?}");
            newest = token;
        }
    }
    let store = open(directory.path());
    let late = append(&log, newest, 1, &["of the last process"]);
    assert_eq!(submit(&*store, vec![late]), Ok(vec![log]));
}

fn an_append_that_does_not_continue_is_refused_alone(open: Open) {
    let directory = Directory::new();
    let store = open(directory.path());
    let (behind, ahead, good) = (conversation(1), conversation(2), conversation(3));
    let tokens = [&behind, &ahead, &good].map(|log| write(&*store, log, &["a", "b"]));
    let batch = vec![
        append(&behind, tokens[0], 2, &["again"]),
        append(&ahead, tokens[1], 4, &["leaves a hole"]),
        append(&good, tokens[2], 3, &["c"]),
    ];
    assert_eq!(
        submit(&*store, batch),
        Ok(vec![behind.clone(), ahead.clone()])
    );
    let after = |log| bodies(&read(&*store, log, 0, 9).expect("read")).join("");
    assert_eq!([&behind, &ahead, &good].map(after), ["ab", "ab", "abc"]);
}

fn an_append_without_activation_is_refused(open: Open) {
    let directory = Directory::new();
    let store = open(directory.path());
    let log = conversation(1);
    let batch = vec![append(&log, Token::default(), 1, &["a"])];
    assert_eq!(submit(&*store, batch), Ok(vec![log.clone()]));
    assert_eq!(read(&*store, &log, 0, 9), Ok(vec![]));
}

fn appends_to_one_log_in_one_batch_follow_each_other(open: Open) {
    let directory = Directory::new();
    let store = open(directory.path());
    let log = conversation(1);
    let token = activate(&*store, &log).expect("activated").token;
    let batch = vec![
        append(&log, token, 1, &["a", "b"]),
        append(&log, token, 3, &["c"]),
    ];
    assert_eq!(submit(&*store, batch), Ok(vec![]));
    let records = read(&*store, &log, 0, 9).expect("read");
    assert_eq!(bodies(&records), ["a", "b", "c"]);
}

fn an_activation_starts_at_the_newest_base(open: Open) {
    let directory = Directory::new();
    let log = ledger("li");
    let filler = vec!["x"; 100];
    let steps = [
        (vec!["a", "=b", "c"], 2),
        (filler.clone(), 2),
        (vec!["=d", "=e"], 105),
        (filler, 105),
    ];
    for (appended, newest_base) in steps {
        let store = open(directory.path());
        write(&*store, &log, &appended);
        starts_at(&*store, &log, newest_base);
        drop(store);
        starts_at(&*open(directory.path()), &log, newest_base);
    }
}

fn starts_at(store: &dyn LogStore, log: &LogId, newest_base: usize) {
    let records = activate(store, log).expect("activated").records;
    let all = read(store, log, 0, usize::MAX).expect("read");
    assert_eq!(records, all[newest_base - 1..]);
    assert!(records[0].record.base);
}

fn pages_join_without_gap_or_repeat(open: Open) {
    let directory = Directory::new();
    let store = open(directory.path());
    let log = conversation(1);
    let texts: Vec<String> = (1..=333).map(|n| n.to_string()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    for part in texts.chunks(41) {
        write(&*store, &log, part);
    }
    for limit in [1, 7, 32, 300, 1_000] {
        let mut joined = Vec::new();
        loop {
            let after = joined.len() as u64;
            let page = read(&*store, &log, after, limit).expect("read");
            assert!(page.len() <= limit);
            if page.is_empty() {
                break;
            }
            joined.extend(page);
        }
        assert_eq!(bodies(&joined), texts, "limit {limit}");
    }
    assert_eq!(read(&*store, &log, 333, 5), Ok(vec![]));
    assert_eq!(read(&*store, &log, 9_999, 5), Ok(vec![]));
    assert_eq!(read(&*store, &log, u64::MAX, 5), Ok(vec![]));
    assert_eq!(read(&*store, &log, 0, 0), Ok(vec![]));
}

fn what_was_stored_is_there_after_reopening(open: Open) {
    let directory = Directory::new();
    let logs: Vec<LogId> = (0..20).map(conversation).collect();
    let mut expected = 0;
    for round in 1..=4 {
        let store = open(directory.path());
        for log in &logs {
            write(&*store, log, &vec!["x"; round * 7]);
        }
        expected += round * 7;
        for log in &logs {
            let records = read(&*store, log, 0, usize::MAX).expect("read");
            assert_eq!(seqs(&records), (1..=expected as u64).collect::<Vec<_>>());
        }
    }
}

fn awake_conversations_are_found_by_shard(open: Open) {
    let directory = Directory::new();
    let store = open(directory.path());
    for n in [1, 2, 3, 257] {
        open_conversation(&*store, n, PhaseKind::Waiting);
    }
    let shards = |shards: &[u8]| awake(&*store, shards.iter().copied().map(Shard).collect());
    assert_eq!(shards(&[1]), [key(1), key(257)]);
    assert_eq!(shards(&[2, 3, 4]), [key(2), key(3)]);
    assert_eq!(shards(&[]), []);
    let token = activate(&*store, &conversation(2))
        .expect("activated")
        .token;
    let mut closing = append(&conversation(2), token, 2, &["closed"]);
    closing.summary = Some(summary(2, PhaseKind::Closed));
    assert_eq!(submit(&*store, vec![closing]), Ok(vec![]));
    assert_eq!(shards(&[2, 3, 4]), [key(3)]);
    drop(store);
    assert_eq!(
        awake(&*open(directory.path()), vec![Shard(1)]),
        [key(1), key(257)]
    );
}

fn a_summary_is_stored_with_its_append_or_not_at_all(open: Open) {
    let directory = Directory::new();
    let store = open(directory.path());
    open_conversation(&*store, 1, PhaseKind::Waiting);
    let mut stale = append(&conversation(1), Token::default(), 2, &["closed"]);
    stale.summary = Some(summary(1, PhaseKind::Closed));
    assert_eq!(submit(&*store, vec![stale]), Ok(vec![conversation(1)]));
    assert_eq!(awake(&*store, vec![Shard(1)]), [key(1)]);
}

fn open_conversation(store: &dyn LogStore, n: u64, phase: PhaseKind) {
    let log = conversation(n);
    let token = activate(store, &log).expect("activated").token;
    let mut opening = append(&log, token, 1, &["opened"]);
    opening.summary = Some(summary(n, phase));
    assert_eq!(submit(store, vec![opening]), Ok(vec![]));
}

fn batches_of_one_thread_complete_in_order(open: Open) {
    let directory = Directory::new();
    let store = open(directory.path());
    let (good, bad) = (conversation(1), conversation(2));
    let token = activate(&*store, &good).expect("activated").token;
    let (answers, answered) = mpsc::channel();
    for n in 1..=500 {
        // Refused ones must not overtake those that wait for the disk.
        let batch = match n % 2 {
            1 => append(&good, token, n / 2 + 1, &["x"]),
            _ => append(&bad, Token::default(), 1, &["x"]),
        };
        let answers = answers.clone();
        let done = move |outcome| answers.send((n, outcome)).expect("waits");
        store.submit(vec![batch], Box::new(done));
    }
    drop(answers);
    for (expected, (n, outcome)) in (1..).zip(answered) {
        assert_eq!(n, expected);
        let refused = if n % 2 == 1 {
            vec![]
        } else {
            vec![bad.clone()]
        };
        assert_eq!(outcome, Ok(refused));
    }
}

fn submitters_do_not_disturb_each_other(open: Open) {
    let directory = Directory::new();
    let store = open(directory.path());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let store = &store;
            scope.spawn(move || {
                let logs: Vec<LogId> = (0..5).map(|n| conversation(thread * 5 + n)).collect();
                let tokens: Vec<Token> = logs
                    .iter()
                    .map(|log| activate(&**store, log).expect("activated").token)
                    .collect();
                for first in 1..=40 {
                    let each = logs.iter().zip(&tokens);
                    let batch = each.map(|(log, token)| append(log, *token, first, &["x"]));
                    assert_eq!(submit(&**store, batch.collect()), Ok(vec![]));
                }
            });
        }
    });
    for n in 0..20 {
        let records = read(&*store, &conversation(n), 0, usize::MAX).expect("read");
        assert_eq!(seqs(&records), (1..=40).collect::<Vec<_>>());
    }
}
