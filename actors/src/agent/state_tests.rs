//! Grant, repeat, confirm, release: what was told, and what the agent says to it.

use crate::effect::OfferOutcome;
use crate::ids::OfferId;
use crate::limits::{BASE_EVERY, LEDGER_MAX};

use super::desk::{
    Desk, START, confirm, connect, directory, force, offer, offered, only, release, reserve, set,
};
use super::{Event, Note, Presence, Released};

const CLAIMS: &[&str] = &["reserved", "no"];
const NOTHING: [&str; 0] = [];

#[test]
fn grants_up_to_capacity_and_says_so() {
    let mut desk = Desk::ready();
    assert_eq!(
        desk.tell(reserve(1, 5)),
        [
            "reserved 1@5",
            "group sales ready+ 1/2",
            "board ready+ 1/2",
            "s1 is ready+ 1/2 holding []",
        ]
    );
    assert_eq!(only(desk.tell(reserve(2, 3)), CLAIMS), ["reserved 2@3"]);
    assert_eq!(only(desk.tell(reserve(3, 3)), CLAIMS), ["no 3@3 to sales"]);
    assert!(matches!(desk.log[0].event, Event::Granted { .. }));
    assert_eq!(desk.log.len(), 2);
}

#[test]
fn answers_by_what_it_may_hold() {
    let away = |desk: &mut Desk| {
        desk.tell(Note::Disconnect {
            session: super::desk::session(1),
        })
    };
    let pause = |desk: &mut Desk| desk.tell(set(super::desk::on_break(), None));
    let leave = |desk: &mut Desk| desk.tell(set(Presence::Offline, None));
    let fill = |desk: &mut Desk| desk.all([reserve(8, 1), reserve(9, 1)]);
    let forget = |desk: &mut Desk| {
        desk.directory.tenants.clear();
        vec![]
    };
    let stay = |_: &mut Desk| vec![];
    type Before = dyn Fn(&mut Desk) -> Vec<String>;
    let transfer = Note::Reserve {
        offer: offer(1, 5),
        weight: 1,
        queue: None,
        forced: false,
    };
    let heavy = Note::Reserve {
        offer: offer(1, 5),
        weight: 3,
        queue: None,
        forced: false,
    };
    let table: [(&str, &Before, Note, &str); 12] = [
        ("ready", &stay, reserve(1, 5), "reserved 1@5"),
        ("ready, transfer", &stay, transfer.clone(), "reserved 1@5"),
        ("too heavy", &stay, heavy, "no 1@5"),
        ("full", &fill, reserve(1, 5), "no 1@5 to sales"),
        ("full, transfer", &fill, transfer, "no 1@5"),
        ("full, forced", &fill, force(1, 5), "reserved 1@5!"),
        ("on break", &pause, reserve(1, 5), "no 1@5 to sales"),
        ("on break, forced", &pause, force(1, 5), "reserved 1@5!"),
        ("signed off, forced", &leave, force(1, 5), "no 1@5"),
        ("away", &away, reserve(1, 5), "no 1@5 to sales"),
        ("away, forced", &away, force(1, 5), "no 1@5"),
        ("not in the directory", &forget, force(1, 5), "no 1@5"),
    ];
    for (name, before, note, expected) in table {
        let mut desk = Desk::ready();
        before(&mut desk);
        assert_eq!(only(desk.tell(note), CLAIMS), [expected], "{name}");
    }
}

#[test]
fn a_forced_reservation_counts_as_load() {
    let mut desk = Desk::ready();
    desk.all([force(1, 5), force(2, 5)]);
    assert_eq!(only(desk.tell(reserve(3, 5)), CLAIMS), ["no 3@5 to sales"]);
}

#[test]
fn a_repeated_id_is_granted_again_without_effect() {
    let mut desk = Desk::ready();
    desk.tell(reserve(1, 5));
    assert_eq!(desk.tell(reserve(1, 5)), ["reserved 1@5"]);
    assert_eq!(desk.log.len(), 1);
    desk.tell(set(super::desk::on_break(), None));
    assert_eq!(
        desk.tell(reserve(1, 5)),
        ["reserved 1@5"],
        "whatever its presence"
    );
}

