use super::ask::LeaseRow;
use super::limits::{BLIND_MS, FRESH_MS, GUARD_MS, HEIR_MS, LEASE_TTL_MS, LOOK_MS, STAGGER_MS};
use super::observe::Observer;
use super::process::{BootMs, Incarnation, NodeId, Process};
use super::rules::Rules;

const WAIT_MS: u64 = LEASE_TTL_MS + GUARD_MS;

fn process(node: u16) -> Process {
    Process {
        node: NodeId(node),
        incarnation: Incarnation(u128::from(node)),
    }
}

fn row(node: u16, beat: u64, alive: bool) -> LeaseRow {
    LeaseRow {
        incarnation: process(node).incarnation,
        beat,
        alive,
    }
}

/// Looks at the row again and again up to the end.
fn watch(seen: &mut Observer, from: u64, to: u64, node: u16, beat: u64) {
    for at in (from..to).step_by(LOOK_MS as usize).chain([to]) {
        seen.saw(BootMs(at), NodeId(node), row(node, beat, true));
    }
}

fn observer(node: u16) -> Observer {
    Observer::new(process(node), Rules::default())
}

#[test]
fn the_same_beat_must_be_seen_for_ttl_and_guard() {
    let mut seen = observer(0);
    watch(&mut seen, 100, 99 + WAIT_MS, 1, 4);
    assert_eq!(
        seen.overdue(BootMs(60_000)),
        None,
        "not seen for so long, only not since"
    );
    seen.saw(BootMs(100 + WAIT_MS), NodeId(1), row(1, 4, true));
    let overdue = seen.overdue(BootMs(100 + WAIT_MS));
    assert_eq!(overdue, Some((NodeId(1), row(1, 4, true))));
    seen.saw(BootMs(101 + WAIT_MS), NodeId(1), row(1, 5, true));
    assert_eq!(seen.overdue(BootMs(101 + WAIT_MS)), None);
}

#[test]
fn what_was_not_watched_counts_against_nobody() {
    let mut seen = observer(0);
    seen.saw(BootMs(0), NodeId(1), row(1, 3, true));
    watch(&mut seen, 1, 2_000, 1, 4);
    let back = 2_000 + BLIND_MS;
    watch(&mut seen, back, back + WAIT_MS - 1, 1, 4);
    assert_eq!(seen.overdue(BootMs(back + WAIT_MS - 1)), None);
    assert_eq!(seen.living(BootMs(back)), [], "nor is it taken to be there");
    watch(&mut seen, back + WAIT_MS, back + WAIT_MS, 1, 4);
    assert!(seen.overdue(BootMs(back + WAIT_MS)).is_some());
}

#[test]
fn those_behind_a_living_process_let_it_go_first() {
    let mut seen = observer(3);
    seen.saw(BootMs(0), NodeId(1), row(1, 0, true));
    watch(&mut seen, 0, WAIT_MS, 2, 0);
    seen.saw(BootMs(WAIT_MS), NodeId(1), row(1, 9, true));
    assert_eq!(seen.overdue(BootMs(WAIT_MS + STAGGER_MS - 1)), None);
    assert!(seen.overdue(BootMs(WAIT_MS + STAGGER_MS)).is_some());
}

#[test]
fn a_look_that_is_behind_changes_nothing() {
    let mut seen = observer(0);
    seen.saw(BootMs(0), NodeId(1), row(1, 4, true));
    seen.saw(BootMs(10), NodeId(1), row(1, 3, true));
    assert_eq!(seen.sight(NodeId(1)), Some(row(1, 4, true)));
    seen.saw(BootMs(20), NodeId(1), row(1, 4, false));
    seen.saw(BootMs(30), NodeId(1), row(1, 4, true));
    assert!(seen.is_dead(process(1)));
    assert_eq!(seen.sight(NodeId(1)), Some(row(1, 4, false)));
}

#[test]
fn only_who_was_seen_to_renew_lives() {
    let mut seen = observer(0);
    seen.saw(BootMs(0), NodeId(1), row(1, 4, true));
    assert_eq!(
        seen.living(BootMs(0)),
        [],
        "a row that a dead process may have left"
    );
    seen.saw(BootMs(500), NodeId(1), row(1, 5, true));
    assert_eq!(seen.living(BootMs(500)), [process(1)]);
    assert_eq!(seen.living(BootMs(500 + FRESH_MS)), []);
}

#[test]
fn who_declared_a_death_comes_first_to_the_shards() {
    let mut seen = observer(0);
    seen.saw(BootMs(0), NodeId(1), row(1, 4, false));
    assert!(!seen.is_orphaning(BootMs(HEIR_MS - 1), process(1)));
    assert!(seen.is_orphaning(BootMs(HEIR_MS), process(1)));
    seen.bury(BootMs(0), process(2));
    assert!(seen.is_orphaning(BootMs(0), process(2)));
}

#[test]
fn the_dead_are_forgotten_once_nothing_names_them() {
    let mut seen = observer(0);
    seen.bury(BootMs(0), process(1));
    seen.bury(BootMs(0), process(2));
    seen.saw(BootMs(0), NodeId(3), row(3, 0, false));
    seen.forget(|it| it == process(1));
    let dead = [1, 2, 3].map(|node| seen.is_dead(process(node)));
    assert_eq!(dead, [true, false, true]);
}
