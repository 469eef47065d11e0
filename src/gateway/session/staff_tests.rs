use crest_actors::agent::{Availability, Presence as Asked};
use crest_actors::conversation::{Note, PhaseKind, Summary};
use crest_actors::effect::Envelope;
use crest_actors::ids::{AgentId, ConversationKey, GroupId, SessionId, TenantId};
use crest_schema::ServerFrame;
use crest_schema::frame::ClientFrame;
use crest_schema::frame::Id;
use crest_schema::frame::client::{SetPresence, Whisper};
use crest_schema::frame::desk::Presence;
use crest_schema::frame::server::GapReason;

use super::*;
use crate::gateway::session::limits::WATCH_BEHIND_MAX;
use crate::gateway::session::out::{Out, Purpose};
use crate::gateway::session::overload::Ladder;

const CONVERSATION: ConversationId = ConversationId([7; 16]);

/// A session of Sue's or Lin's with a clock, and what it decided last.
struct Play {
    session: Option<StaffSession>,
    tenant: TenantId,
    now: Millis,
}

impl Play {
    fn begin(role: StaffRole, resume: &[(ConversationId, Seq)]) -> Self {
        let mut play = Self {
            session: None,
            tenant: TenantId::new("shop"),
            now: Millis(1_000_000),
        };
        let key = AgentKey {
            tenant: play.tenant.clone(),
            agent: AgentId::new("lin"),
        };
        let mut out = Vec::new();
        let mut turn = play.turn(&mut out);
        let session = StaffSession::new(key, role, [0; 32], resume, &mut turn);
        play.session = Some(session);
        play
    }

    fn turn<'a>(&'a self, out: &'a mut Vec<Out>) -> Turn<'a> {
        let id = SessionId {
            node: 0,
            arbiter: 0,
            slot: 1,
            generation: 1,
        };
        Turn {
            now: self.now,
            id,
            tenant: &self.tenant,
            ladder: Ladder::GROUND,
            out,
        }
    }

