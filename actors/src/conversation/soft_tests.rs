//! What memory alone knows, what a crash leaves of it, and what others are told in detail.

use crate::aggregate::Aggregate;
use crate::directory::Timing;
use crate::effect::{Effect, Envelope, Push};
use crate::ids::*;
use crate::{agent, limits, queue};

use super::event::*;
use super::note::*;
use super::script::*;

fn attach(slot: u32, link: u32, role: Role, after: u64) -> Note {
    Note::Attach {
        session: session(slot),
        link,
        role,
        after: Seq(after),
    }
}

/// A conversation whose customer has said so much that memory forgot the beginning.
fn talkative() -> Play {
    let mut play = check(&[
        (0, open(0), "+1/1 Opened"),
        (0, customer(), "1<Attached 1 of 1"),
        (0, supervisor(), "21<Attached 1 of 1"),
    ]);
    let whisper = Command::Whisper {
        id: ClientMsgId([200; 16]),
        text: "secret".to_owned(),
    };
    play.tell(0, does(21, 0, whisper));
    for number in 0..100 {
        play.tell(0, does(1, number, say(number as u8, "words")));
    }
    play
}

#[test]
fn behind_names_a_tail_that_can_be_served() {
    for (role, forgotten, last) in [
        (Role::Customer, 37, 101),
        (Role::Supervisor("sue".into()), 38, 102),
    ] {
        let mut play = talkative();
        let turn = play.tell(0, attach(5, 0, role.clone(), forgotten - 1));
        assert_eq!(shown(&turn), format!("5<Behind {forgotten}"));
        let turn = play.tell(0, attach(5, 1, role.clone(), forgotten));
        assert_eq!(shown(&turn), format!("5<Attached 64 of {last}"));
        let turn = play.tell(0, attach(5, 2, role.clone(), last));
        assert_eq!(shown(&turn), format!("5<Attached 0 of {last}"));
        let turn = play.tell(0, attach(5, 3, role, last + 1));
        assert_eq!(shown(&turn), "5<NoSuchEvent");
    }
}

#[test]
fn a_new_link_counts_anew_and_an_older_one_is_ignored() {
    check(&[
        (0, open(0), "+1/1 Opened"),
        (0, attach(1, 1, Role::Customer, 0), "1<Attached 1 of 1"),
        (0, attach(1, 0, Role::Customer, 0), ""),
        (0, does(1, 0, say(1, "on the old link")), "1<Unknown"),
        (
            0,
            Note::Detach {
                session: session(1),
                link: 0,
            },
            "",
        ),
        (0, typing(1), ""),
        (0, beat(1, 1), "1<Unknown"),
    ]);
}

#[test]
fn the_oldest_tab_makes_room_but_never_an_agent() {
    let mut play = check(&[
        (0, open(0), "+1/1 Opened"),
        (0, customer(), "1<Attached 1 of 1"),
        (
            0,
            does(1, 0, Command::AskHuman),
            "+2/2 Waiting(sales Asked), 1<Ack 2, pub 2>1|, sales:Announce 2",
        ),
    ]);
    play.tell(0, reserved(2, "amy"));
    play.tell(0, agent("amy"));
    for slot in 0..limits::ATTACHED_MAX as u32 - 2 {
        play.tell(0, attach(100 + slot, 0, Role::Customer, 2));
    }
    let turn = play.tell(0, supervisor());
    assert_eq!(shown(&turn), "21<Attached 3 of 3, 1<Evicted");
    let turn = play.tell(0, does(11, 0, accept(2, "amy")));
    assert!(shown(&turn).contains("11<Ack 4"));
}

#[test]
fn a_missing_command_is_asked_for_again_after_a_window_and_on_a_beat() {
    let mut play = check(&[
        (0, open(0), "+1/1 Opened"),
        (0, customer(), "1<Attached 1 of 1"),
        (0, does(1, 1, say(1, "a")), "1<Resend 0"),
        (0, beat(1, 1), "1<Resend 0"),
    ]);
    for number in 2..=limits::COMMAND_WINDOW {
        assert_eq!(shown(&play.tell(0, does(1, number, say(2, "b")))), "");
    }
    let turn = play.tell(0, does(1, limits::COMMAND_WINDOW + 1, say(2, "b")));
    assert_eq!(shown(&turn), "1<Resend 0");
}

