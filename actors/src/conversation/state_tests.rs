//! Tables: what it is told, what comes of it.

use crate::ids::*;
use crate::ports::BotReply;

use super::note::*;
use super::script::*;

#[test]
fn from_first_word_to_rating() {
    check(&[
        (0, open(0), "+1/1 Opened"),
        (0, customer(), "1<Attached 1 of 1"),
        (
            10,
            does(1, 0, say(1, "refund?")),
            "+2/2 Message(Customer), 1<Ack 2, pub 2>1|",
        ),
        (300, Note::Wake, "1<Tail 2, bot 1 \"refund?\""),
        (
            50,
            answered(1),
            "+3/3 Message(Bot), +4/- BotTurned, pub 3>1|",
        ),
        (
            10,
            does(1, 1, say(2, "human")),
            "+5/4 Message(Customer), 1<Ack 4, pub 5>1|",
        ),
        (300, Note::Wake, "1<Tail 4, bot 2 \"human\""),
        (
            50,
            handed_off(2),
            "+6/5 Message(Bot), +7/- BotTurned, +8/6 Waiting(sales BotMissed), pub 6>1|, pub 8>1|, sales:Announce 8",
        ),
        (
            5,
            reserved(8, "amy"),
            "+9/- Offered(amy@8), sales:Withdraw 8 Offered, amy:Confirm 8, amy:Offered",
        ),
        (5, agent("amy"), "11<Attached 9 of 9"),
        (
            5,
            does(11, 0, accept(8, "amy")),
            "+10/7 Accepted(amy@8), 11<Ack 10, pub 10>1|11, amy:Accepted, amy:Confirm 8 accepted, amy:Assigned",
        ),
        (
            5,
            does(11, 1, say(3, "hello")),
            "+11/8 Message(Agent(amy)), 11<Ack 11, pub 11>1|11",
        ),
        (
            5,
            does(1, 2, say(4, "hi")),
            "+12/9 Message(Customer), 1<Ack 9, pub 12>1|11",
        ),
        (
            5,
            does(11, 2, Command::End),
            "+13/10 WrapUp(Resolved), 11<Ack 13, pub 13>1|11, customer:Ended 0, 1<Ended 0",
        ),
        (
            5,
            does(11, 3, Command::WrapUpDone { code: None }),
            "+14/- Closed(Resolved), 11<Ack 14, pub 14>|11, amy:Release 8 Over, amy:Unassigned, sales:Handled, 11<Unassigned",
        ),
        (5, does(1, 3, rate(4)), "+15/11 Rated, 1<Ack 11, pub 15>1|"),
        (5, does(1, 4, rate(4)), "1<AlreadyRated"),
        (
            5,
            reserved(8, "amy"),
            "amy:Release 8 Over, sales:Withdraw 8 Left",
        ),
    ]);
}

#[test]
fn a_burst_is_one_turn_and_an_outdated_answer_is_discarded() {
    check(&[
        (0, open(0), "+1/1 Opened"),
        (0, customer(), "1<Attached 1 of 1"),
        (
            0,
            does(1, 0, say(1, "paid")),
            "+2/2 Message(Customer), 1<Ack 2, pub 2>1|",
        ),
        (
            200,
            does(1, 1, say(2, "how to refund")),
            "+3/3 Message(Customer), 1<Ack 3, pub 3>1|",
        ),
        (200, Note::Wake, ""),
        (100, Note::Wake, "1<Tail 3, bot 2 \"paid\\nhow to refund\""),
        (
            5,
            does(1, 2, say(3, "quick")),
            "+4/4 Message(Customer), 1<Ack 4, pub 4>1|",
        ),
        (5, answered(2), ""),
        (
            300,
            Note::Wake,
            "1<Tail 4, bot 3 \"paid\\nhow to refund\\nquick\"",
        ),
        (
            5,
            answered(3),
            "+5/5 Message(Bot), +6/- BotTurned, pub 5>1|",
        ),
        (5, answered(3), ""),
    ]);
}

