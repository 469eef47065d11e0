//! Lists of conversations and the comparison of index rows with their logs.

use std::collections::BTreeSet;

use crest::store::{Durability, EmbeddedStore, Engine, Page, Query};
use crest_actors::conversation::{CloseReason, PhaseKind, Summary};
use crest_actors::ids::Millis;

use crate::harness::*;

/// Conversations 0 to 59, phases in turn.
fn store(directory: &Directory) -> (EmbeddedStore, Vec<Summary>) {
    const PHASES: [PhaseKind; 3] = [PhaseKind::Waiting, PhaseKind::Active, PhaseKind::Closed];
    let store = EmbeddedStore::open(directory.path(), Durability::Synced).expect("opens");
    let summaries: Vec<_> = (0..60)
        .map(|n| summary(n, PHASES[n as usize % 4 % 3]))
        .collect();
    for (n, summary) in (0..).zip(&summaries) {
        let log = conversation(n);
        let token = activate(&store, &log).expect("activated").token;
        let mut opening = append(&log, token, 1, &["opened"]);
        opening.summary = Some(summary.clone());
        assert_eq!(submit(&store, vec![opening]), Ok(vec![]));
    }
    (store, summaries)
}

fn list(store: &EmbeddedStore, query: &Query) -> Page {
    wait(|done| store.list(query.clone(), done)).expect("listed")
}

#[test]
fn every_condition_narrows_the_list_and_pages_join() {
    type Case = (fn(&mut Query), fn(&Summary) -> bool);
    let directory = Directory::new();
    let (store, mut summaries) = store(&directory);
    summaries.reverse();
    let cases: [Case; 8] = [
        (|_| {}, |_| true),
        (
            |query| query.phases = BTreeSet::from([PhaseKind::Active]),
            |it| it.phase == PhaseKind::Active,
        ),
        (
            |query| query.phases = BTreeSet::from([PhaseKind::Waiting, PhaseKind::Closed]),
            |it| it.phase != PhaseKind::Active,
        ),
        (
            |query| query.customer = Some("customer-1".into()),
            |it| it.customer.as_str() == "customer-1",
        ),
        (
            |query| query.agent = Some("mei".into()),
            |it| it.agent.is_some(),
        ),
        (
            |query| {
                query.agent = Some("mei".into());
                query.customer = Some("customer-2".into());
                query.phases = BTreeSet::from([PhaseKind::Active]);
            },
            |it| {
                let mine = it.agent.is_some() && it.customer.as_str() == "customer-2";
                mine && it.phase == PhaseKind::Active
            },
        ),
        (|query| query.channel = Some("app".into()), |_| false),
        (
            |query| {
                query.from = Some(Millis(1_010));
                query.to = Some(Millis(1_020));
            },
            |it| (1_010..1_020).contains(&it.opened_at.0),
        ),
    ];
    for (number, (narrow, belongs)) in cases.into_iter().enumerate() {
        let expected: Vec<_> = summaries.iter().filter(|it| belongs(it)).cloned().collect();
        for limit in [1, 7, 500] {
            let mut query = Query::of("shop".into());
            narrow(&mut query);
            query.limit = limit;
            let mut joined = Vec::new();
            loop {
                let page = list(&store, &query);
                assert!(page.conversations.len() <= limit);
                joined.extend(page.conversations);
                query.cursor = page.next;
                if query.cursor.is_none() {
                    break;
                }
            }
            assert_eq!(joined, expected, "case {number}, limit {limit}");
        }
    }
    assert_eq!(
        list(&store, &Query::of("elsewhere".into())),
        Page::default()
    );
}

#[test]
fn a_summary_reads_back_as_written_and_is_replaced() {
    let directory = Directory::new();
    let (store, summaries) = store(&directory);
    let find = |n| wait(|done| store.summary(key(n), done)).expect("read");
    assert_eq!(find(7), Some(summaries[7].clone()));
    assert_eq!(find(99), None);
    let mut closed = summary(7, PhaseKind::Closed);
    closed.agent = Some("wang".into());
    closed.closed_at = Some(Millis(9_000));
    closed.close_reason = Some(CloseReason::Silence);
    closed.rating = Some(4);
    closed.enqueued_at = None;
    closed.taken_over = true;
    let token = activate(&store, &conversation(7)).expect("activated").token;
    let mut closing = append(&conversation(7), token, 2, &["closed"]);
    closing.summary = Some(closed.clone());
    assert_eq!(submit(&store, vec![closing]), Ok(vec![]));
    assert_eq!(find(7), Some(closed));
}

#[test]
fn verification_compares_each_index_row_with_the_fold_of_its_log() {
    let directory = Directory::new();
    let (store, summaries) = store(&directory);
    write(&store, &ledger("mei"), &["held"]);
    let honest = |n: usize| summaries[n].clone();
    let number = |key: &crest_actors::ids::ConversationKey| {
        summaries
            .iter()
            .position(|it| it.key == *key)
            .expect("one of ours")
    };
    let mut seen = 0;
    let report = store
        .verify(
            &mut |key, records| {
                assert_eq!(bodies(records), ["opened"]);
                Ok(Some(honest(number(key))))
            },
            &mut |done, total| {
                assert!(done <= total);
                seen = done;
            },
        )
        .expect("read to the end");
    assert_eq!(
        (report.logs, report.rows, report.conversations),
        (61, 61, 60)
    );
    assert_eq!((report.problems_total, seen), (0, 61));

    let report = store
        .verify(
            &mut |key, _| match number(key) {
                3 => Ok(Some(summary(3, PhaseKind::WrapUp))),
                4 => Ok(None),
                5 => Err("unreadable body".to_owned()),
                n => Ok(Some(honest(n))),
            },
            &mut |_, _| {},
        )
        .expect("read to the end");
    assert_eq!((report.problems_total, report.conversations), (3, 57));
    for (problem, n) in report.problems.iter().zip(3..) {
        assert!(problem.contains(&key(n).id.to_string()), "{problem}");
    }
}
