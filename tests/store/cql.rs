//! What only the CQL store does: what lies in its tables beside the log, damage, lists, epochs,
//! migrations.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crest::store::cql::{CqlFailure, CqlStore, Epoch, migrate};
use crest::store::{Engine, Inventory, Query};
use crest_actors::conversation::PhaseKind;
use crest_actors::ids::{ConversationId, Millis, Shard, Token};
use crest_actors::ports::{Activation, LogId, StoreFailure};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::value::{CqlValue, Row};

use crate::cassandra::{self, Keyspaces, wait_for};
use crate::harness::*;

/// The store in the keyspace of a directory, which is made where it is missing.
pub fn open(directory: &Path) -> CqlStore {
    let place = cassandra::place(directory);
    let opened = match CqlStore::open(&place, Epoch::Alone(0)) {
        Err(CqlFailure::Missing { .. }) => {
            wait_for(migrate(&place)).expect("migrated");
            CqlStore::open(&place, Epoch::Alone(0))
        }
        opened => opened,
    };
    let store = opened.expect("opens");
    static SAID: OnceLock<()> = OnceLock::new();
    SAID.get_or_init(|| {
        cassandra::say(&format!("tests of the CQL store run on {}", store.server()));
    });
    store
}

/// A keyspace, a store in it, and statements run past the store.
pub struct Bench {
    pub directory: Directory,
    _dropped_at_the_end: Keyspaces,
}

impl Bench {
    /// `None` where no server is wanted.
    pub fn new() -> Option<Self> {
        cassandra::wanted().then(|| Self {
            directory: Directory::new(),
            _dropped_at_the_end: Keyspaces,
        })
    }

    pub fn open(&self) -> CqlStore {
        open(self.directory.path())
    }

    pub fn run(&self, statements: &[String]) {
        let place = cassandra::place(self.directory.path());
        wait_for(async {
            let session = session(&place.nodes[0]).await;
            let used = session.use_keyspace(&place.keyspace, false).await;
            used.expect("the keyspace is there");
            for statement in statements {
                let done = session.query_unpaged(statement.as_str(), ()).await;
                done.unwrap_or_else(|why| panic!("{statement}: {why}"));
            }
        });
    }

    /// A store whose owner's epoch is this in every shard; `None`: it owns nothing.
    pub fn open_as(&self, epoch: Option<u64>) -> CqlStore {
        let place = cassandra::place(self.directory.path());
        CqlStore::open(&place, Epoch::Held(Arc::new(move |_| epoch))).expect("opens")
    }

    /// One number of each row of an answer; -1 for null.
    pub fn numbers(&self, select: &str) -> Vec<i64> {
        let place = cassandra::place(self.directory.path());
        wait_for(async {
            let session = session(&place.nodes[0]).await;
            let used = session.use_keyspace(&place.keyspace, false).await;
            used.expect("the keyspace is there");
            let answer = session.query_unpaged(select, ()).await;
            let answer = answer.unwrap_or_else(|why| panic!("{select}: {why}"));
            let rows = answer.into_rows_result().expect("rows");
            let rows = rows.rows::<Row>().expect("rows");
            let numbers = rows.map(|row| match &row.expect("a row").columns[0] {
                None => -1,
                Some(CqlValue::Int(number)) => i64::from(*number),
                Some(CqlValue::BigInt(number)) => *number,
                other => panic!("{select}: {other:?}"),
            });
            numbers.collect()
        })
    }
}

async fn session(node: &str) -> Session {
    let session = SessionBuilder::new().known_node(node).build().await;
    session.expect("a session")
}

/// The row of conversation `n` at a seq, as a condition.
fn at(n: u64, seq: u64, token: Token) -> String {
    let id = key(n).id;
    let Token { epoch, activation } = token;
    format!(
        "tenant = 'shop' AND id = 0x{id} AND bucket = {} AND seq = {seq} AND epoch = {epoch} AND activation = {activation}",
        seq / 1_000
    )
}

fn insert(n: u64, seq: u64, token: Token) -> String {
    let id = key(n).id;
    let Token { epoch, activation } = token;
    format!(
        "INSERT INTO event (tenant, id, bucket, seq, epoch, activation, row) VALUES ('shop', 0x{id}, {}, {seq}, {epoch}, {activation}, 0x00)",
        seq / 1_000
    )
}

