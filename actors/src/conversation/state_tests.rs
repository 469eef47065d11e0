//! Tables: what it is told, what comes of it.

use crate::ids::*;
use crate::ports::BotReply;

use super::note::*;
use super::script::*;

#[test]
fn from_first_word_to_rating() {
    check(&[
        (0, open(0), "?"),
        (0, customer(), "?"),
        (10, does(1, 0, say(1, "refund?")), "?"),
        (300, Note::Wake, "?"),
        (50, answered(1), "?"),
        (10, does(1, 1, say(2, "human")), "?"),
        (300, Note::Wake, "?"),
        (50, handed_off(2), "?"),
        (5, reserved(8, "amy"), "?"),
        (5, agent("amy"), "?"),
        (5, does(11, 0, accept(8, "amy")), "?"),
        (5, does(11, 1, say(3, "hello")), "?"),
        (5, does(1, 2, say(4, "hi")), "?"),
        (5, does(11, 2, Command::End), "?"),
        (5, does(11, 3, Command::WrapUpDone { code: None }), "?"),
        (5, does(1, 3, rate(4)), "?"),
        (5, does(1, 4, rate(4)), "?"),
        (5, reserved(8, "amy"), "?"),
    ]);
}

#[test]
fn a_burst_is_one_turn_and_an_outdated_answer_is_discarded() {
    check(&[
        (0, open(0), "?"),
        (0, customer(), "?"),
        (0, does(1, 0, say(1, "paid")), "?"),
        (200, does(1, 1, say(2, "how to refund")), "?"),
        (200, Note::Wake, "?"),
        (100, Note::Wake, "?"),
        (5, does(1, 2, say(3, "quick")), "?"),
        (5, answered(2), "?"),
        (300, Note::Wake, "?"),
        (5, answered(3), "?"),
        (5, answered(3), "?"),
    ]);
}

#[test]
fn a_bot_that_is_late_or_off_gives_way_to_a_person() {
    check(&[
        (0, open(0), "?"),
        (0, customer(), "?"),
        (0, does(1, 0, say(1, "hi")), "?"),
        (300, Note::Wake, "?"),
        (3_000, Note::Wake, "?"),
        (1, answered(1), "?"),
    ]);
    check_in(
        directory(|tenant| tenant.bot_enabled = false),
        &[
            (0, open(0), "?"),
            (0, customer(), "?"),
            (0, does(1, 0, say(1, "hi")), "?"),
        ],
    );
    check(&[
        (0, open(0), "?"),
        (0, customer(), "?"),
        (0, does(1, 0, say(1, "hi")), "?"),
        (300, Note::Wake, "?"),
        (5, replied(1, BotReply::Unavailable), "?"),
    ]);
}

#[test]
fn a_missed_or_declined_offer_returns_unseen_by_the_customer() {
    check(&[
        (0, open(0), "?"),
        (0, customer(), "?"),
        (0, does(1, 0, Command::AskHuman), "?"),
        (0, does(1, 1, Command::AskHuman), "?"),
        (5, reserved(2, "amy"), "?"),
        (5, reserved(2, "amy"), "?"),
        (5, reserved(2, "bob"), "?"),
        (30_000, does(11, 0, accept(2, "amy")), "?"),
        (5, reserved(2, "amy"), "?"),
        (5, reserved(4, "bob"), "?"),
        (5, agent("bob"), "?"),
        (5, does(12, 0, accept(2, "bob")), "?"),
        (5, does(12, 1, accept(4, "amy")), "?"),
        (5, does(12, 2, decline(4, "bob")), "?"),
        (5, reserved(6, "bob"), "?"),
        (5, reserved(99, "bob"), "?"),
    ]);
}

#[test]
fn announced_on_a_beat_until_listed_then_slowly() {
    check(&[
        (0, open(0), "?"),
        (0, customer(), "?"),
        (0, does(1, 0, Command::AskHuman), "?"),
        (999, Note::Wake, "?"),
        (1, Note::Wake, "?"),
        (10, listed(2), "?"),
        (1_000, Note::Wake, "?"),
        (4_000, Note::Wake, "?"),
        (10, placed(2, 3), "?"),
        (10, placed(1, 3), "?"),
    ]);
}

#[test]
fn abandoned_after_the_grace_and_not_before() {
    let leaves = Note::Detach {
        session: session(1),
        link: 0,
    };
    check(&[
        (0, open(0), "?"),
        (0, customer(), "?"),
        (0, does(1, 0, Command::AskHuman), "?"),
        (10, leaves.clone(), "?"),
        (29_000, customer(), "?"),
        (60_000, leaves.clone(), "?"),
        (29_999, listed(2), "?"),
        (1, Note::Wake, "?"),
        (5, reserved(2, "amy"), "?"),
    ]);
    check(&[
        (0, open(0), "?"),
        (0, customer(), "?"),
        (0, does(1, 0, Command::AskHuman), "?"),
        (10, leaves, "?"),
        (20_000, reserved(2, "amy"), "?"),
        (10_000, Note::Wake, "?"),
    ]);
}