#[test]
fn a_bot_that_is_late_or_off_gives_way_to_a_person() {
    check(&[
        (0, open(0), "+1/1 Opened"),
        (0, customer(), "1<Attached 1 of 1"),
        (
            0,
            does(1, 0, say(1, "hi")),
            "+2/2 Message(Customer), 1<Ack 2, pub 2>1|",
        ),
        (300, Note::Wake, "1<Tail 2, bot 1 \"hi\""),
        (
            3_000,
            Note::Wake,
            "+3/3 Waiting(sales NoBot), pub 3>1|, sales:Announce 3",
        ),
        (1, answered(1), ""),
    ]);
    check_in(
        directory(|tenant| tenant.bot_enabled = false),
        &[
            (0, open(0), "+1/1 Opened"),
            (0, customer(), "1<Attached 1 of 1"),
            (
                0,
                does(1, 0, say(1, "hi")),
                "+2/2 Message(Customer), +3/3 Waiting(sales NoBot), 1<Ack 2, pub 2>1|, pub 3>1|, sales:Announce 3",
            ),
        ],
    );
    check(&[
        (0, open(0), "+1/1 Opened"),
        (0, customer(), "1<Attached 1 of 1"),
        (
            0,
            does(1, 0, say(1, "hi")),
            "+2/2 Message(Customer), 1<Ack 2, pub 2>1|",
        ),
        (300, Note::Wake, "1<Tail 2, bot 1 \"hi\""),
        (
            5,
            replied(1, BotReply::Unavailable),
            "+3/3 Waiting(sales NoBot), pub 3>1|, sales:Announce 3",
        ),
    ]);
}

#[test]
fn a_missed_or_declined_offer_returns_unseen_by_the_customer() {
    check(&[
        (0, open(0), "+1/1 Opened"),
        (0, customer(), "1<Attached 1 of 1"),
        (
            0,
            does(1, 0, Command::AskHuman),
            "+2/2 Waiting(sales Asked), 1<Ack 2, pub 2>1|, sales:Announce 2",
        ),
        (0, does(1, 1, Command::AskHuman), "1<Done"),
        (
            5,
            reserved(2, "amy"),
            "+3/- Offered(amy@2), sales:Withdraw 2 Offered, amy:Confirm 2, amy:Offered",
        ),
        (5, reserved(2, "amy"), "amy:Confirm 2, amy:Offered"),
        (
            5,
            reserved(2, "bob"),
            "bob:Release 2 Over, sales:Withdraw 2 Left",
        ),
        (
            30_000,
            does(11, 0, accept(2, "amy")),
            "+4/- Waiting(sales Missed(amy)), 11<Unknown, 1<Tail 2, amy:Release 2 Missed, amy:Missed, sales:Announce 4",
        ),
        (
            5,
            reserved(2, "amy"),
            "amy:Release 2 Over, sales:Withdraw 2 Left",
        ),
        (
            5,
            reserved(4, "bob"),
            "+5/- Offered(bob@4), sales:Withdraw 4 Offered, bob:Confirm 4, bob:Offered",
        ),
        (5, agent("bob"), "12<Attached 5 of 5"),
        (5, does(12, 0, accept(2, "bob")), "12<Gone"),
        (5, does(12, 1, accept(4, "amy")), "12<Gone"),
        (
            5,
            does(12, 2, decline(4, "bob")),
            "+6/- Waiting(sales Declined(bob)), 12<Ack 6, pub 6>|12, bob:Release 4 Declined, bob:Declined, sales:Announce 6, 12<Unassigned",
        ),
        (
            5,
            reserved(6, "bob"),
            "+7/- Offered(bob@6), sales:Withdraw 6 Offered, bob:Confirm 6, bob:Offered",
        ),
        (5, reserved(99, "bob"), ""),
    ]);
}

#[test]
fn announced_on_a_beat_until_listed_then_slowly() {
    check(&[
        (0, open(0), "+1/1 Opened"),
        (0, customer(), "1<Attached 1 of 1"),
        (
            0,
            does(1, 0, Command::AskHuman),
            "+2/2 Waiting(sales Asked), 1<Ack 2, pub 2>1|, sales:Announce 2",
        ),
        (999, Note::Wake, "1<Tail 2"),
        (1, Note::Wake, "sales:Announce 2"),
        (10, listed(2), ""),
        (1_000, Note::Wake, ""),
        (4_000, Note::Wake, "sales:Announce 2"),
        (10, placed(2, 3), "1<Place 3"),
        (10, placed(2, 3), ""),
        (10, placed(1, 3), "sales:Withdraw 1 Left"),
        (10, listed(1), "sales:Withdraw 1 Left"),
    ]);
}