pub fn delete(n: u64, seq: u64, token: Token) -> String {
    format!("DELETE FROM event WHERE {}", at(n, seq, token))
}

fn texts(store: &CqlStore, log: &LogId) -> Vec<String> {
    let records = activate(store, log).expect("activated").records;
    bodies(&records).iter().map(|it| (*it).to_owned()).collect()
}

#[test]
fn what_is_off_the_chain_is_not_there() {
    let Some(bench) = Bench::new() else { return };
    let store = bench.open();
    let log = conversation(1);
    let old = write(&store, &log, &["a", "b"]);
    let newest = activate(&store, &log).expect("activated").token;
    let abandoned = Token {
        activation: newest.activation + 1_000,
        ..newest
    };
    // Late: rows of a fenced owner where the newest has written nothing, and after it has.
    bench.run(&[insert(1, 3, old), insert(1, 4, old)]);
    assert_eq!(
        submit(&store, vec![append(&log, newest, 3, &["c"])]),
        Ok(vec![])
    );
    assert_eq!(texts(&store, &log), ["a", "b", "c"]);
    // A later row of an activation without a marker, behind a gap and before it.
    bench.run(&[insert(1, 4, abandoned), insert(1, 6, abandoned)]);
    assert_eq!(texts(&store, &log), ["a", "b", "c"]);
    drop(store);
    let store = bench.open();
    assert_eq!(texts(&store, &log), ["a", "b", "c"]);
    assert_eq!(
        bodies(&read(&store, &log, 0, 9).expect("read")),
        ["a", "b", "c"]
    );
}

#[test]
fn an_append_stored_in_part_is_not_there() {
    let Some(bench) = Bench::new() else { return };
    let store = bench.open();
    let log = conversation(1);
    let token = write(&store, &log, &["a", "b"]);
    assert_eq!(
        submit(&store, vec![append(&log, token, 3, &["c", "d", "e"])]),
        Ok(vec![])
    );
    drop(store);
    bench.run(&[delete(1, 5, token)]);
    let store = bench.open();
    assert_eq!(texts(&store, &log), ["a", "b"]);
    // Should the rest come late, it stays away.
    bench.run(&[insert(1, 5, token)]);
    write(&store, &log, &["f"]);
    assert_eq!(texts(&store, &log), ["a", "b", "f"]);
}

#[test]
fn a_log_that_is_not_what_was_written_is_refused_alone() {
    let Some(bench) = Bench::new() else { return };
    let store = bench.open();
    let tokens: Vec<_> = (1..=4)
        .map(|n| write(&store, &conversation(n), &["a", "b"]))
        .collect();
    for n in 1..=4 {
        write(&store, &conversation(n), &["c"]);
    }
    drop(store);
    let marker = format!(
        "DELETE FROM marker WHERE kind = 1 AND tenant = 'shop' AND id = 0x{} AND epoch = {} AND activation = {}",
        key(3).id,
        tokens[2].epoch,
        tokens[2].activation
    );
    bench.run(&[delete(1, 2, tokens[0]), insert(2, 1, tokens[1]), marker]);
    let store = bench.open();
    for (n, words) in [
        (1, "event 2 is missing"),
        (2, "event 1 is not what was written"),
        (3, "is missing"),
    ] {
        let refused = activate(&store, &conversation(n)).map(drop);
        match &refused {
            Err(StoreFailure::Corrupt(what)) => assert!(what.contains(words), "{what}"),
            other => panic!("{n}: {other:?}"),
        }
        assert_eq!(read(&store, &conversation(n), 0, 9).map(drop), refused);
    }
    assert_eq!(texts(&store, &conversation(4)), ["a", "b", "c"]);
}

