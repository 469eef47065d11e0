//! How long the CQL store keeps conversations.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crest::store::cql::{CqlStore, Epoch, Place, Retention, migrate};
use crest::store::{Engine, Query};
use crest_actors::conversation::{PhaseKind, Summary};
use crest_actors::ids::{ConversationId, ConversationKey, Millis, Shard};
use crest_actors::ports::{LogId, StoreFailure};

use crate::cassandra::{self, wait_for};
use crate::cql::Bench;
use crate::harness::*;

const KEPT: Duration = Duration::from_secs(12);
const GRACE: Duration = Duration::from_secs(4);

fn now() -> Millis {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    Millis(now.expect("after 1970").as_millis() as u64)
}

fn born_now() -> ConversationKey {
    ConversationKey {
        id: ConversationId::mint(now(), [7; 9], Shard(3)),
        ..key(1)
    }
}

fn place(bench: &Bench, kept: Duration) -> Place {
    Place {
        retention: Retention { kept, grace: GRACE },
        ..cassandra::place(bench.directory.path())
    }
}

fn open(place: &Place) -> CqlStore {
    CqlStore::open(place, Epoch::Alone(0)).expect("opens")
}

/// Tables with rows of a conversation, and a column of each that has a time to live.
const TABLES: [(&str, &str); 7] = [
    ("event", "row"),
    ("marker WHERE kind = 1 ALLOW FILTERING", "first_seq"),
    ("seal", "chain"),
    ("summary_by_customer", "summary"),
    ("summary_by_agent_day", "summary"),
    ("summary_by_day", "summary"),
    ("awake_by_shard", ""),
];

#[test]
fn a_conversation_ends_as_a_whole_and_is_gone_before_its_rows_are() {
    let Some(bench) = Bench::new() else { return };
    let place = place(&bench, KEPT);
    wait_for(migrate(&place)).expect("migrated");
    let store = open(&place);
    let kept = ledger("li");
    write(&store, &kept, &["a"]);
    let key = born_now();
    let born = Instant::now();
    let log = LogId::Conversation(key.clone());
    let state = |phase| Summary {
        key: key.clone(),
        awake: true,
        ..summary(1, phase)
    };
    // Rows of two activations, some seconds apart.
    for (first, phase) in [(1, PhaseKind::Active), (3, PhaseKind::Closed)] {
        let token = activate(&store, &log).expect("activated").token;
        let mut said = append(&log, token, first, &["a", "b"]);
        said.summary = Some(state(phase));
        assert_eq!(submit(&store, vec![said]), Ok(vec![]));
        if first == 1 {
            std::thread::park_timeout(Duration::from_secs(4));
        }
    }
    let mut ends = Vec::new();
    for (table, column) in TABLES.iter().filter(|(_, column)| !column.is_empty()) {
        let ttls = bench.numbers(&format!("SELECT TTL({column}) FROM {table}"));
        let asked = born.elapsed().as_secs() as i64;
        ends.extend(ttls.into_iter().map(|ttl| asked + ttl));
    }
    assert!(ends.len() >= 10, "{ends:?}");
    let expected = (KEPT + GRACE).as_secs() as i64;
    let together = ends.iter().all(|end| (end - expected).abs() <= 2);
    assert!(together, "{ends:?}, all to be {expected}");
    // Never anything between all of it and nothing, in memory and in the tables.
    let (mut seen, mut gone) = (0, None);
    while gone.is_none_or(|gone: Instant| gone.elapsed() < GRACE + Duration::from_secs(3)) {
        let there = read(&store, &log, 0, 9).expect("no hole");
        match there.len() {
            4 if gone.is_none() => seen += 1,
            0 => gone = gone.or(Some(Instant::now())),
            other => panic!("{other} events after {:?}", born.elapsed()),
        }
        assert!(born.elapsed() < Duration::from_secs(60), "never gone");
        std::thread::park_timeout(Duration::from_millis(50));
    }
    assert!(seen > 0, "the machine is too slow for this test");
    let unavailable = Err(StoreFailure::Unavailable(
        "the conversation is older than store.retention_days".to_owned(),
    ));
    assert_eq!(activate(&store, &log).map(drop), unavailable);
    assert_eq!(wait(|done| store.summary(key.clone(), done)), Ok(None));
    assert!(awake(&store, Shard::all().collect()).is_empty());
    let all = Query::of("shop".into());
    let listed = wait(|done| store.list(all, done)).expect("listed");
    assert!(listed.conversations.is_empty());
    for (table, _) in TABLES {
        let rows = bench.numbers(&format!("SELECT COUNT(*) FROM {table}"));
        assert_eq!(rows, [0], "{table}");
    }
    drop(store);
    // What has no age to be dropped by is there.
    let store = open(&place);
    let there = read(&store, &kept, 0, 9).expect("read");
    assert_eq!(bodies(&there), ["a"]);
    assert_eq!(read(&store, &log, 0, 9), Ok(vec![]));
}

#[test]
fn another_setting_counts_for_what_is_born_later() {
    let Some(bench) = Bench::new() else { return };
    drop(bench.open());
    let store = bench.open();
    write(&store, &LogId::Conversation(born_now()), &["a"]);
    drop(store);
    let noted = || bench.numbers("SELECT kept_s FROM retention");
    assert_eq!(noted(), [] as [i64; 0]);
    let place = place(&bench, Duration::from_secs(1_000));
    for _ in 0..2 {
        drop(open(&place));
        assert_eq!(noted(), [1_000]);
    }
    // Born before it counts, and so after it, too, without an end.
    let store = open(&place);
    write(&store, &LogId::Conversation(born_now()), &["b"]);
    let ttls = || bench.numbers("SELECT TTL(row) FROM event");
    assert_eq!(ttls(), [-1, -1]);
    std::thread::park_timeout(GRACE + Duration::from_secs(1));
    write(&store, &LogId::Conversation(born_now()), &["c"]);
    let mut ttls = ttls();
    ttls.sort_unstable();
    assert_eq!(ttls[..2], [-1, -1]);
    assert!((900..=1_004).contains(&ttls[2]), "{ttls:?}");
}