#[test]
fn abandoned_after_the_grace_and_not_before() {
    let leaves = Note::Detach {
        session: session(1),
        link: 0,
    };
    check(&[
        (0, open(0), "+1/1 Opened"),
        (0, customer(), "1<Attached 1 of 1"),
        (
            0,
            does(1, 0, Command::AskHuman),
            "+2/2 Waiting(sales Asked), 1<Ack 2, pub 2>1|, sales:Announce 2",
        ),
        (10, leaves.clone(), ""),
        (29_000, customer(), "1<Attached 2 of 2, sales:Announce 2"),
        (60_000, leaves.clone(), "sales:Announce 2"),
        (29_999, listed(2), "sales:Announce 2"),
        (
            1,
            Note::Wake,
            "+3/3 Closed(Abandoned), sales:Withdraw 2 Abandoned, customer:Ended 0",
        ),
        (
            5,
            reserved(2, "amy"),
            "amy:Release 2 Over, sales:Withdraw 2 Left",
        ),
    ]);
    check(&[
        (0, open(0), "+1/1 Opened"),
        (0, customer(), "1<Attached 1 of 1"),
        (
            0,
            does(1, 0, Command::AskHuman),
            "+2/2 Waiting(sales Asked), 1<Ack 2, pub 2>1|, sales:Announce 2",
        ),
        (10, leaves, ""),
        (
            20_000,
            reserved(2, "amy"),
            "+3/- Offered(amy@2), sales:Announce 2, sales:Withdraw 2 Offered, amy:Confirm 2, amy:Offered",
        ),
        (
            10_000,
            Note::Wake,
            "+4/3 Closed(Abandoned), amy:Release 2 Over, amy:Rescinded, customer:Ended 0",
        ),
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
        (0, open(0), "+1/1 Opened"),
        (0, customer(), "1<Attached 1 of 1"),
        (
            0,
            does(1, 0, Command::AskHuman),
            "+2/2 Waiting(sales Asked), 1<Ack 2, pub 2>1|, sales:Announce 2",
        ),
        (
            5,
            reserved(2, "amy"),
            "+3/- Offered(amy@2), sales:Withdraw 2 Offered, amy:Confirm 2, amy:Offered",
        ),
        (5, agent("amy"), "11<Attached 3 of 3"),
        (
            5,
            does(11, 0, accept(2, "amy")),
            "+4/3 Accepted(amy@2), 11<Ack 4, pub 4>1|11, amy:Accepted, amy:Confirm 2 accepted, amy:Assigned",
        ),
        (5, does(11, 1, transfer("bob", true)), "11<NotAllowed"),
        (5, does(11, 2, transfer("eve", false)), "11<NoSuchTarget"),
        (
            5,
            does(11, 3, transfer("bob", false)),
            "+5/- TransferRequested, 11<Ack 5, pub 5>|11, bob:Reserve 5",
        ),
        (1_000, Note::Wake, "1<Tail 3, 11<Tail 5, bob:Reserve 5"),
        (
            5,
            refused,
            "+6/- TransferFailed, pub 6>|11, bob:Release 5 Over",
        ),
        (
            5,
            reserved(5, "bob"),
            "bob:Release 5 Over, sales:Withdraw 5 Left",
        ),
        (
            5,
            does(11, 4, transfer("bob", false)),
            "+7/- TransferRequested, 11<Ack 7, pub 7>|11, bob:Reserve 7",
        ),
        (
            5,
            reserved(7, "bob"),
            "+8/4 Transferred(bob@7), pub 8>1|11, amy:Release 2 Over, amy:Unassigned, sales:Handled, bob:Confirm 7 accepted, bob:Assigned, 11<Unassigned",
        ),
        (5, does(11, 5, say(9, "bye")), "11<Unknown"),
        (
            5,
            reserved(2, "amy"),
            "amy:Release 2 Over, sales:Withdraw 2 Left",
        ),
        (5, reserved(7, "bob"), "bob:Confirm 7 accepted"),
        (5, lost(2, "amy"), ""),
        (
            5,
            lost(7, "bob"),
            "+9/5 Waiting(sales AgentLost(bob)), pub 9>1|, bob:Release 7 Over, bob:Unassigned, sales:Handled, sales:Announce 9",
        ),
    ]);
}