#[test]
fn long_logs_cross_partitions() {
    let Some(bench) = Bench::new() else { return };
    let store = bench.open();
    for log in [conversation(1), ledger("li")] {
        let texts: Vec<String> = (1..=2_100).map(|n| n.to_string()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut next = 1;
        for part in texts.chunks(700) {
            let token = activate(&store, &log).expect("activated").token;
            let whole = submit(&store, vec![append(&log, token, next, part)]);
            assert_eq!(whole, Ok(vec![]));
            next += part.len() as u64;
        }
        let records = activate(&store, &log).expect("activated").records;
        assert_eq!(bodies(&records), texts);
        let part = read(&store, &log, 990, 20).expect("read");
        assert_eq!(seqs(&part), (991..=1_010).collect::<Vec<_>>());
    }
}

#[test]
fn lists_tell_what_the_logs_say() {
    let Some(bench) = Bench::new() else { return };
    let store = bench.open();
    const PHASES: [PhaseKind; 3] = [PhaseKind::Waiting, PhaseKind::Active, PhaseKind::Closed];
    let mut expected = Vec::new();
    for n in 0..12 {
        let log = conversation(n);
        let token = activate(&store, &log).expect("activated").token;
        let mut opening = append(&log, token, 1, &["opened"]);
        opening.summary = Some(summary(n, PhaseKind::Waiting));
        let mut later = append(&log, token, 2, &["later"]);
        let newest = summary(n, PHASES[n as usize % 3]);
        later.summary = Some(newest.clone());
        assert_eq!(submit(&store, vec![opening, later]), Ok(vec![]));
        expected.insert(0, newest);
    }
    // Index rows written before an event that never came, of a known and of an unknown conversation.
    let forged = |n: u64| {
        format!(
            "INSERT INTO summary_by_day (tenant, day, part, id, seq, epoch, activation, summary) VALUES ('shop', 0, {}, 0x{}, 99, 1, 1, 0x00)",
            n / 16,
            key(n).id
        )
    };
    bench.run(&[forged(3), forged(200)]);
    let all = Query {
        from: Some(Millis(0)),
        to: Some(Millis(100_000)),
        ..Query::of("shop".into())
    };
    let list = |store: &CqlStore, query: &Query| {
        let mut query = query.clone();
        let mut found = Vec::new();
        loop {
            let page = wait(|done| store.list(query.clone(), done)).expect("listed");
            found.extend(page.conversations);
            query.cursor = page.next;
            if query.cursor.is_none() {
                return found;
            }
        }
    };
    let check = |store: &CqlStore| {
        for limit in [1, 5, 500] {
            let all = Query {
                limit,
                ..all.clone()
            };
            assert_eq!(list(store, &all), expected, "limit {limit}");
        }
        let of = |query: Query, belongs: fn(&crest_actors::conversation::Summary) -> bool| {
            let wanted: Vec<_> = expected.iter().filter(|it| belongs(it)).cloned().collect();
            assert!(!wanted.is_empty());
            assert_eq!(list(store, &query), wanted, "{query:?}");
        };
        let customer = Some("customer-1".into());
        of(
            Query {
                customer,
                ..all.clone()
            },
            |it| it.customer.as_str() == "customer-1",
        );
        let agent = Some("mei".into());
        of(
            Query {
                agent,
                ..all.clone()
            },
            |it| it.agent.is_some(),
        );
        let phases = [PhaseKind::Active].into();
        of(
            Query {
                phases,
                ..all.clone()
            },
            |it| it.phase == PhaseKind::Active,
        );
        let found = |n| wait(|done| store.summary(key(n), done)).expect("read");
        assert_eq!(
            found(3),
            expected.iter().find(|it| it.key == key(3)).cloned()
        );
        assert_eq!(found(200), None);
        assert_eq!(found(201), None);
    };
    check(&store);
    drop(store);
    // Nothing is in use here: the tables alone must say the same.
    check(&bench.open());
}

#[test]
fn a_process_that_was_replaced_refuses_everything() {
    let Some(bench) = Bench::new() else { return };
    let old = bench.open();
    let log = conversation(1);
    let token = write(&old, &log, &["a"]);
    assert!(old.answers());
    let new = bench.open();
    let newer = activate(&new, &log).expect("activated").token;
    assert!(newer.epoch > token.epoch);
    let begun = Instant::now();
    while old.answers() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never learns");
        std::thread::park_timeout(Duration::from_millis(20));
    }
    let late = submit(&old, vec![append(&log, token, 2, &["late"])]);
    assert!(
        matches!(late, Err(StoreFailure::Unavailable(_))),
        "{late:?}"
    );
    assert_eq!(
        submit(&new, vec![append(&log, newer, 2, &["b"])]),
        Ok(vec![])
    );
    assert_eq!(texts(&new, &log), ["a", "b"]);
    // An owner that was given its epoch by others takes none.
    let place = cassandra::place(bench.directory.path());
    let given = CqlStore::open(&place, Epoch::Held(Arc::new(|_| Some(7_000)))).expect("opens");
    let token = activate(&given, &log).expect("activated").token;
    assert_eq!(token.epoch, 7_000);
    assert!(new.answers());
}