#[test]
fn after_a_crash_it_announces_and_its_deadlines_stand() {
    let mut play = check(&[
        (0, open(0), "+1/1 Opened"),
        (0, customer(), "1<Attached 1 of 1"),
        (
            0,
            does(1, 0, Command::AskHuman),
            "+2/2 Waiting(sales Asked), 1<Ack 2, pub 2>1|, sales:Announce 2",
        ),
    ]);
    assert_eq!(shown(&play.crash()), "sales:Announce 2");
    assert_eq!(shown(&play.tell(0, does(1, 1, say(1, "?")))), "1<Unknown");
    play.tell(10_000, reserved(2, "amy"));
    let expires = play.now.plus(30_000);
    assert_eq!(shown(&play.crash()), "");
    play.tell(0, customer());
    assert_eq!(play.conversation.wake_at(), Some(expires));
    play.pass(30_000);
    let summary = play.conversation.summary().expect("opened");
    assert_eq!(summary.phase, super::summary::PhaseKind::Waiting);
    assert_eq!(summary.enqueued_at, Some(Millis(1_000_000)));
}

#[test]
fn a_message_the_bot_was_not_asked_about_survives_a_crash() {
    let mut play = check(&[
        (0, open(0), "+1/1 Opened"),
        (0, customer(), "1<Attached 1 of 1"),
        (
            0,
            does(1, 0, say(1, "refund?")),
            "+2/2 Message(Customer), 1<Ack 2, pub 2>1|",
        ),
    ]);
    play.crash();
    assert_eq!(shown(&play.tell(300, Note::Wake)), "bot 1 \"refund?\"");
}

#[test]
fn a_failed_append_refuses_what_it_recorded_and_nothing_else() {
    let mut play = Play::new(directory(|_| {}));
    play.tell(0, open(0));
    play.tell(0, customer());
    let turn = play.tell(0, does(1, 0, say(1, "hi")));
    let refused = |it: &Effect| {
        matches!(
            it,
            Effect::Push(
                _,
                Push::Refused {
                    refusal: Refusal::StorageUnavailable,
                    id: Some(_),
                    ..
                }
            )
        )
    };
    assert!(turn.on_failure.len() == 1 && refused(&turn.on_failure[0]));
    let again = play.tell(0, does(1, 1, say(1, "hi")));
    assert!(again.on_failure.is_empty() && again.events.is_empty());
}

fn announced(turn: &crate::aggregate::Turn<Event>) -> Waiting {
    let waiting = turn.effects.iter().find_map(|it| match it {
        Effect::Tell(Envelope::Queue(_, queue::Note::Announce { waiting, .. })) => Some(waiting),
        _ => None,
    });
    waiting.expect("announced").clone()
}

#[test]
fn order_is_fixed_at_enqueue_and_kept_over_misses_and_transfers() {
    let mut play = Play::new(directory(|_| {}));
    let opened = Opened {
        tier: 1,
        channel: "app".into(),
        sticky: Some("amy".into()),
        ..opened(0)
    };
    play.tell(0, Note::Open(opened));
    play.tell(0, customer());
    let first = announced(&play.tell(5, does(1, 0, Command::AskHuman)));
    let began = play.now;
    assert_eq!(
        (first.enqueued_at, first.boost_ms, first.weight),
        (began, 720_000, 2)
    );
    assert_eq!(first.sticky, Some(("amy".into(), began.plus(20_000))));
    assert_eq!(first.required, vec![Skill::from("zh")]);

    play.tell(0, reserved(2, "amy"));
    let missed = announced(&play.tell(30_000, Note::Wake));
    assert_eq!((missed.enqueued_at, missed.boost_ms), (began, 720_000));
    assert_eq!((missed.sticky, missed.excluded), (None, vec!["amy".into()]));

    play.tell(0, reserved(4, "bob"));
    play.tell(0, agent("bob"));
    play.tell(0, does(12, 0, accept(4, "bob")));
    let to_group = Command::TransferToGroup {
        to: "after".into(),
        note: Some("urgent".to_owned()),
    };
    let moved = announced(&play.tell(0, does(12, 1, to_group)));
    assert_eq!((moved.enqueued_at, moved.boost_ms), (began, 840_000));
    assert_eq!(moved.excluded, vec!["bob".into()]);

    let offered = play.tell(0, reserved(play.log.len() as u64, "amy"));
    let note = offered.effects.iter().find_map(|it| match it {
        Effect::Tell(Envelope::Agent(_, agent::Note::Offered { context, .. })) => {
            context.transfer_note.as_deref()
        }
        _ => None,
    });
    assert_eq!(note, Some("urgent"));
}