#[test]
fn a_transfer_to_a_group_waits_there_with_its_note_unseen() {
    let to_group = |to: &str| Command::TransferToGroup {
        to: to.into(),
        note: Some("wants a refund".to_owned()),
    };
    check(&[
        (0, open(0), "+1/1 Opened"),
        (0, customer(), "1<Attached 1 of 1"),
        (
            0,
            does(1, 0, Command::AskHuman),
            "+2/2 Waiting(sales Asked), 1<Ack 2, pub 2>1|, sales:Announce 2",
        ),
        (
            5,
            reserved(2, "amy"),
            "+3/- Offered(amy@2), sales:Withdraw 2 Offered, amy:Confirm 2, amy:Offered",
        ),
        (5, agent("amy"), "11<Attached 3 of 3"),
        (
            5,
            does(11, 0, accept(2, "amy")),
            "+4/3 Accepted(amy@2), 11<Ack 4, pub 4>1|11, amy:Accepted, amy:Confirm 2 accepted, amy:Assigned",
        ),
        (5, does(11, 1, to_group("nowhere")), "11<NoSuchTarget"),
        (
            5,
            does(11, 2, to_group("after")),
            "+5/- Whisper, +6/4 Waiting(after Transfer(amy)), 11<Ack 5, pub 5>|11, pub 6>1|11, amy:Release 2 Over, amy:Unassigned, sales:Handled, after:Announce 6, 11<Unassigned",
        ),
        (
            5,
            reserved(2, "amy"),
            "amy:Release 2 Over, sales:Withdraw 2 Left, after:Withdraw 2 Left",
        ),
        (5, listed(2), "sales:Withdraw 2 Left, after:Withdraw 2 Left"),
    ]);
}

#[test]
fn takeover_silences_bot_and_agent_and_leaves_no_trace() {
    check(&[
        (0, open(0), "+1/1 Opened"),
        (0, customer(), "1<Attached 1 of 1"),
        (0, supervisor(), "21<Attached 1 of 1"),
        (
            0,
            does(1, 0, say(1, "hi")),
            "+2/2 Message(Customer), 1<Ack 2, pub 2>1|21",
        ),
        (300, Note::Wake, "1<Tail 2, 21<Tail 2, bot 1 \"hi\""),
        (5, does(21, 0, say(2, "too early")), "21<WrongState"),
        (
            5,
            does(21, 1, Command::TakeOver),
            "+3/- TakenOver, 21<Ack 3, pub 3>|21",
        ),
        (5, answered(1), ""),
        (
            5,
            does(21, 2, say(3, "the desk speaks")),
            "+4/3 Message(Supervisor(sue)), 21<Ack 4, pub 4>1|21",
        ),
        (5, typing(21), "1<Typing Desk"),
        (
            5,
            does(21, 3, Command::GiveBack),
            "+5/4 Waiting(sales GivenBack(sue)), 21<Ack 5, pub 5>1|21, sales:Announce 5",
        ),
        (
            5,
            reserved(5, "amy"),
            "+6/- Offered(amy@5), pub 6>|21, sales:Withdraw 5 Offered, amy:Confirm 5, amy:Offered",
        ),
        (5, agent("amy"), "11<Attached 6 of 6"),
        (
            5,
            does(11, 0, accept(5, "amy")),
            "+7/5 Accepted(amy@5), 11<Ack 7, pub 7>1|21 11, amy:Accepted, amy:Confirm 5 accepted, amy:Assigned",
        ),
        (
            5,
            does(21, 4, Command::TakeOver),
            "+8/- TakenOver, 21<Ack 8, pub 8>|21 11",
        ),
        (5, does(11, 1, say(4, "me?")), "11<NotHolder"),
        (5, typing(11), "21<Typing Agent(amy)"),
        (
            5,
            does(1, 1, say(5, "who?")),
            "+9/6 Message(Customer), 1<Ack 6, pub 9>1|21 11",
        ),
        (
            5,
            does(21, 5, Command::GiveBack),
            "+10/- GivenBack, 21<Ack 10, pub 10>|21 11",
        ),
        (
            5,
            does(11, 2, say(4, "me again")),
            "+11/7 Message(Agent(amy)), 11<Ack 11, pub 11>1|21 11",
        ),
        (5, typing(11), "21<Typing Agent(amy), 1<Typing Agent(amy)"),
        (5, typing(1), "21<Typing Customer, 11<Typing Customer"),
        (5, typing(21), "11<Typing Supervisor(sue)"),
    ]);
}

