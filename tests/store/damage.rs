//! Torn tails and flipped bits: a prefix of commits survives, and no wrong byte is ever served.

use std::path::Path;

use crest::store::{Durability, EmbeddedStore, Engine, OpenFailure, Report};
use crest_actors::conversation::PhaseKind;
use crest_actors::ids::Shard;
use crest_actors::ports::{LogStore, StoreFailure};

use crate::harness::*;

const LOGS: u64 = 5;

fn open(directory: &Path) -> Result<EmbeddedStore, OpenFailure> {
    EmbeddedStore::open(directory, Durability::Synced)
}

/// Commits one event to each log at once, `commits` times; returns the length of the write-ahead
/// log after each.
fn commit_rounds(store: &EmbeddedStore, directory: &Path, commits: u64) -> Vec<u64> {
    let logs: Vec<_> = (0..LOGS).map(conversation).collect();
    let tokens: Vec<_> = logs
        .iter()
        .map(|log| activate(store, log).expect("activated").token)
        .collect();
    let round = |first: u64| {
        let text = format!("{first}:{}", "y".repeat(150));
        let each = logs.iter().zip(&tokens);
        let batch = each.map(|(log, token)| append(log, *token, first, &[&text]));
        assert_eq!(submit(store, batch.collect()), Ok(vec![]));
        let wal = std::fs::metadata(directory.join(WAL_FILE));
        wal.expect("a write-ahead log").len()
    };
    (1..=commits).map(round).collect()
}

#[test]
fn a_torn_or_garbled_tail_leaves_the_commits_before_it() {
    let directory = Directory::new();
    let store = open(directory.path()).expect("opens");
    let ends = commit_rounds(&store, directory.path(), 60);
    let mut random = Random::seeded();
    for turn in 0..60 {
        let torn = Directory::new();
        copy_files(directory.path(), torn.path());
        let wal = torn.path().join(WAL_FILE);
        let mut bytes = std::fs::read(&wal).expect("read");
        let from = ends[0] + random.below(bytes.len() as u64 - ends[0]);
        if turn % 2 == 0 {
            bytes.truncate(from as usize);
        } else {
            let garbled = (from as usize + 1 + random.below(9_000) as usize).min(bytes.len());
            for byte in &mut bytes[from as usize..garbled] {
                *byte ^= 1 + random.below(255) as u8;
            }
        }
        std::fs::write(&wal, bytes).expect("written");
        let whole = ends.iter().filter(|end| **end <= from).count() as u64;
        let store = open(torn.path()).expect("opens");
        for n in 0..LOGS {
            let records = read(&store, &conversation(n), 0, usize::MAX).expect("read");
            assert_eq!(
                seqs(&records),
                (1..=whole).collect::<Vec<_>>(),
                "cut at {from}"
            );
        }
        write(&store, &conversation(0), &["goes on"]);
    }
}

#[test]
fn a_flipped_bit_is_named_or_harms_nothing() {
    let directory = Directory::new();
    let store = open(directory.path()).expect("opens");
    commit_rounds(&store, directory.path(), 120);
    for n in LOGS..40 {
        let token = activate(&store, &conversation(n)).expect("activated").token;
        let mut opening = append(&conversation(n), token, 1, &["opened"]);
        opening.summary = Some(summary(n, PhaseKind::Waiting));
        assert_eq!(submit(&store, vec![opening]), Ok(vec![]));
    }
    let truth = Content::of(&store);
    assert!(truth.0.iter().all(Result::is_ok));
    store.close();
    drop(store);
    let whole = std::fs::read(directory.path().join(MAIN_FILE)).expect("read");
    let mut random = Random::seeded();
    let mut named = 0;
    for _ in 0..200 {
        let flipped = Directory::new();
        let file = flipped.path().join(MAIN_FILE);
        let mut bytes = whole.clone();
        let bit = random.below(bytes.len() as u64 * 8);
        bytes[bit as usize / 8] ^= 1 << (bit % 8);
        std::fs::write(&file, bytes).expect("written");
        match open(flipped.path()) {
            Err(OpenFailure::Corrupt { path, .. } | OpenFailure::Foreign { path }) => {
                assert_eq!(path, file);
                named += 1;
            }
            Err(other) => panic!("bit {bit}: {other}"),
            Ok(store) => named += u32::from(Content::of(&store).differs_only_openly(&truth, bit)),
        }
    }
    // Pages nobody reads in between: at most some of the index.
    assert!(named > 150, "{named} of 200 were noticed");
}

/// Everything a store says.
struct Content(Vec<Result<String, StoreFailure>>);

impl Content {
    fn of(store: &EmbeddedStore) -> Self {
        let mut said = Vec::new();
        for n in 0..40 {
            let log = conversation(n);
            said.push(read(store, &log, 0, usize::MAX).map(|it| format!("{it:?}")));
            said.push(activate(store, &log).map(|it| format!("{:?}", it.records)));
        }
        let awake = wait(|done| store.awake((0..40).map(Shard).collect(), done));
        said.push(awake.map(|keys| format!("{keys:?}")));
        Self(said)
    }

