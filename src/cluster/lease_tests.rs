use super::ask::{Answer, Ask, LeaseRow};
use super::lease::Lease;
use super::limits::{GUARD_MS, LEASE_TTL_MS, RENEW_MS};
use super::process::{BootMs, Incarnation, NodeId, Process};
use super::rules::Rules;

const ME: Process = Process {
    node: NodeId(1),
    incarnation: Incarnation(7),
};
const RUNS_MS: u64 = LEASE_TTL_MS - GUARD_MS;

fn row(incarnation: u128, beat: u64, alive: bool) -> LeaseRow {
    LeaseRow {
        incarnation: Incarnation(incarnation),
        beat,
        alive,
    }
}

fn cas(expected: Option<LeaseRow>, next: LeaseRow) -> Option<Ask> {
    Some(Ask::CasLease {
        node: ME.node,
        expected,
        next,
    })
}

/// Reads an empty row at 0 and asks to join at 10.
fn joining() -> Lease {
    let mut lease = Lease::new(ME, Rules::default());
    assert_eq!(lease.next(BootMs(0)), Some(Ask::ReadLease(ME.node)));
    lease.answered(BootMs(10), Answer::Lease(None));
    assert_eq!(lease.next(BootMs(10)), cas(None, row(7, 0, true)));
    lease
}

fn joined() -> Lease {
    let mut lease = joining();
    lease.answered(BootMs(50), Answer::Applied);
    lease
}

#[test]
fn it_runs_from_the_start_of_the_renewal_and_ends_by_the_clock_alone() {
    let mut lease = joined();
    assert!(lease.holds(BootMs(10 + RUNS_MS - 1)));
    assert!(!lease.holds(BootMs(10 + RUNS_MS)));

    assert_eq!(lease.next(BootMs(9 + RENEW_MS)), None);
    let start = BootMs(10 + RENEW_MS);
    assert_eq!(
        lease.next(start),
        cas(Some(row(7, 0, true)), row(7, 1, true))
    );
    assert!(!lease.holds(BootMs(10 + RUNS_MS)), "nothing is renewed yet");
    lease.answered(start.plus(900), Answer::Applied);
    assert_eq!(lease.until(), start.plus(RUNS_MS));
}

#[test]
fn an_unknown_outcome_is_read_before_anything_else_and_counts_from_the_first_attempt() {
    let mut lease = joined();
    let start = BootMs(10 + RENEW_MS);
    lease.next(start);
    lease.answered(start.plus(500), Answer::Unknown);
    assert_eq!(lease.next(start.plus(500)), None);
    assert_eq!(lease.next(start.plus(700)), Some(Ask::ReadLease(ME.node)));
    lease.answered(start.plus(710), Answer::Lease(Some(row(7, 0, true))));
    // Not written yet, but it may still come: the next attempt writes the same beat.
    assert_eq!(
        lease.next(start.plus(710)),
        cas(Some(row(7, 0, true)), row(7, 1, true))
    );
    lease.answered(start.plus(800), Answer::Refused);
    assert_eq!(lease.next(start.plus(800)), Some(Ask::ReadLease(ME.node)));
    lease.answered(start.plus(810), Answer::Lease(Some(row(7, 1, true))));
    assert_eq!(lease.until(), start.plus(RUNS_MS));
}

#[test]
fn dead_is_final() {
    for found in [None, Some(row(7, 0, false)), Some(row(8, 0, true))] {
        let mut lease = joined();
        let start = BootMs(10 + RENEW_MS);
        lease.next(start);
        lease.answered(start, Answer::Refused);
        lease.next(start);
        lease.answered(start, Answer::Lease(found));
        assert!(lease.is_over() && !lease.holds(start), "{found:?}");
        assert_eq!(lease.next(start.plus(60_000)), None);
    }
}

#[test]
fn a_restarted_node_waits_for_the_death_of_its_earlier_process() {
    let mut lease = Lease::new(ME, Rules::default());
    lease.next(BootMs(0));
    lease.answered(BootMs(5), Answer::Lease(Some(row(6, 40, true))));
    assert_eq!(lease.next(BootMs(5)), None);
    assert_eq!(lease.next(BootMs(400)), Some(Ask::ReadLease(ME.node)));
    lease.answered(BootMs(410), Answer::Lease(Some(row(6, 40, false))));
    let over_the_dead = cas(Some(row(6, 40, false)), row(7, 0, true));
    assert_eq!(lease.next(BootMs(410)), over_the_dead);
}

#[test]
fn a_join_whose_answer_was_lost_is_found() {
    let mut lease = joining();
    lease.answered(BootMs(1_000), Answer::Unknown);
    lease.next(BootMs(1_200));
    lease.answered(BootMs(1_210), Answer::Lease(Some(row(7, 0, true))));
    assert_eq!(lease.until(), BootMs(10 + RUNS_MS));
}

#[test]
fn who_leaves_acts_no_more_and_gives_its_lease_back() {
    let mut lease = joined();
    lease.leave();
    assert!(!lease.holds(BootMs(60)));
    assert_eq!(
        lease.next(BootMs(60)),
        cas(Some(row(7, 0, true)), row(7, 0, false))
    );
    lease.answered(BootMs(90), Answer::Applied);
    assert!(lease.is_over());
}