#[test]
fn a_whisper_has_no_number_of_the_customers() {
    let whisper = |id: u8| Command::Whisper {
        id: ClientMsgId([id; 16]),
        text: "be kind".to_owned(),
    };
    check(&[
        (0, open(0), "+1/1 Opened"),
        (0, customer(), "1<Attached 1 of 1"),
        (0, supervisor(), "21<Attached 1 of 1"),
        (
            0,
            does(21, 0, whisper(1)),
            "+2/- Whisper, 21<Ack 2, pub 2>|21",
        ),
        (0, does(1, 0, whisper(1)), "1<NotAllowed"),
        (
            0,
            does(1, 1, say(1, "hi")),
            "+3/2 Message(Customer), 1<Ack 2, pub 3>1|21",
        ),
        (0, does(21, 1, whisper(1)), "21<Ack 2"),
        (0, customer(), "1<Attached 2 of 2"),
        (0, supervisor(), "21<Attached 3 of 3"),
    ]);
}

#[test]
fn commands_count_in_order_and_repeat_without_harm() {
    check(&[
        (0, open(0), "+1/1 Opened"),
        (0, does(1, 0, say(1, "a")), "1<Unknown"),
        (0, customer(), "1<Attached 1 of 1"),
        (0, does(1, 1, say(2, "b")), "1<Resend 0"),
        (0, does(1, 2, say(3, "c")), ""),
        (
            0,
            does(1, 0, say(1, "a")),
            "+2/2 Message(Customer), 1<Ack 2, pub 2>1|",
        ),
        (0, does(1, 0, say(1, "a")), "1<Ack 2"),
        (
            0,
            does(1, 1, say(2, "b")),
            "+3/3 Message(Customer), 1<Ack 3, pub 3>1|",
        ),
        (0, does(1, 2, say(1, "a")), "1<Ack 2"),
        (0, does(1, 3, say(1, "other")), "1<Conflict"),
        (0, beat(1, 1), "1<Tail 3"),
        (0, beat(2, 1), "2<Unknown"),
        (250, Note::Wake, ""),
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
        (0, open(0), "+1/1 Opened"),
        (0, customer(), "1<Attached 1 of 1"),
        (
            0,
            does(1, 0, say(1, "typo")),
            "+2/2 Message(Customer), 1<Ack 2, pub 2>1|",
        ),
        (0, does(1, 1, edit(2, 2)), "+3/3 Edited, 1<Ack 3, pub 3>1|"),
        (0, does(1, 2, edit(3, 1)), "1<NoSuchMessage"),
        (0, does(1, 3, edit(4, 9)), "1<NoSuchMessage"),
        (300, Note::Wake, "1<Tail 3, bot 1 \"better\""),
        (
            1,
            answered(1),
            "+4/4 Message(Bot), +5/- BotTurned, pub 4>1|",
        ),
        (0, does(1, 4, edit(5, 4)), "1<NoSuchMessage"),
        (
            119_000,
            does(1, 5, recall(6, 2)),
            "+6/5 Recalled, 1<Ack 5, pub 6>1|, 1<Tail 4",
        ),
        (0, does(1, 6, recall(6, 2)), "1<Ack 5"),
        (0, does(1, 7, recall(7, 2)), "1<NoSuchMessage"),
        (
            0,
            does(1, 8, say(8, "late")),
            "+7/6 Message(Customer), 1<Ack 6, pub 7>1|",
        ),
        (
            120_001,
            does(1, 9, recall(9, 6)),
            "1<TooLate, 1<Tail 6, bot 2 \"late\"",
        ),
    ]);
}

