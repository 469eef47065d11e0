use crest_schema::frame::Id;

use super::super::fact::{By, Fact, Kind};
use super::super::log::{InLine, LogEntry, Transcript};
use super::*;

/// A conversation that enters the line and is offered, at these times in milliseconds.
fn waits(number: u8, enqueued_at: u64, boost_ms: u64, offered_at: Option<u64>) -> Transcript {
    let entry = |seq, at, kind, in_line| LogEntry {
        seq,
        customer_seq: None,
        at,
        fact: Fact {
            kind,
            by: By::Nobody,
            id: None,
            content: 0,
            whole: seq,
            weight: 0,
            forced: false,
        },
        in_line,
    };
    let line = InLine {
        group: "presale".to_owned(),
        enqueued_at,
        boost_ms,
        particular: false,
    };
    let mut entries = vec![
        entry(1, enqueued_at, Kind::Opened, None),
        entry(2, enqueued_at, Kind::Waiting, Some(line)),
        entry(3, enqueued_at + 1, Kind::Message, None),
    ];
    entries.extend(offered_at.map(|at| entry(4, at, Kind::Offered, None)));
    Transcript {
        conversation: Id([number; 16]),
        customer: format!("customer {number}"),
        channel: "web".to_owned(),
        quiet: entries.len(),
        entries,
    }
}

fn overtakings(transcripts: &[Transcript]) -> u64 {
    let mut report = Report::default();
    check(transcripts, 0, &mut report);
    report
        .broken
        .get(&Promise::QueueOrder)
        .copied()
        .unwrap_or(0)
}

#[test]
fn first_come_first_served_is_in_order() {
    let line = [
        waits(1, 10_000, 0, Some(20_000)),
        waits(2, 11_000, 0, Some(20_001)),
        waits(3, 12_000, 0, None),
    ];
    assert_eq!(overtakings(&line), 0);
}

#[test]
fn one_who_came_later_and_is_served_earlier_overtook() {
    let line = [
        waits(1, 10_000, 0, Some(30_000)),
        waits(2, 15_000, 0, Some(20_000)),
    ];
    assert_eq!(overtakings(&line), 1);
    let never_served = [waits(1, 10_000, 0, None), waits(2, 15_000, 0, Some(20_000))];
    assert_eq!(overtakings(&never_served), 1);
}

#[test]
fn a_boost_puts_one_ahead_and_being_passed_over_with_it_is_told() {
    let line = [
        waits(1, 10_000, 0, Some(30_000)),
        waits(2, 15_000, 60_000, Some(20_000)),
    ];
    assert_eq!(overtakings(&line), 0);
    let passed = [
        waits(1, 10_000, 0, Some(20_000)),
        waits(2, 15_000, 60_000, Some(30_000)),
    ];
    assert_eq!(overtakings(&passed), 1);
}

#[test]
fn what_crossed_on_its_way_and_what_has_wishes_overtakes_nobody() {
    let crossed = [
        waits(1, 19_500, 0, Some(30_000)),
        waits(2, 19_600, 0, Some(20_000)),
    ];
    assert_eq!(overtakings(&crossed), 0);
    let mut choosy = waits(1, 10_000, 0, Some(30_000));
    if let Some(line) = &mut choosy.entries[1].in_line {
        line.particular = true;
    }
    assert_eq!(overtakings(&[choosy, waits(2, 15_000, 0, Some(20_000))]), 0);
}
