//! Sessions come, fall silent and go; presence is asked for, refused, or taken next.

use crate::aggregate::Aggregate;
use crate::limits::AGENT_SESSIONS_MAX;

use super::desk::{Desk, confirm, connect, on_break, only, release, reserve, session, set};
use super::{Note, Presence, Released};

const NOTHING: [&str; 0] = [];
const LOST: &[&str] = &["lost"];

fn gone(slot: u32) -> Note {
    let session = session(slot);
    Note::Disconnect { session }
}

fn not_ready(reason: &str) -> Presence {
    let reason = reason.into();
    Presence::NotReady { reason }
}

#[test]
fn a_session_makes_an_agent_present_and_its_word_ready() {
    let mut desk = Desk::new();
    assert_eq!(
        desk.tell(connect(1, None)),
        ["s1 is offline- 0/2 holding []"]
    );
    assert_eq!(
        desk.tell(set(Presence::Ready, None)),
        [
            "group sales ready+ 0/2",
            "board ready+ 0/2",
            "s1 is #7 ready+ 0/2 holding []",
        ]
    );
}

#[test]
fn presence_is_answered_or_refused() {
    let table = [
        (Presence::Ready, "s1 is #7 ready+ 0/2 holding []"),
        (Presence::Offline, "s1 is #7 offline- 0/2 holding []"),
        (on_break(), "s1 is #7 break- 0/2 holding []"),
        (
            not_ready("missed-offers"),
            "s1 is #7 missed-offers- 0/2 holding []",
        ),
        (not_ready("surfing"), "s1 refused #7 NoSuchReason"),
    ];
    for (presence, expected) in table {
        let mut desk = Desk::ready();
        let words = only(desk.tell(set(presence, None)), &["s1"]);
        assert_eq!(words, [expected]);
    }
    let mut desk = Desk::ready();
    desk.tell(set(Presence::Ready, Some(not_ready("surfing"))));
    assert_eq!(
        desk.tell(set(Presence::Ready, Some(not_ready("surfing")))),
        ["s1 refused #7 NoSuchReason"]
    );
    let mut nobody = Desk::new();
    assert_eq!(
        nobody.tell(set(Presence::Ready, None)),
        ["s1 refused #7 WrongState"]
    );
    let mut unknown = Desk::ready();
    unknown.directory.tenants.clear();
    assert_eq!(
        only(unknown.tell(set(Presence::Ready, None)), &["s1 refused"]),
        ["s1 refused #7 NoSuchTarget"]
    );
}

#[test]
fn the_next_status_waits_for_the_last_work_and_stops_more() {
    let mut desk = Desk::ready();
    desk.all([reserve(1, 5), confirm(1, 5, true)]);
    assert_eq!(
        only(desk.tell(set(Presence::Ready, Some(on_break()))), &["s1"]),
        ["s1 is #7 ready- 1/2 then break holding [1]"]
    );
    assert_eq!(only(desk.tell(reserve(2, 5)), &["no"]), ["no 2@5 to sales"]);
    assert_eq!(
        only(desk.tell(release(1, 5, Released::Over)), &["s1"]),
        ["s1 unassigned 1", "s1 is break- 0/2 holding []"]
    );
    assert_eq!(
        only(desk.tell(set(on_break(), Some(Presence::Ready))), &["s1"]),
        ["s1 is #7 ready+ 0/2 holding []"],
        "at once where idle"
    );
}

#[test]
fn the_last_session_gone_is_told_at_once_and_for_good_after_the_grace() {
    let mut desk = Desk::ready();
    desk.all([reserve(1, 5), confirm(1, 5, true), connect(2, None)]);
    assert_eq!(desk.tell(gone(2)), NOTHING);
    assert_eq!(
        desk.tell(gone(1)),
        ["lost 1@5", "group sales offline- 1/2", "board offline- 1/2"]
    );
    assert_eq!(only(desk.pass(59_999), LOST), ["lost 1@5"; 11]);
    assert_eq!(only(desk.pass(1), LOST), ["lost 1@5 for good"]);
    assert_eq!(
        only(desk.pass(5_000), LOST),
        ["lost 1@5 for good"],
        "again until released"
    );
    desk.tell(release(1, 5, Released::Over));
    assert_eq!(desk.pass(600_000), NOTHING);
    assert!(desk.agent.may_passivate(desk.now));
}