#[test]
fn another_agents_offer_is_not_its_business() {
    let other = OfferId {
        agent: "bob".into(),
        ..offer(1, 5)
    };
    let mut desk = Desk::ready();
    desk.tell(reserve(1, 5));
    let notes = [
        Note::Reserve {
            offer: other.clone(),
            weight: 1,
            queue: None,
            forced: true,
        },
        Note::Confirm {
            offer: other.clone(),
            accepted: true,
        },
        Note::Release {
            offer: other,
            why: Released::Over,
        },
    ];
    assert_eq!(desk.all(notes), NOTHING);
    assert_eq!(desk.log.len(), 1);
}

#[test]
fn asks_until_confirmed_then_slowly_and_never_lets_go_by_itself() {
    let mut desk = Desk::ready();
    desk.tell(reserve(1, 5));
    assert_eq!(only(desk.pass(3_500), CLAIMS), ["reserved 1@5"; 3]);
    desk.tell(confirm(1, 5, false));
    assert_eq!(only(desk.pass(29_999), CLAIMS), NOTHING);
    assert_eq!(only(desk.pass(30_001), CLAIMS), ["reserved 1@5"; 2]);
    assert_eq!(only(desk.pass(24 * 3_600_000), CLAIMS).len(), 24 * 120);
    assert_eq!(desk.agent.ledger().load(), 1);
}

#[test]
fn old_answers_change_nothing() {
    let mut desk = Desk::ready();
    desk.all([reserve(1, 5), confirm(1, 5, true)]);
    let old = [
        confirm(1, 4, true),
        confirm(2, 5, true),
        release(1, 4, Released::Over),
        release(2, 5, Released::Missed),
        confirm(1, 5, false),
    ];
    assert_eq!(desk.all(old), NOTHING);
    assert_eq!(desk.agent.held(), [super::desk::matter(1)]);
    assert_eq!(desk.log.len(), 1);
}

#[test]
fn release_frees_capacity_once() {
    let mut desk = Desk::ready();
    desk.all([reserve(1, 5), reserve(2, 5), confirm(1, 5, true)]);
    assert_eq!(
        desk.tell(release(1, 5, Released::Over)),
        [
            "s1 unassigned 1",
            "group sales ready+ 1/2",
            "board ready+ 1/2",
            "s1 is ready+ 1/2 holding []",
        ]
    );
    assert_eq!(desk.tell(release(1, 5, Released::Over)), NOTHING);
    assert_eq!(only(desk.tell(reserve(3, 1)), CLAIMS), ["reserved 3@1"]);
}

#[test]
fn the_ledger_is_full_at_its_bound_even_for_force() {
    let mut desk = Desk::ready();
    for n in 0..LEDGER_MAX {
        assert_eq!(only(desk.tell(force(1, n as u64)), CLAIMS).len(), 1);
    }
    assert_eq!(only(desk.tell(force(2, 1)), CLAIMS), ["no 2@1"]);
}

#[test]
fn three_misses_in_a_row_stop_offers_and_an_acceptance_forgives() {
    let mut desk = Desk::ready();
    let miss = |n| [reserve(1, n), release(1, n, Released::Missed)];
    desk.all(miss(1));
    desk.all(miss(2));
    desk.all([reserve(2, 1), confirm(2, 1, true), confirm(2, 1, true)]);
    desk.all(miss(3));
    desk.all(miss(4));
    assert_eq!(*desk.agent.presence(), Presence::Ready);
    assert_eq!(
        only(desk.all(miss(5)), &["s1"]).last().map(String::as_str),
        Some("s1 is missed-offers- 1/2 holding [2]")
    );
    desk.tell(set(Presence::Ready, None));
    desk.all(miss(6));
    assert_eq!(*desk.agent.presence(), Presence::Ready, "counted anew");
}

#[test]
fn a_decline_is_not_a_miss() {
    let mut desk = Desk::ready();
    for n in 0..9 {
        desk.all([reserve(1, n), release(1, n, Released::Declined)]);
    }
    assert_eq!(*desk.agent.presence(), Presence::Ready);
}