#[test]
fn reopened_waits_for_whoever_served_and_releases_the_wrap_up() {
    check(&[
        (0, open(1), ""),
        (0, open(0), "+1/1 Opened"),
        (0, open(0), ""),
        (0, customer(), "1<Attached 1 of 1"),
        (
            0,
            does(1, 0, Command::AskHuman),
            "+2/2 Waiting(sales Asked), 1<Ack 2, pub 2>1|, sales:Announce 2",
        ),
        (
            5,
            reserved(2, "amy"),
            "+3/- Offered(amy@2), sales:Withdraw 2 Offered, amy:Confirm 2, amy:Offered",
        ),
        (5, agent("amy"), "11<Attached 3 of 3"),
        (
            5,
            does(11, 0, accept(2, "amy")),
            "+4/3 Accepted(amy@2), 11<Ack 4, pub 4>1|11, amy:Accepted, amy:Confirm 2 accepted, amy:Assigned",
        ),
        (
            5,
            does(1, 1, Command::Leave),
            "+5/4 WrapUp(CustomerLeft), 1<Ack 4, pub 5>1|11, customer:Ended 0, 1<Ended 0",
        ),
        (
            5,
            does(1, 2, say(1, "one more")),
            "1<Ended 0, customer:Ended 0",
        ),
        (5, open(0), "customer:Ended 0"),
        (5, open(2), "customer:Ended 0"),
        (
            5,
            open(1),
            "+6/- Closed(CustomerLeft), +7/5 Opened, +8/6 Waiting(sales Reopened), pub 6>|11, pub 7>1|11, pub 8>1|11, amy:Release 2 Over, amy:Unassigned, sales:Handled, sales:Announce 8, 11<Unassigned",
        ),
        (
            5,
            does(1, 3, Command::Leave),
            "+9/7 Closed(CustomerLeft), 1<Ack 7, pub 9>1|, sales:Withdraw 8 Left, customer:Ended 1, 1<Ended 1",
        ),
        (5, does(1, 4, rate(2)), "+10/8 Rated, 1<Ack 8, pub 10>1|"),
        (
            5,
            open(2),
            "+11/9 Opened, +12/10 Waiting(sales Reopened), pub 11>1|, pub 12>1|, sales:Announce 12",
        ),
    ]);
}

#[test]
fn silence_closes_and_time_decides_before_people() {
    check(&[
        (0, open(0), "+1/1 Opened"),
        (0, customer(), "1<Attached 1 of 1"),
        (
            0,
            does(1, 0, say(1, "hi")),
            "+2/2 Message(Customer), 1<Ack 2, pub 2>1|",
        ),
        (300, Note::Wake, "1<Tail 2, bot 1 \"hi\""),
        (
            1,
            answered(1),
            "+3/3 Message(Bot), +4/- BotTurned, pub 3>1|",
        ),
        (899_999, Note::Wake, "1<Tail 3"),
        (
            1,
            does(1, 1, say(2, "still there?")),
            "+5/4 Closed(Silence), 1<Ended 0, pub 5>1|, customer:Ended 0, 1<Ended 0, customer:Ended 0",
        ),
        (0, does(1, 2, say(1, "hi")), "1<Ack 2"),
        (86_400_001, does(1, 3, rate(1)), "1<TooLate, 1<Tail 4"),
    ]);
}

#[test]
fn overflow_moves_on_but_never_in_circles() {
    let overflow = |entry, to: Overflow| Note::Overflow {
        entry: Seq(entry),
        to,
    };
    check(&[
        (0, open(0), "+1/1 Opened"),
        (0, customer(), "1<Attached 1 of 1"),
        (
            0,
            does(1, 0, Command::AskHuman),
            "+2/2 Waiting(sales Asked), 1<Ack 2, pub 2>1|, sales:Announce 2",
        ),
        (
            5,
            overflow(2, Overflow::Group("after".into())),
            "+3/- Waiting(after Overflow(sales)), sales:Withdraw 2 Left, after:Announce 3",
        ),
        (
            5,
            overflow(2, Overflow::Bot),
            "sales:Withdraw 2 Left, after:Withdraw 2 Left",
        ),
        (
            5,
            overflow(3, Overflow::Bot),
            "+4/3 BotResumed, pub 4>1|, after:Withdraw 3 Left",
        ),
        (
            5,
            does(1, 1, Command::AskHuman),
            "+5/4 Waiting(after Asked), 1<Ack 4, pub 5>1|, after:Announce 5",
        ),
        (
            5,
            overflow(5, Overflow::Group("sales".into())),
            "+6/- Waiting(sales Overflow(after)), after:Withdraw 5 Left, sales:Announce 6",
        ),
        (
            5,
            overflow(6, Overflow::Group("after".into())),
            "+7/5 Message(System), +8/6 Closed(Overflow), pub 7>1|, pub 8>1|, sales:Withdraw 6 Left, customer:Ended 0, 1<Ended 0",
        ),
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
        (0, open(0), "+1/1 Opened"),
        (0, customer(), "1<Attached 1 of 1"),
        (0, does(1, 0, call.clone()), "1<WrongState"),
        (
            0,
            does(1, 1, Command::AskHuman),
            "+2/2 Waiting(sales Asked), 1<Ack 2, pub 2>1|, sales:Announce 2",
        ),
        (
            0,
            does(1, 2, words.clone()),
            "+3/3 Message(Customer), +4/4 Closed(LeftMessage), 1<Ack 3, pub 3>1|, pub 4>1|, sales:Withdraw 2 Left, customer:Ended 0, 1<Ended 0",
        ),
        (0, does(1, 3, words), "1<Ack 3"),
        (0, open(1), "+5/5 Opened, pub 5>1|"),
        (
            0,
            does(1, 4, Command::AskHuman),
            "+6/6 Waiting(sales Asked), 1<Ack 6, pub 6>1|, sales:Announce 6",
        ),
        (
            0,
            does(1, 5, call),
            "+7/7 Message(Customer), +8/8 Closed(CallBack), 1<Ack 7, pub 7>1|, pub 8>1|, sales:Withdraw 6 Left, customer:Ended 1, 1<Ended 1",
        ),
    ]);
}