    /// Was anything noticed? Panics where something is different and not said to be.
    fn differs_only_openly(&self, truth: &Self, bit: u64) -> bool {
        let mut noticed = false;
        for (said, true_one) in self.0.iter().zip(&truth.0) {
            match said {
                Err(StoreFailure::Corrupt(what)) => {
                    assert!(what.contains(MAIN_FILE), "bit {bit}: {what}");
                    noticed = true;
                }
                Err(other) => panic!("bit {bit}: {other:?}"),
                Ok(_) => assert_eq!(said, true_one, "bit {bit}"),
            }
        }
        noticed
    }
}

#[test]
fn damage_refuses_only_the_logs_it_hits() {
    let directory = Directory::new();
    let store = open(directory.path()).expect("opens");
    write(&store, &conversation(1), &["needle"]);
    // Enough between them that they lie on different pages.
    write(&store, &conversation(2), &vec![&*"hay".repeat(300); 100]);
    write(&store, &conversation(3), &["pin"]);
    drop(store);
    let file = directory.path().join(MAIN_FILE);
    let mut bytes = std::fs::read(&file).expect("read");
    let at = bytes.windows(6).position(|window| window == b"needle");
    bytes[at.expect("stored as it is")] ^= 1;
    std::fs::write(&file, bytes).expect("written");

    let store = open(directory.path()).expect("opens");
    let refused = activate(&store, &conversation(1)).expect_err("damaged");
    let StoreFailure::Corrupt(what) = refused else {
        panic!("{refused:?}")
    };
    assert!(
        what.contains(MAIN_FILE) && what.contains("offset"),
        "{what}"
    );
    assert!(read(&store, &conversation(1), 0, 1).is_err());
    write(&store, &conversation(3), &["more"]);
    let records = read(&store, &conversation(3), 0, 9).expect("read");
    assert_eq!(bodies(&records), ["pin", "more"]);
    let report = verify(&store);
    let told = |n| {
        let problems = report.problems.iter();
        problems
            .filter(|it| it.contains(&key(n).id.to_string()))
            .count()
    };
    // The second may share the first one's page.
    assert_eq!((told(1), told(3), report.logs), (1, 0, 3), "{report:?}");
}

/// Somebody with the disk in hand can make every checksum right, but not the chain.
#[test]
fn a_forged_row_breaks_the_chain() {
    let directory = Directory::new();
    let store = open(directory.path()).expect("opens");
    write(&store, &conversation(1), &["one", "two", "three"]);
    drop(store);
    forge(directory.path(), |rows| {
        let mut row: Vec<u8> = rows
            .query_row("SELECT row FROM log WHERE row_no = 2", [], |row| row.get(0))
            .expect("stored");
        let end = row.len() - 4;
        row[end - 1] ^= 1;
        let mut sum = crc32fast::Hasher::new();
        sum.update(&2u64.to_le_bytes());
        sum.update(&row[..end]);
        row[end..].copy_from_slice(&sum.finalize().to_le_bytes());
        rows.execute("UPDATE log SET row = ?1 WHERE row_no = 2", [row])
            .expect("forged");
    });
    let store = open(directory.path()).expect("opens");
    let refused = activate(&store, &conversation(1)).expect_err("forged");
    assert!(
        format!("{refused:?}").contains("breaks the chain"),
        "{refused:?}"
    );
    assert_eq!(verify(&store).problems_total, 1);
}

#[test]
fn a_removed_log_is_seen_by_a_digest_noted_before() {
    let directory = Directory::new();
    let store = open(directory.path()).expect("opens");
    write(&store, &conversation(1), &["one"]);
    write(&store, &conversation(2), &["two"]);
    let newest = wait(|done| store.newest(conversation(2), done)).expect("read");
    let noted = verify(&store);
    assert_eq!((noted.problems_total, noted.rows), (0, 2));
    drop(store);
    forge(directory.path(), |rows| {
        let without_a_trace = "DELETE FROM log WHERE row_no = 2; \
            DELETE FROM locator WHERE log_no = 2; DELETE FROM log_name WHERE log_no = 2; \
            UPDATE store SET horizon = 1";
        rows.execute_batch(without_a_trace).expect("forged");
    });
    let store = open(directory.path()).expect("opens");
    let report = verify(&store);
    assert_eq!(report.problems_total, 0);
    assert_ne!(report.digest, noted.digest);
    let now = wait(|done| store.newest(conversation(2), done)).expect("read");
    assert_ne!(now, newest);
}

fn verify(store: &EmbeddedStore) -> Report {
    let report = store.verify(&mut |_, _| Ok(None), &mut |_, _| {});
    report.expect("read to the end")
}

/// Changes the main file through SQLite, page checksums and all.
fn forge(directory: &Path, change: impl FnOnce(&rusqlite::Connection)) {
    let file = directory.join(MAIN_FILE);
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
    let rows = rusqlite::Connection::open_with_flags_and_vfs(file, flags, c"crest");
    change(&rows.expect("opens"));
}
