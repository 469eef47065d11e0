//! What every client does: sending, answers, lost connections; told at a customer's end.

use crest_schema::codes::Code;
use crest_schema::frame::customer_view::{CustomerEvent, Position};
use crest_schema::frame::server::{Bye, Place};
use crest_schema::frame::{Body, CloseReason, ServerFrame};

use super::args::Side;
use super::script::*;
use super::state::Lost;

const NOTHING: [&str; 0] = [];

/// A customer in an open conversation with nothing said.
fn customer() -> Play {
    let mut play = Play::begin(Side::Customer, 32);
    play.hears(routed(true));
    play.hears(attached(0, None));
    play
}

#[test]
fn a_message_is_sent_at_once_and_shown_when_the_server_has_it() {
    let mut play = Play::begin(Side::Customer, 32);
    assert_eq!(play.types("early"), NOTHING);
    assert_eq!(play.live(), ["sending: early"]);
    assert_eq!(play.hears(nowhere()), ["> 2 send 101 early"]);
    assert_eq!(play.hears(message(1, Some(101), "early")), ["you: early"]);
    assert_eq!(play.hears(message(2, None, "yes")), ["bot: yes"]);
    assert_eq!(play.live(), NOTHING);
}

#[test]
fn events_seen_before_are_not_shown_again() {
    let mut play = customer();
    play.hears(message(1, None, "one"));
    assert_eq!(play.hears(message(1, None, "one")), NOTHING);
    let missing = play.hears(message(3, None, "three"));
    assert_eq!(
        missing,
        ["1 events are not shown by this client", "bot: three"]
    );
}

#[test]
fn what_is_unanswered_is_sent_again_in_order_once_caught_up() {
    let mut play = customer();
    play.hears(message(1, None, "hello"));
    assert_eq!(play.types("one"), ["> 2 send 101 one"]);
    assert_eq!(play.types("two"), ["> 3 send 102 two"]);
    assert_eq!(play.types("three"), ["> 4 send 103 three"]);
    play.answered(2, ack(Some(101), 2));

    let (lost, told) = play.loses(None);
    assert_eq!(
        lost,
        Lost::Return {
            retry_after_ms: None
        }
    );
    assert_eq!(told, ["the connection broke; reconnecting…"]);
    assert_eq!(play.types("four"), NOTHING);

    assert_eq!(play.connect(32), ["> 8 hello [1@1]", "connected again"]);
    assert_eq!(play.hears(routed(true)), NOTHING);
    assert_eq!(play.hears(attached(3, None)), NOTHING);
    assert_eq!(play.hears(message(2, Some(101), "one")), ["you: one"]);
    // The second was stored although its ack was lost: it is not sent again.
    let last = play.hears(message(3, Some(102), "two"));
    assert_eq!(
        last,
        ["you: two", "> 6 send 103 three", "> 7 send 104 four"]
    );
}

#[test]
fn a_server_that_never_catches_up_is_not_waited_for_for_ever() {
    let mut play = customer();
    play.types("one");
    play.loses(None);
    play.connect(32);
    play.hears(routed(true));
    assert_eq!(play.ticks(9_999), NOTHING);
    assert_eq!(play.ticks(1), ["> 3 send 101 one"]);
}

#[test]
fn only_so_many_are_under_way_as_the_server_allows() {
    let mut play = Play::begin(Side::Customer, 2);
    play.hears(nowhere());
    play.types("one");
    play.types("two");
    assert_eq!(play.types("three"), NOTHING);
    assert_eq!(play.answered(2, ack(Some(101), 1)), ["> 4 send 103 three"]);
}

#[test]
fn a_passing_refusal_is_tried_again_after_the_pause_and_nothing_overtakes_it() {
    let mut play = customer();
    play.types("one");
    let told = play.answered(2, error(Code::BusyMessages));
    assert!(told[0].ends_with("Trying again by itself."), "{told:?}");
    assert_eq!(play.types("two"), NOTHING);
    assert_eq!(play.ticks(999), NOTHING);
    assert_eq!(play.ticks(1), ["> 2 send 101 one", "> 3 send 102 two"]);
}

#[test]
fn a_lasting_refusal_is_told_with_what_was_typed() {
    let mut play = customer();
    play.types("one");
    let told = play.answered(2, error(Code::Conflict));
    let words = "“one” was not sent: The same id came before with other content. Use a new id for new content.";
    assert_eq!(told, [words]);
    assert_eq!(play.live(), NOTHING);
}

#[test]
fn a_command_repeated_after_a_lost_answer_is_not_complained_about() {
    let mut play = customer();
    play.types("/rate 4 great");
    play.loses(None);
    play.connect(32);
    play.hears(routed(true));
    let again = play.hears(attached(0, None));
    assert_eq!(again, ["> 3 rate 4 Some(\"great\")"]);
    assert_eq!(play.answered(3, error(Code::AlreadyRated)), NOTHING);
    play.types("/rate 1");
    let told = play.answered(5, error(Code::AlreadyRated));
    assert!(told[0].starts_with("/rate: "), "{told:?}");
}