#[test]
fn transfer_keeps_the_holder_until_the_target_stands() {
    let lost = |position, name| Note::AgentLost {
        offer: offer(position, name),
        grace_over: true,
    };
    let refused = Note::ReserveRefused {
        offer: offer(5, "bob"),
    };
    check(&[
        (0, open(0), "?"),
        (0, customer(), "?"),
        (0, does(1, 0, Command::AskHuman), "?"),
        (5, reserved(2, "amy"), "?"),
        (5, agent("amy"), "?"),
        (5, does(11, 0, accept(2, "amy")), "?"),
        (5, does(11, 1, transfer("bob", true)), "?"),
        (5, does(11, 2, transfer("eve", false)), "?"),
        (5, does(11, 3, transfer("bob", false)), "?"),
        (1_000, Note::Wake, "?"),
        (5, refused, "?"),
        (5, reserved(5, "bob"), "?"),
        (5, does(11, 4, transfer("bob", false)), "?"),
        (5, reserved(7, "bob"), "?"),
        (5, does(11, 5, say(9, "bye")), "?"),
        (5, reserved(2, "amy"), "?"),
        (5, reserved(7, "bob"), "?"),
        (5, lost(2, "amy"), "?"),
        (5, lost(7, "bob"), "?"),
    ]);
}

#[test]
fn a_transfer_to_a_group_waits_there_with_its_note_unseen() {
    let to_group = |to: &str| Command::TransferToGroup {
        to: to.into(),
        note: Some("wants a refund".to_owned()),
    };
    check(&[
        (0, open(0), "?"),
        (0, customer(), "?"),
        (0, does(1, 0, Command::AskHuman), "?"),
        (5, reserved(2, "amy"), "?"),
        (5, agent("amy"), "?"),
        (5, does(11, 0, accept(2, "amy")), "?"),
        (5, does(11, 1, to_group("nowhere")), "?"),
        (5, does(11, 2, to_group("after")), "?"),
        (5, reserved(2, "amy"), "?"),
        (5, listed(2), "?"),
    ]);
}

#[test]
fn takeover_silences_bot_and_agent_and_leaves_no_trace() {
    check(&[
        (0, open(0), "?"),
        (0, customer(), "?"),
        (0, supervisor(), "?"),
        (0, does(1, 0, say(1, "hi")), "?"),
        (300, Note::Wake, "?"),
        (5, does(21, 0, say(2, "too early")), "?"),
        (5, does(21, 1, Command::TakeOver), "?"),
        (5, answered(1), "?"),
        (5, does(21, 2, say(3, "the desk speaks")), "?"),
        (5, typing(21), "?"),
        (5, does(21, 3, Command::GiveBack), "?"),
        (5, reserved(6, "amy"), "?"),
        (5, agent("amy"), "?"),
        (5, does(11, 0, accept(6, "amy")), "?"),
        (5, does(21, 4, Command::TakeOver), "?"),
        (5, does(11, 1, say(4, "me?")), "?"),
        (5, typing(11), "?"),
        (5, does(1, 1, say(5, "who?")), "?"),
        (5, does(21, 5, Command::GiveBack), "?"),
        (5, does(11, 2, say(4, "me again")), "?"),
        (5, typing(11), "?"),
        (5, typing(1), "?"),
        (5, typing(21), "?"),
    ]);
}

#[test]
fn a_whisper_has_no_number_of_the_customers() {
    let whisper = |id: u8| Command::Whisper {
        id: ClientMsgId([id; 16]),
        text: "be kind".to_owned(),
    };
    check(&[
        (0, open(0), "?"),
        (0, customer(), "?"),
        (0, supervisor(), "?"),
        (0, does(21, 0, whisper(1)), "?"),
        (0, does(1, 0, whisper(1)), "?"),
        (0, does(1, 1, say(1, "hi")), "?"),
        (0, does(21, 1, whisper(1)), "?"),
        (0, customer(), "?"),
        (0, supervisor(), "?"),
    ]);
}

#[test]
fn commands_count_in_order_and_repeat_without_harm() {
    check(&[
        (0, open(0), "?"),
        (0, does(1, 0, say(1, "a")), "?"),
        (0, customer(), "?"),
        (0, does(1, 1, say(2, "b")), "?"),
        (0, does(1, 2, say(3, "c")), "?"),
        (0, does(1, 0, say(1, "a")), "?"),
        (0, does(1, 0, say(1, "a")), "?"),
        (0, does(1, 1, say(2, "b")), "?"),
        (0, does(1, 2, say(1, "a")), "?"),
        (0, does(1, 3, say(1, "other")), "?"),
        (0, beat(1, 1), "?"),
        (0, beat(2, 1), "?"),
        (250, Note::Wake, "?"),
    ]);
}