#[test]
fn an_owner_acts_only_under_the_epoch_that_it_holds() {
    let Some(bench) = Bench::new() else { return };
    drop(bench.open());
    let log = conversation(1);
    let held = Arc::new(AtomicU64::new(70));
    let epochs = {
        let held = held.clone();
        Arc::new(move |_| Some(held.load(Ordering::Acquire)).filter(|epoch| *epoch > 0))
    };
    let place = cassandra::place(bench.directory.path());
    let store = CqlStore::open(&place, Epoch::Held(epochs)).expect("opens");
    let first = activate(&store, &log).expect("activated").token;
    assert_eq!(
        submit(&store, vec![append(&log, first, 1, &["a"])]),
        Ok(vec![])
    );
    let refused = |epoch: u64| {
        held.store(epoch, Ordering::Release);
        submit(&store, vec![append(&log, first, 2, &["b"])])
    };
    // Written, and not acknowledged: somebody else may have read the log before.
    assert!(matches!(refused(0), Err(StoreFailure::Unavailable(_))));
    assert!(activate(&store, &log).is_err());
    assert!(read(&store, &log, 0, 10).is_err());
    // Owned again, which is not the same as still.
    held.store(71, Ordering::Release);
    let again = activate(&store, &log).expect("activated");
    assert_eq!(again.token.epoch, 71);
    let refused = submit(&store, vec![append(&log, first, 3, &["c"])]);
    assert_eq!(refused, Ok(vec![log.clone()]));
    // A write whose outcome was open is in the log or not; the log goes on behind it.
    let next = again.records.len() as u64 + 1;
    assert_eq!(
        submit(&store, vec![append(&log, again.token, next, &["d"])]),
        Ok(vec![])
    );
    assert_eq!(texts(&store, &log).last().map(String::as_str), Some("d"));
}

#[test]
fn a_panic_gives_up_what_was_asked_and_nothing_else() {
    let Some(bench) = Bench::new() else { return };
    drop(bench.open());
    let (log, other) = (conversation(1), conversation(2));
    let panics = Arc::new(AtomicBool::new(false));
    let epochs = {
        let panics = panics.clone();
        Arc::new(move |shard| {
            let own = std::thread::current().name() == Some("store-cql");
            let due = own && shard == log_shard(1) && panics.load(Ordering::Acquire);
            assert!(!due, "ordered by the test");
            Some(1)
        })
    };
    let place = cassandra::place(bench.directory.path());
    let store = CqlStore::open(&place, Epoch::Held(epochs)).expect("opens");
    let token = write(&store, &log, &["a"]);
    let beside = write(&store, &other, &["a"]);
    let unavailable =
        |outcome: Result<(), StoreFailure>| matches!(outcome, Err(StoreFailure::Unavailable(_)));
    panics.store(true, Ordering::Release);
    let batch = vec![append(&log, token, 2, &["b"])];
    assert!(unavailable(submit(&store, batch).map(drop)));
    assert!(unavailable(read(&store, &log, 0, 9).map(drop)));
    assert!(unavailable(activate(&store, &log).map(drop)));
    let batch = vec![append(&other, beside, 2, &["b"])];
    assert_eq!(submit(&store, batch), Ok(vec![]));
    panics.store(false, Ordering::Release);
    // Given up: only an opening tells what became of the write.
    let batch = vec![append(&log, token, 2, &["b"])];
    assert_eq!(submit(&store, batch), Ok(vec![log.clone()]));
    assert_eq!(texts(&store, &log), ["a", "b"]);
    write(&store, &log, &["c"]);
    let there = read(&store, &log, 0, 9).expect("read");
    assert_eq!(bodies(&there), ["a", "b", "c"]);
    // Nothing that was asked counts as unanswered: it need not be waited for.
    let begun = Instant::now();
    store.close();
    assert!(begun.elapsed() < Duration::from_secs(5));
}