#[test]
fn a_restart_keeps_every_reservation_and_asks_at_once() {
    let mut desk = Desk::ready();
    desk.all([reserve(1, 5), force(2, 6), confirm(1, 5, true)]);
    assert_eq!(
        desk.restart(),
        [
            "reserved 1@5",
            "reserved 2@6!",
            "group sales offline- 2/2",
            "board offline- 2/2",
        ]
    );
    desk.tell(connect(1, Some(Presence::Ready)));
    assert_eq!(only(desk.tell(reserve(3, 1)), CLAIMS), ["no 3@1 to sales"]);
    let words = desk.tell(confirm(1, 5, true));
    assert_eq!(words, ["s1 is ready+ 2/2 holding [1]"]);
}

#[test]
fn offers_reach_every_session_also_later_ones() {
    let mut desk = Desk::ready();
    let expires = START + 30_000;
    assert_eq!(
        desk.tell(offered(1, 5, expires)),
        NOTHING,
        "not reserved here"
    );
    desk.tell(reserve(1, 5));
    assert_eq!(desk.tell(offered(1, 5, expires)), ["s1 offer 1@5"]);
    assert_eq!(desk.tell(offered(1, 5, expires)), NOTHING, "told already");
    assert_eq!(
        desk.tell(connect(2, None)),
        ["s2 is ready+ 1/2 holding []", "s2 offer 1@5"]
    );
    assert_eq!(desk.tell(connect(2, None)), NOTHING, "a heartbeat");
    let gone = Note::OfferGone {
        offer: offer(1, 5),
        outcome: OfferOutcome::Missed,
    };
    assert_eq!(
        desk.tell(gone),
        ["s1 gone 1@5 Missed", "s2 gone 1@5 Missed"]
    );
    assert_eq!(desk.tell(offered(1, 5, expires)), NOTHING, "a late copy");
    assert_eq!(desk.tell(connect(3, None)), ["s3 is ready+ 1/2 holding []"]);
}

#[test]
fn an_offer_is_not_shown_again_once_taken_or_expired() {
    let mut desk = Desk::ready();
    desk.all([reserve(1, 5), offered(1, 5, START + 30_000)]);
    desk.all([reserve(2, 5), offered(2, 5, START + 4_000)]);
    desk.tell(confirm(1, 5, true));
    desk.pass(4_000);
    assert_eq!(
        desk.tell(connect(2, None)),
        ["s2 is ready+ 2/2 holding [1]"]
    );
}

#[test]
fn assignment_is_shown_while_reserved() {
    let mut desk = Desk::ready();
    let conversation = super::desk::matter(1);
    assert_eq!(desk.tell(Note::Assigned { conversation }), NOTHING);
    desk.tell(reserve(1, 5));
    assert_eq!(
        desk.tell(Note::Assigned { conversation }),
        ["s1 assigned 1"]
    );
    let gone = Note::Unassigned { conversation };
    assert_eq!(desk.tell(gone.clone()), ["s1 unassigned 1"]);
    desk.tell(confirm(1, 5, true));
    assert_eq!(desk.tell(gone), NOTHING, "the word of an earlier claim");
}

#[test]
fn a_base_replaces_what_came_before() {
    let mut desk = Desk::ready();
    desk.tell(reserve(1, 0));
    for n in 1..=BASE_EVERY / 2 {
        desk.all([reserve(2, n), release(2, n, Released::Over)]);
    }
    let written = |desk: &Desk| {
        let mut events = desk.log.iter();
        events.position(|it| matches!(it.event, Event::Base(_)))
    };
    assert_eq!(written(&desk), Some(BASE_EVERY as usize));
    let before = desk.agent.ledger().clone();
    desk.log.drain(..BASE_EVERY as usize);
    desk.restart();
    assert_eq!(*desk.agent.ledger(), before);
    assert_eq!(before.load(), 1);
}

#[test]
fn lowered_capacity_takes_nothing_away() {
    let mut desk = Desk::ready();
    desk.all([reserve(1, 5), reserve(2, 5)]);
    desk.directory = directory(1);
    assert_eq!(desk.tell(Note::Reconfigured)[0], "group sales ready+ 2/1");
    desk.tell(release(1, 5, Released::Over));
    assert_eq!(only(desk.tell(reserve(3, 5)), CLAIMS), ["no 3@5 to sales"]);
}