    fn step(&mut self, step: impl FnOnce(&mut StaffSession, &mut Turn<'_>)) -> Vec<Out> {
        let mut session = self.session.take().expect("between steps");
        let mut out = Vec::new();
        step(&mut session, &mut self.turn(&mut out));
        self.session = Some(session);
        out
    }

    fn push(&mut self, push: Push) -> Vec<Out> {
        self.step(|session, turn| session.push(push, turn))
    }

    fn may_read(&self) -> bool {
        let session = self.session.as_ref().expect("between steps");
        session.may_read(CONVERSATION)
    }
}

fn attached(link: u32, last: u64) -> Push {
    let key = ConversationKey {
        tenant: TenantId::new("shop"),
        id: CONVERSATION,
    };
    let summary = Summary {
        key,
        customer: "li".into(),
        channel: "web".into(),
        tier: 0,
        phase: PhaseKind::Active,
        position: Seq(1),
        group: GroupId::new("sales"),
        agent: None,
        taken_over: false,
        opened_at: Millis(0),
        phase_since: Millis(0),
        enqueued_at: None,
        closed_at: None,
        close_reason: None,
        rating: None,
        awake: true,
    };
    Push::AttachedStaff {
        link,
        conversation: CONVERSATION,
        history: Vec::new(),
        last: Seq(last),
        summary: Box::new(summary),
    }
}

fn behind(link: u32, tail: u64) -> Push {
    Push::Behind {
        link,
        conversation: CONVERSATION,
        tail: Seq(tail),
    }
}

fn presence(reference: u32) -> Push {
    let availability = Availability {
        presence: Asked::Ready,
        load: 0,
        capacity: 5,
        idle_since: Millis(0),
        offerable: true,
        version: 1,
    };
    Push::Presence {
        reference: Some(reference),
        agent: AgentId::new("lin"),
        availability,
        next: None,
        held: Vec::new(),
    }
}

fn ready() -> ClientFrame {
    ClientFrame::SetPresence(SetPresence {
        agent: None,
        presence: Presence::Ready,
        next: None,
    })
}

/// Frames shown, each with its ref.
fn frames(out: &[Out]) -> Vec<(Option<u32>, ServerFrame<'static>)> {
    let shown = |step: &Out| match step {
        Out::Frame { bytes, .. } => Some(ServerFrame::decode(bytes).expect("our own frame")),
        _ => None,
    };
    out.iter().filter_map(shown).collect()
}

/// Positions after which the owner was asked to attach.
fn attaches(out: &[Out]) -> Vec<Seq> {
    let asked = |step: &Out| match step {
        Out::Tell(Envelope::Conversation(_, Note::Attach { after, .. })) => Some(*after),
        _ => None,
    };
    out.iter().filter_map(asked).collect()
}

fn errors(out: &[Out]) -> Vec<(Option<u32>, u16)> {
    let error = |(reference, frame)| match frame {
        ServerFrame::Error(error) => Some((reference, error.code)),
        _ => None,
    };
    frames(out).into_iter().filter_map(error).collect()
}

fn gap(out: &[Out]) -> Option<(u64, u64, GapReason)> {
    frames(out).into_iter().find_map(|(_, frame)| match frame {
        ServerFrame::Gap(gap) => Some((gap.from, gap.to, gap.reason)),
        _ => None,
    })
}

#[test]
fn an_agent_reads_the_log_only_once_the_conversation_has_let_it_in() {
    let mut play = Play::begin(StaffRole::Agent, &[(CONVERSATION, Seq(0))]);
    assert!(!play.may_read(), "asked for is not let in");
    play.push(behind(0, 100));
    assert!(!play.may_read(), "an older attachment's answer is nobody's");
    let mut other = Play::begin(StaffRole::Agent, &[(CONVERSATION, Seq(0))]);
    other.push(behind(1, 100));
    assert!(other.may_read(), "let in, and shown the way first");
    play.push(attached(1, 100));
    assert!(play.may_read());
}

#[test]
fn a_presence_command_whose_answer_is_lost_is_refused_for_a_second_try() {
    let mut play = Play::begin(StaffRole::Agent, &[]);
    play.step(|session, turn| session.frame(Some(5), ready(), turn));
    let due = play.session.as_ref().and_then(StaffSession::beat_at);
    let given_up = play.now.plus(PRESENCE_ANSWER_MS);
    assert!(due.is_some_and(|due| due <= given_up));
    play.now = given_up;
    let out = play.step(|session, turn| session.beat(turn));
    assert_eq!(errors(&out), [(Some(5), Code::Internal.number())]);
    let late = frames(&play.push(presence(5)));
    assert!(
        matches!(late.as_slice(), [(None, ServerFrame::Presence(_))]),
        "an answer that comes after all is news, not a second answer: {late:?}"
    );
}

#[test]
fn a_presence_command_that_is_answered_is_not_answered_again() {
    let mut play = Play::begin(StaffRole::Agent, &[]);
    play.step(|session, turn| session.frame(Some(5), ready(), turn));
    let answer = frames(&play.push(presence(5)));
    assert!(matches!(
        answer.as_slice(),
        [(Some(5), ServerFrame::Presence(_))]
    ));
    play.now = play.now.plus(PRESENCE_ANSWER_MS);
    let out = play.step(|session, turn| session.beat(turn));
    assert_eq!(errors(&out), []);
}

#[test]
fn each_attach_is_answered_also_where_one_overtakes_the_other() {
    let mut play = Play::begin(StaffRole::Supervisor, &[]);
    for (reference, after) in [(1, 0), (2, 3)] {
        let out = play.step(|session, turn| {
            session.attach(CONVERSATION, Seq(after), Some(reference), turn);
        });
        assert_eq!(attaches(&out), [Seq(after)]);
    }
    let out = play.push(attached(2, 4));
    let answered: Vec<_> = frames(&out).into_iter().filter_map(|(of, _)| of).collect();
    assert_eq!(answered, [1, 2]);
}

#[test]
fn whoever_waits_for_a_conversation_that_shuts_a_session_out_is_told() {
    let mut play = Play::begin(StaffRole::Supervisor, &[(CONVERSATION, Seq(0))]);
    let out = play.push(Push::Evicted {
        conversation: CONVERSATION,
    });
    assert_eq!(errors(&out), [(None, Code::TooManyAttached.number())]);
    play.step(|session, turn| session.attach(CONVERSATION, Seq(0), Some(9), turn));
    let out = play.push(Push::Evicted {
        conversation: CONVERSATION,
    });
    assert_eq!(errors(&out), [(Some(9), Code::TooManyAttached.number())]);
}

#[test]
fn words_under_way_when_a_conversation_is_left_are_to_be_sent_again() {
    let mut play = Play::begin(StaffRole::Supervisor, &[(CONVERSATION, Seq(0))]);
    play.push(attached(1, 0));
    let whisper = ClientFrame::Whisper(Whisper {
        conversation: Id(CONVERSATION.0),
        id: Id([7; 16]),
        text: "先道歉".to_owned(),
    });
    play.step(|session, turn| session.frame(Some(5), whisper, turn));
    let out = play.step(|session, turn| session.detach(CONVERSATION, turn));
    assert_eq!(errors(&out), [(Some(5), Code::Internal.number())]);
}

#[test]
fn an_attachment_told_twice_is_shown_once_and_its_commands_count_on() {
    let mut play = Play::begin(StaffRole::Supervisor, &[(CONVERSATION, Seq(0))]);
    assert!(!frames(&play.push(attached(1, 4))).is_empty());
    for again in [attached(1, 4), behind(1, 90)] {
        assert!(play.push(again).is_empty());
    }
    assert!(play.may_read());
}

#[test]
fn a_supervisor_far_behind_gets_a_gap_and_then_the_tail() {
    for (role, last, tail, expected) in [
        (StaffRole::Supervisor, 3, 4 + WATCH_BEHIND_MAX, true),
        (StaffRole::Supervisor, 3, 3 + WATCH_BEHIND_MAX, false),
        (StaffRole::Agent, 3, 4 + WATCH_BEHIND_MAX, false),
    ] {
        let mut play = Play::begin(role, &[(CONVERSATION, Seq(last))]);
        let out = play.push(behind(1, tail));
        if expected {
            assert_eq!(gap(&out), Some((last + 1, tail, GapReason::Far)));
            assert_eq!(attaches(&out), [Seq(tail)]);
        } else {
            assert_eq!(gap(&out), None);
            let read = |step: &Out| matches!(step, Out::Read(read) if matches!(read.purpose, Purpose::CatchUp { .. }));
            assert!(out.iter().any(read), "{role:?} reads all of it");
        }
    }
}

#[test]
fn a_supervisor_goes_on_without_what_cannot_be_read_and_an_agent_waits_for_it() {
    for (role, skips) in [(StaffRole::Supervisor, true), (StaffRole::Agent, false)] {
        let mut play = Play::begin(role, &[(CONVERSATION, Seq(3))]);
        play.push(behind(1, 90));
        let code = Code::StorageUnavailable;
        let out = play.step(|session, turn| session.unread(CONVERSATION, 1, code, turn));
        assert_eq!(errors(&out).is_empty(), skips, "{role:?}");
        assert_eq!(attaches(&out).len(), usize::from(skips), "{role:?}");
        let out = play.push(behind(2, 95));
        let expected = skips.then_some((4, 95, GapReason::Unavailable));
        assert_eq!(gap(&out), expected, "{role:?}");
    }
}

#[test]
fn a_page_read_before_events_found_no_room_is_not_shown_over_the_hole() {
    let page = |from: u64| -> Vec<Entry<Event>> {
        let entry = |seq| Entry {
            seq: Seq(seq),
            at: Millis(0),
            customer_seq: None,
            event: Event::Rated {
                level: 4,
                comment: None,
                served_by: crest_actors::conversation::Author::Bot,
            },
        };
        (from..from + 3).map(entry).collect()
    };
    let mut play = Play::begin(StaffRole::Agent, &[(CONVERSATION, Seq(0))]);
    play.push(behind(1, 90));
    let take = |play: &mut Play, link, from: u64| {
        let (entries, next) = (page(from), Some(Seq(from + 2)));
        play.step(|session, turn| session.caught_up(CONVERSATION, link, &entries, next, turn))
    };
    assert_eq!(frames(&take(&mut play, 1, 1)).len(), 3);
    // The second of them found the outbox full; the next page is on its way already.
    play.step(|session, turn| {
        session.mute();
        session.rewind(CONVERSATION, Seq(2), turn.now);
    });
    let out = play.step(|session, turn| session.unmute(turn));
    assert_eq!(attaches(&out), [Seq(1)]);
    assert!(frames(&take(&mut play, 1, 4)).is_empty());
    play.push(behind(2, 90));
    assert!(
        frames(&take(&mut play, 1, 4)).is_empty(),
        "still the old one"
    );
    assert_eq!(frames(&take(&mut play, 2, 2)).len(), 3);
}