fn log_shard(n: u64) -> Shard {
    key(n).id.shard()
}

#[test]
fn migrations_go_on_where_they_stopped_and_refuse_what_is_not_theirs() {
    let Some(bench) = Bench::new() else { return };
    drop(bench.open());
    let place = cassandra::place(bench.directory.path());
    let migrated = || wait_for(migrate(&place));
    assert_eq!(migrated().expect("up to date").applied, []);
    // As if it had been killed between two tables.
    bench.run(&[
        "DELETE FROM migration WHERE number = 1".to_owned(),
        "DROP TABLE seal".to_owned(),
    ]);
    let lacking = CqlStore::open(&place, Epoch::Alone(0)).map(drop);
    let words = lacking.expect_err("half migrated").to_string();
    assert!(words.contains("run `crest migrate --store cql`"), "{words}");
    let again = migrated().expect("goes on").applied;
    assert_eq!(again, [(place.keyspace.clone(), "0001_log")]);
    drop(bench.open());
    let refused = |change: &str, words: &str| {
        bench.run(&[change.to_owned()]);
        let opened = CqlStore::open(&place, Epoch::Alone(0)).map(drop);
        for refusal in [migrated().map(drop), opened] {
            let told = refusal.expect_err("refused").to_string();
            assert!(told.contains(words), "{told}");
        }
    };
    refused(
        "INSERT INTO migration (number, name, checksum) VALUES (99, '0099_later', 0x00)",
        "install a newer Crest",
    );
    bench.run(&["DELETE FROM migration WHERE number = 99".to_owned()]);
    refused(
        "UPDATE migration SET checksum = 0x00 WHERE number = 1",
        "was applied with another text",
    );
}

#[test]
fn what_is_brought_in_is_older_than_every_owner_and_lists_reach_back_to_it() {
    let Some(bench) = Bench::new() else { return };
    drop(bench.open());
    let place = cassandra::place(bench.directory.path());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("now");
    let born = Millis(now.as_millis() as u64 - 40 * 86_400_000);
    let mut brought = summary(1, PhaseKind::Closed);
    brought.key.id = ConversationId::mint(born, [0; 9], Shard(1));
    let log = LogId::Conversation(brought.key.clone());
    // Twice, as after a copy that was killed.
    let mut last = Token::default();
    for body in ["a", "b"] {
        let copying = CqlStore::open(&place, Epoch::Oldest).expect("opens");
        copying.reach_back(born).expect("noted");
        let Activation { token, records } = activate(&copying, &log).expect("activated");
        assert!(token.epoch == 0 && token > last, "{token:?}");
        last = token;
        let mut next = append(&log, token, records.len() as u64 + 1, &[body]);
        next.summary = Some(brought.clone());
        assert_eq!(submit(&copying, vec![next]), Ok(vec![]));
    }
    let store = bench.open();
    let mut query = Query::of(brought.key.tenant.clone());
    let mut found = Vec::new();
    loop {
        let page = wait(|done| store.list(query.clone(), done)).expect("listed");
        found.extend(page.conversations);
        query.cursor = page.next;
        if query.cursor.is_none() {
            break;
        }
    }
    assert_eq!(found, [brought.clone()]);
    // Whole, without a trace: the activation below would be void after another marker.
    let activated = activate(&store, &log).expect("activated");
    assert!(activated.token.epoch > 0);
    assert_eq!(bodies(&activated.records), ["a", "b"]);
    let copying = CqlStore::open(&place, Epoch::Oldest).expect("opens");
    assert_eq!(bodies(&copying.whole(&log).expect("read")), ["a", "b"]);
    assert_eq!(copying.logs(&brought.key.tenant), Ok(vec![log.clone()]));
    assert_eq!(copying.logs(&"other".into()), Ok(vec![]));
    let refused = activate(&copying, &log).map(|it| it.token);
    assert!(
        matches!(refused, Err(StoreFailure::Unavailable(_))),
        "{refused:?}"
    );
    let next = append(&log, activated.token, 3, &["c"]);
    assert_eq!(submit(&store, vec![next]), Ok(vec![]));
    assert_eq!(texts(&store, &log), ["a", "b", "c"]);
}