#[test]
fn edit_and_recall_are_the_authors_and_in_time() {
    let edit = |id: u8, of| Command::Edit {
        id: ClientMsgId([id; 16]),
        of: Seq(of),
        body: text("better"),
    };
    let recall = |id: u8, of| Command::Recall {
        id: ClientMsgId([id; 16]),
        of: Seq(of),
    };
    check(&[
        (0, open(0), "?"),
        (0, customer(), "?"),
        (0, does(1, 0, say(1, "typo")), "?"),
        (0, does(1, 1, edit(2, 2)), "?"),
        (0, does(1, 2, edit(3, 1)), "?"),
        (0, does(1, 3, edit(4, 9)), "?"),
        (300, Note::Wake, "?"),
        (1, answered(1), "?"),
        (0, does(1, 4, edit(5, 4)), "?"),
        (119_000, does(1, 5, recall(6, 2)), "?"),
        (0, does(1, 6, recall(6, 2)), "?"),
        (0, does(1, 7, recall(7, 2)), "?"),
        (0, does(1, 8, say(8, "late")), "?"),
        (120_001, does(1, 9, recall(9, 7)), "?"),
    ]);
}

#[test]
fn reopened_waits_for_whoever_served_and_releases_the_wrap_up() {
    check(&[
        (0, open(1), "?"),
        (0, open(0), "?"),
        (0, open(0), "?"),
        (0, customer(), "?"),
        (0, does(1, 0, Command::AskHuman), "?"),
        (5, reserved(2, "amy"), "?"),
        (5, agent("amy"), "?"),
        (5, does(11, 0, accept(2, "amy")), "?"),
        (5, does(1, 1, Command::Leave), "?"),
        (5, does(1, 2, say(1, "one more")), "?"),
        (5, open(0), "?"),
        (5, open(2), "?"),
        (5, open(1), "?"),
        (5, does(1, 3, Command::Leave), "?"),
        (5, does(1, 4, rate(2)), "?"),
        (5, open(2), "?"),
    ]);
}

#[test]
fn silence_closes_and_time_decides_before_people() {
    check(&[
        (0, open(0), "?"),
        (0, customer(), "?"),
        (0, does(1, 0, say(1, "hi")), "?"),
        (300, Note::Wake, "?"),
        (1, answered(1), "?"),
        (899_999, Note::Wake, "?"),
        (1, does(1, 1, say(2, "still there?")), "?"),
        (0, does(1, 2, say(1, "hi")), "?"),
        (86_400_001, does(1, 3, rate(1)), "?"),
    ]);
}

#[test]
fn overflow_moves_on_but_never_in_circles() {
    let overflow = |entry, to: Overflow| Note::Overflow {
        entry: Seq(entry),
        to,
    };
    check(&[
        (0, open(0), "?"),
        (0, customer(), "?"),
        (0, does(1, 0, Command::AskHuman), "?"),
        (5, overflow(2, Overflow::Group("after".into())), "?"),
        (5, overflow(2, Overflow::Bot), "?"),
        (5, overflow(3, Overflow::Bot), "?"),
        (5, does(1, 1, Command::AskHuman), "?"),
        (5, overflow(5, Overflow::Group("sales".into())), "?"),
        (5, overflow(6, Overflow::Group("after".into())), "?"),
    ]);
}

#[test]
fn instead_of_waiting_the_customer_leaves_words_or_a_number() {
    let words = Command::LeaveMessage {
        id: ClientMsgId([5; 16]),
        text: "call me".to_owned(),
    };
    let call = Command::CallBack {
        contact: "555".to_owned(),
    };
    check(&[
        (0, open(0), "?"),
        (0, customer(), "?"),
        (0, does(1, 0, call.clone()), "?"),
        (0, does(1, 1, Command::AskHuman), "?"),
        (0, does(1, 2, words.clone()), "?"),
        (0, does(1, 3, words), "?"),
        (0, open(1), "?"),
        (0, does(1, 4, Command::AskHuman), "?"),
        (0, does(1, 5, call), "?"),
    ]);
}

#[test]
fn agents_attach_only_to_what_concerns_them() {
    check(&[
        (0, customer(), "?"),
        (0, supervisor(), "?"),
        (0, open(0), "?"),
        (0, agent("amy"), "?"),
        (0, does(1, 0, Command::AskHuman), "?"),
        (0, reserved(2, "amy"), "?"),
        (0, agent("amy"), "?"),
        (0, agent("bob"), "?"),
        (0, lost_offer(2, "amy"), "?"),
        (0, does(11, 0, accept(2, "amy")), "?"),
    ]);
}