#[test]
fn agents_attach_only_to_what_concerns_them() {
    check(&[
        (0, customer(), "1<Attached 0 of 0"),
        (0, supervisor(), "21<NotOpen"),
        (0, open(0), "+1/1 Opened, pub 1>1|"),
        (0, agent("amy"), "11<NotAllowed"),
        (
            0,
            does(1, 0, Command::AskHuman),
            "+2/2 Waiting(sales Asked), 1<Ack 2, pub 2>1|, sales:Announce 2",
        ),
        (
            0,
            reserved(2, "amy"),
            "+3/- Offered(amy@2), sales:Withdraw 2 Offered, amy:Confirm 2, amy:Offered",
        ),
        (0, agent("amy"), "11<Attached 3 of 3"),
        (0, agent("bob"), "12<NotAllowed"),
        (
            0,
            lost_offer(2, "amy"),
            "+4/- Waiting(sales AgentLost(amy)), pub 4>|11, amy:Release 2 Over, amy:Rescinded, sales:Announce 4, 11<Unassigned",
        ),
        (0, does(11, 0, accept(2, "amy")), "11<Unknown"),
    ]);
}

#[test]
fn a_forced_transfer_is_a_supervisors_and_an_unanswered_one_lapses() {
    check(&[
        (0, open(0), "+1/1 Opened"),
        (0, customer(), "1<Attached 1 of 1"),
        (0, supervisor(), "21<Attached 1 of 1"),
        (
            0,
            does(21, 0, Command::TakeOver),
            "+2/- TakenOver, 21<Ack 2, pub 2>|21",
        ),
        (
            0,
            does(21, 1, transfer("bob", true)),
            "+3/- TransferRequested, 21<Ack 3, pub 3>|21, bob:Reserve 3 forced",
        ),
        (
            30_000,
            Note::Wake,
            "+4/- TransferFailed, pub 4>|21, 21<Tail 3, bob:Reserve 3 forced, bob:Release 3 Over",
        ),
        (
            5,
            reserved(3, "bob"),
            "bob:Release 3 Over, sales:Withdraw 3 Left",
        ),
        (
            5,
            does(21, 2, transfer("bob", true)),
            "+5/- TransferRequested, 21<Ack 5, pub 5>|21, bob:Reserve 5 forced",
        ),
        (
            5,
            reserved(5, "bob"),
            "+6/2 Transferred(bob@5), pub 6>1|21, bob:Confirm 5 accepted, bob:Assigned",
        ),
        (5, lost_offer(5, "bob"), ""),
        (
            5,
            does(21, 3, Command::End),
            "+7/3 WrapUp(Resolved), 21<Ack 7, pub 7>1|21, customer:Ended 0, 1<Ended 0",
        ),
        (
            60_000,
            Note::Wake,
            "+8/- Closed(Resolved), pub 8>|21, 1<Tail 3, 21<Tail 7, bob:Release 5 Over, bob:Unassigned, sales:Handled",
        ),
    ]);
}

#[test]
fn a_missing_tenant_refuses_and_never_panics() {
    let nobody = std::sync::Arc::new(crate::directory::Directory::default());
    check_in(
        nobody,
        &[
            (0, open(0), "+1/1 Opened"),
            (0, customer(), "1<Attached 1 of 1"),
            (0, does(1, 0, say(1, "hi")), "1<NoSuchTarget"),
            (
                900_000,
                Note::Wake,
                "+2/2 Closed(Silence), pub 2>1|, customer:Ended 0, 1<Ended 0",
            ),
        ],
    );
}