#[test]
fn two_missed_heartbeats_are_a_lost_session() {
    let mut desk = Desk::ready();
    desk.tell(reserve(1, 5));
    desk.pass(9_000);
    assert_eq!(desk.tell(connect(1, Some(Presence::Ready))), NOTHING);
    assert_eq!(only(desk.pass(9_999), LOST), NOTHING);
    assert_eq!(only(desk.pass(1), LOST), ["lost 1@5"]);
    assert_eq!(*desk.agent.presence(), Presence::Offline);
}

#[test]
fn a_return_within_the_grace_cancels_it() {
    let mut desk = Desk::ready();
    desk.all([reserve(1, 5), confirm(1, 5, true), gone(1)]);
    desk.pass(59_000);
    assert_eq!(
        desk.tell(connect(2, Some(Presence::Ready)))[2],
        "s2 is ready+ 1/2 holding [1]"
    );
    assert_eq!(only(desk.pass(9_000), LOST), NOTHING);
}

#[test]
fn a_session_brings_presence_back_only_to_an_empty_desk() {
    let mut desk = Desk::ready();
    desk.tell(set(on_break(), None));
    desk.all([
        connect(1, Some(Presence::Ready)),
        connect(2, Some(Presence::Ready)),
    ]);
    assert_eq!(*desk.agent.presence(), on_break());
    desk.restart();
    desk.tell(connect(2, Some(not_ready("surfing"))));
    assert_eq!(*desk.agent.presence(), Presence::Offline, "not a reason");
    desk.restart();
    desk.tell(connect(2, Some(on_break())));
    assert_eq!(*desk.agent.presence(), on_break());
}

#[test]
fn after_a_restart_sessions_have_one_silence_to_say_they_are_there() {
    let mut desk = Desk::ready();
    desk.all([reserve(1, 5), confirm(1, 5, true)]);
    desk.restart();
    desk.tell(confirm(1, 5, true));
    assert_eq!(only(desk.pass(9_999), LOST), NOTHING);
    assert_eq!(only(desk.pass(1), LOST), ["lost 1@5"]);
    assert_eq!(only(desk.pass(49_999), LOST).last().unwrap(), "lost 1@5");
    assert_eq!(
        only(desk.pass(1), LOST),
        ["lost 1@5 for good"],
        "60 s from the restart"
    );
}

#[test]
fn availability_is_repeated_while_there_and_its_version_grows_over_restarts() {
    let mut desk = Desk::ready();
    let groups = only(desk.pass(5_000), &["group"]);
    assert_eq!(groups, ["group sales ready+ 0/2"]);
    let mut versions = vec![];
    for n in 0..50 {
        desk.all([reserve(1, n), release(1, n, Released::Over)]);
        if n % 5 == 0 {
            desk.pass(100);
            desk.restart();
            desk.tell(connect(1, Some(Presence::Ready)));
        }
        versions.push(desk.agent.availability(&desk.context()).version);
    }
    assert!(
        versions.windows(2).all(|pair| pair[0] < pair[1]),
        "{versions:?}"
    );
}

#[test]
fn a_queue_that_asks_is_answered_if_it_is_of_its_group() {
    let mut desk = Desk::ready();
    let ask = |queue: &str| Note::Announce {
        queue: queue.into(),
    };
    assert_eq!(desk.tell(ask("sales")), ["group sales ready+ 0/2"]);
    assert_eq!(desk.tell(ask("billing")), NOTHING);
}

#[test]
fn the_session_silent_longest_gives_way() {
    let mut desk = Desk::new();
    for slot in 0..AGENT_SESSIONS_MAX as u32 {
        desk.tell(connect(slot, None));
        desk.now = desk.now.plus(1);
    }
    desk.tell(connect(0, None));
    desk.tell(connect(99, None));
    let heard = only(desk.tell(set(Presence::Ready, None)), &["s"]);
    assert_eq!(
        heard.len(),
        AGENT_SESSIONS_MAX + 1,
        "all and the one that asked"
    );
    assert!(heard.iter().any(|it| it.starts_with("s0 ")));
    assert!(
        heard.iter().any(|it| it.starts_with("s1 is #7")),
        "answered, though let go"
    );
}