#[test]
fn read_marks_of_staff_come_in_the_customers_numbers() {
    let mut play = Play::new(directory(|_| {}));
    for note in [
        open(0),
        customer(),
        supervisor(),
        does(21, 0, Command::TakeOver),
    ] {
        play.tell(0, note);
    }
    play.tell(0, does(1, 0, say(1, "hi")));
    let read = Note::Ephemeral {
        session: session(21),
        ephemeral: Ephemeral::Read { up_to: Seq(3) },
    };
    let turn = play.tell(0, read);
    let up_to = turn.effects.iter().find_map(|it| match it {
        Effect::Push(
            _,
            Push::CustomerEphemeral {
                ephemeral: Ephemeral::Read { up_to },
                ..
            },
        ) => Some(*up_to),
        _ => None,
    });
    assert_eq!(up_to, Some(Seq(2)));
}

#[test]
fn it_leaves_memory_when_idle_and_never_while_it_waits() {
    let mut play = Play::new(directory(|_| {}));
    play.tell(0, open(0));
    assert!(!play.conversation.may_passivate(play.now));
    assert!(
        play.conversation
            .may_passivate(play.now.plus(limits::PASSIVATE_AFTER_MS))
    );
    play.tell(0, customer());
    assert!(
        !play
            .conversation
            .may_passivate(play.now.plus(limits::PASSIVATE_AFTER_MS))
    );
    play.tell(0, does(1, 0, Command::AskHuman));
    play.tell(
        0,
        Note::Detach {
            session: session(1),
            link: 0,
        },
    );
    assert!(
        !play
            .conversation
            .may_passivate(play.now.plus(limits::PASSIVATE_AFTER_MS))
    );
}

#[test]
fn an_idle_conversation_is_small() {
    use std::mem::size_of;
    let entry = size_of::<Entry<Event>>() + 2 * size_of::<usize>();
    let tail = 4 * size_of::<usize>();
    let fixed = size_of::<super::Conversation>() + size_of::<super::matter::Matter>() + tail;
    let known = super::known::LINE_BYTES;
    let link = size_of::<super::attachment::Link>();
    let bytes = fixed + link + known + 2 * entry;
    assert!(bytes < 1_000, "{bytes} bytes beside its texts");
}

fn detach(slot: u32) -> Note {
    Note::Detach {
        session: session(slot),
        link: 0,
    }
}

/// Sue has taken over from the bot, or from Amy.
fn taken_over(from_agent: bool) -> Play {
    let mut play = check(&[
        (0, open(0), "+1/1 Opened"),
        (0, customer(), "1<Attached 1 of 1"),
        (0, supervisor(), "21<Attached 1 of 1"),
    ]);
    if from_agent {
        play.tell(0, does(1, 0, Command::AskHuman));
        play.tell(0, reserved(2, "amy"));
        play.tell(0, agent("amy"));
        play.tell(0, does(11, 0, accept(2, "amy")));
    }
    play.tell(0, does(21, 0, Command::TakeOver));
    play
}

#[test]
fn a_takeover_lapses_when_its_supervisor_stays_away_for_the_grace_of_an_agent() {
    let grace_ms = Timing::default().agent_grace_ms;
    for (from_agent, given_back) in [
        (false, " Waiting(sales GivenBack(sue)), "),
        (true, " GivenBack, "),
    ] {
        let mut play = taken_over(from_agent);
        let before = play.log.len();
        play.tell(0, attach_as(22, Role::Supervisor("sam".into())));
        play.tell(5, detach(21));
        play.pass(grace_ms - 1);
        assert_eq!(play.log.len(), before, "within the grace nothing happens");
        let lapsed = shown(&play.tell(1, Note::Wake));
        assert!(lapsed.contains(given_back), "{lapsed}");
    }
}

#[test]
fn a_supervisor_who_returns_in_time_keeps_what_it_took_over() {
    let grace_ms = Timing::default().agent_grace_ms;
    let mut play = taken_over(true);
    let before = play.log.len();
    play.tell(0, detach(21));
    play.pass(grace_ms - 1);
    play.tell(0, supervisor());
    play.pass(10 * grace_ms);
    assert_eq!(play.log.len(), before);
}

#[test]
fn after_a_crash_the_supervisor_has_the_whole_grace_to_return() {
    let grace_ms = Timing::default().agent_grace_ms;
    let mut play = taken_over(true);
    play.tell(0, detach(21));
    play.pass(grace_ms - 1);
    play.crash();
    let before = play.log.len();
    play.pass(grace_ms - 1);
    assert_eq!(play.log.len(), before);
    play.pass(1);
    let last = play.log.last().map(|entry| &entry.event);
    assert!(matches!(last, Some(Event::GivenBack { .. })), "{last:?}");
}
