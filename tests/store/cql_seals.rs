//! Closed logs of the CQL store, read by those who do not own them: nothing that was acknowledged
//! before they asked is missing, and nothing is opened for it.

use std::sync::atomic::{AtomicU64, Ordering};

use crest::store::Engine;
use crest::store::cql::CqlStore;
use crest_actors::conversation::PhaseKind;
use crest_actors::ids::{Seq, Token};
use crest_actors::ports::{LogId, StoreFailure};

use crate::cql::{Bench, delete};
use crate::harness::*;

fn sealed(store: &CqlStore, after: u64, limit: usize) -> Result<Option<Vec<String>>, StoreFailure> {
    let found = wait(|done| store.read_sealed(conversation(1), Seq(after), limit, done))?;
    Ok(found.map(|it| bodies(&it).iter().map(|it| (*it).to_owned()).collect()))
}

fn all(texts: &[&str]) -> Result<Option<Vec<String>>, StoreFailure> {
    Ok(Some(texts.iter().map(|it| (*it).to_owned()).collect()))
}

/// Appends to conversation 1, with its state where one is given.
fn say(store: &CqlStore, token: Token, first: u64, texts: &[&str], phase: Option<PhaseKind>) {
    let mut said = append(&conversation(1), token, first, texts);
    said.summary = phase.map(|phase| summary(1, phase));
    assert_eq!(submit(store, vec![said]), Ok(vec![]));
}

#[test]
fn a_closed_log_is_read_without_its_owner_up_to_what_was_acknowledged() {
    let Some(bench) = Bench::new() else { return };
    drop(bench.open());
    let (owner, other) = (bench.open_as(Some(100)), bench.open_as(None));
    let log = conversation(1);
    let markers = || bench.numbers("SELECT first_seq FROM marker").len();
    assert_eq!(sealed(&other, 0, 9), Ok(None));
    let token = activate(&owner, &log).expect("activated").token;
    say(&owner, token, 1, &["a", "b"], Some(PhaseKind::Active));
    assert_eq!(sealed(&other, 0, 9), Ok(None));
    assert!(read(&other, &log, 0, 9).is_err(), "only its owner knows");
    say(&owner, token, 3, &["c"], Some(PhaseKind::Closed));
    assert_eq!(sealed(&other, 0, 9), all(&["a", "b", "c"]));
    // What comes after, whatever it is.
    say(&owner, token, 4, &["d"], None);
    assert_eq!(sealed(&other, 0, 9), all(&["a", "b", "c", "d"]));
    assert_eq!(sealed(&other, 2, 1), all(&["c"]));
    assert_eq!(sealed(&other, 9, 9), all(&[]));
    assert_eq!(markers(), 1, "read without being opened");
    assert_eq!(read(&other, &log, 0, 9).map(|it| it.len()), Ok(4));
    drop(owner);
    // Nor does whoever may open it, only to read.
    let next = bench.open_as(Some(101));
    assert_eq!(read(&next, &log, 0, 9).map(|it| it.len()), Ok(4));
    assert_eq!(markers(), 1);
    // Opened, and so perhaps appended to.
    let newer = activate(&next, &log).expect("activated").token;
    assert_eq!(sealed(&other, 0, 9), Ok(None));
    say(&next, newer, 5, &["e"], None);
    // A seal of the former owner that was on its way for minutes.
    let late = format!(
        "INSERT INTO seal (tenant, id, last_seq, epoch, activation, chain) VALUES ('shop', 0x{}, 4, {}, {}, 0x{})",
        key(1).id,
        token.epoch,
        token.activation,
        "00".repeat(32),
    );
    bench.run(&[late]);
    assert_eq!(sealed(&other, 0, 9), Ok(None));
    say(&next, newer, 6, &["f"], Some(PhaseKind::Closed));
    assert_eq!(sealed(&other, 3, 9), all(&["d", "e", "f"]));
    bench.run(&[delete(1, 2, token)]);
    let broken = sealed(&other, 0, 9);
    assert!(
        matches!(broken, Err(StoreFailure::Corrupt(_))),
        "{broken:?}"
    );
}

#[test]
fn who_asks_after_an_ack_finds_the_event_on_any_node() {
    let Some(bench) = Bench::new() else { return };
    drop(bench.open());
    let (owner, other) = (bench.open_as(Some(100)), bench.open_as(None));
    let log = conversation(1);
    let token = activate(&owner, &log).expect("activated").token;
    say(&owner, token, 1, &["closed"], Some(PhaseKind::Closed));
    const EVENTS: u64 = 120;
    let acknowledged = AtomicU64::new(1);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for seq in 2..=EVENTS {
                // A rating now and then, a reopening, and what follows it.
                let phase = [None, None, Some(PhaseKind::Closed), Some(PhaseKind::Active)];
                say(&owner, token, seq, &["later"], phase[seq as usize % 4]);
                acknowledged.store(seq, Ordering::Release);
            }
        });
        let mut reads = 0;
        loop {
            let before = acknowledged.load(Ordering::Acquire);
            let found = wait(|done| other.read_sealed(log.clone(), Seq(0), usize::MAX, done));
            let found = found.expect("read").map_or(0, |found| found.len() as u64);
            assert!(found >= before, "{before} acknowledged, {found} found");
            reads += 1;
            if before == EVENTS {
                break;
            }
        }
        assert!(reads > 10, "{reads} reads");
    });
    drop(owner);
    // The rows that were read are the log.
    let next = bench.open_as(Some(101));
    let adopted = activate(&next, &LogId::Conversation(key(1))).expect("activated");
    assert_eq!(adopted.records.len() as u64, EVENTS);
}