#[test]
fn a_close_says_whether_to_come_back() {
    let bye = |code, retry_after_ms| {
        ServerFrame::Bye(Bye {
            code,
            reason: "Closing for the night.".into(),
            retry_after_ms,
        })
    };
    let mut play = customer();
    play.hears(bye(4_000, Some(2_000)));
    let (lost, told) = play.loses(Some(4_000));
    let retry_after_ms = Some(2_000);
    assert_eq!(lost, Lost::Return { retry_after_ms });
    assert_eq!(told, ["Closing for the night. reconnecting…"]);

    let mut play = customer();
    play.hears(bye(4_504, None));
    let (lost, _) = play.loses(Some(4_504));
    let words = "Closing for the night. (4504). Sign in again.".to_owned();
    assert_eq!(lost, Lost::Stop(words));
}

#[test]
fn three_refused_tickets_in_a_row_end_it() {
    let mut play = customer();
    let mut refuse = || {
        let _ = play.talk.connected(play.now, "ticket".to_owned());
        matches!(play.loses(Some(4_502)).0, Lost::Stop(_))
    };
    assert_eq!([refuse(), refuse(), refuse()], [false, false, true]);
}

#[test]
fn a_silent_connection_is_pinged_and_then_given_up() {
    let mut play = customer();
    assert_eq!(play.ticks(29_999), NOTHING);
    assert_eq!(play.ticks(1), ["> - ping"]);
    assert_eq!(play.ticks(9_999), NOTHING);
    assert_eq!(play.ticks(1), ["(drop)"]);
    play.hears(ServerFrame::Pong(Default::default()));
    assert_eq!(play.ticks(1_000), NOTHING);
}

#[test]
fn the_place_in_the_queue_is_told_when_it_changes_and_goes_when_somebody_comes() {
    let mut play = customer();
    let place = |position, wait_minutes| {
        ServerFrame::Place(Place {
            conversation: ROOM,
            position,
            wait_minutes,
            call_back: wait_minutes.is_none(),
        })
    };
    let third = "you are number 3 in the queue (排队第 3 位), about 2 minutes";
    assert_eq!(play.hears(place(3, Some(2))), [format!("~ {third}")]);
    assert_eq!(play.hears(place(3, Some(2))), NOTHING);
    assert_eq!(play.live(), [third]);
    let unknown = play.hears(place(2, None));
    assert!(
        unknown[0].ends_with("/callback CONTACT, or /message TEXT"),
        "{unknown:?}"
    );
    let joined = CustomerEvent::Joined {
        agent: "lin".into(),
    };
    assert_eq!(play.hears(event(1, joined)), ["lin is here for you"]);
    assert_eq!(play.live(), NOTHING);
}

#[test]
fn a_reconnected_customer_sees_its_place_again() {
    let mut play = customer();
    play.loses(None);
    play.connect(32);
    play.hears(routed(true));
    let place = Position {
        position: 1,
        wait_minutes: Some(1),
        call_back: false,
    };
    let words = "you are number 1 in the queue (排队第 1 位), about a minute";
    assert_eq!(play.hears(attached(0, Some(place))), [format!("~ {words}")]);
}

#[test]
fn the_end_asks_for_a_rating_where_there_is_something_to_rate() {
    let ended = |reason| event(1, CustomerEvent::Ended { reason });
    let told = customer().hears(ended(CloseReason::Resolved));
    assert_eq!(told[0], "conversation over: resolved");
    assert!(told[1].contains("非常满意 4"), "{told:?}");
    assert!(told[1].contains("不满意 1"), "{told:?}");
    let told = customer().hears(ended(CloseReason::Abandoned));
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn a_number_answers_the_choices_while_they_are_the_newest() {
    let mut play = customer();
    let choices = CustomerEvent::Message {
        from: crest_schema::frame::customer_view::Speaker::Bot,
        id: None,
        body: Body::Choices {
            text: "Which?".into(),
            options: vec!["退款".into(), "换货".into()],
        },
    };
    let told = play.hears(event(1, choices));
    assert_eq!(told, ["bot: Which?\n[1] 退款\n[2] 换货"]);
    assert_eq!(play.types("2"), ["> 2 send 101 换货"]);
    assert_eq!(play.types("3"), ["> 3 send 102 3"]);
    play.hears(message(2, Some(101), "换货"));
    assert_eq!(play.types("1"), ["> 4 send 103 1"]);
}

#[test]
fn what_is_shown_is_marked_read_once_a_second_at_most() {
    let mut play = customer();
    play.hears(message(1, None, "one"));
    play.hears(message(2, None, "two"));
    assert_eq!(play.ticks(1_000), ["> - read 2"]);
    assert_eq!(play.ticks(1_000), NOTHING);
}

#[test]
fn typing_is_told_at_most_every_three_seconds() {
    let mut play = customer();
    assert_eq!(told(play.talk.typing(10_000)), ["> - typing"]);
    assert_eq!(told(play.talk.typing(12_999)), NOTHING);
    assert_eq!(told(play.talk.typing(13_000)), ["> - typing"]);
    play.loses(None);
    assert_eq!(told(play.talk.typing(20_000)), NOTHING);
}
