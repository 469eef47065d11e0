//! The line against a server made of frames.

use std::time::{Duration, Instant};

use crest_schema::frame::client::{Attach, Send};
use crest_schema::frame::customer_view::{CustomerEvent, CustomerState, Speaker};
use crest_schema::frame::server::{self, Ack, Attached, Event, Limits, Role, Routed, Welcome};
use crest_schema::frame::{Body, ClientFrame, Id, ServerFrame};

use super::call::{Answer, Pending};
use super::line::{Line, Output, RoleOf};
use super::reconnect::Reconnect;
use crate::history::{History, MARKER, Recorder, Seen, Side};

const CONVERSATION: Id = Id([7; 16]);

struct Play {
    line: Line,
    recorder: Recorder,
    now: Instant,
}

impl Play {
    fn customer() -> Self {
        let recorder = Recorder::default();
        let witness = recorder.client("customer", Side::Customer);
        let mut play = Play {
            line: Line::new(RoleOf::Customer, witness),
            recorder,
            now: Instant::now(),
        };
        play.greet();
        play
    }

    /// The hello's resume list.
    fn greet(&mut self) -> Vec<(Id, u64)> {
        let hello = self.line.greet("ticket".to_owned(), self.now);
        match ClientFrame::decode(&hello).expect("a hello").1 {
            ClientFrame::Hello(hello) => {
                let resumed = hello.resume.iter();
                resumed.map(|it| (it.conversation, it.after)).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    fn gets(&mut self, reference: Option<u32>, frame: ServerFrame<'static>) {
        let bytes = frame.encode(reference);
        let mut output = Output::default();
        self.line.arrived(&bytes, self.now, &mut output);
        assert!(!output.broken);
    }

    fn welcomed(&mut self, unacked: u32) {
        let welcome = Welcome {
            session: "s".into(),
            role: Role::Customer,
            tenant: "demo".into(),
            name: "c".into(),
            display_name: None,
            at: 1,
            heartbeat_ms: 30_000,
            limits: Limits {
                frame_bytes: 65_536,
                text_bytes: 16_384,
                history_events: 200,
                unacked,
            },
        };
        self.gets(None, ServerFrame::Welcome(welcome));
    }

    fn routed(&mut self, conversation: Option<Id>) {
        self.gets(
            None,
            ServerFrame::Routed(Routed {
                conversation,
                opening: 0,
                open: conversation.is_some(),
            }),
        );
    }

    fn attached(&mut self, last: u64) {
        self.gets(
            None,
            ServerFrame::Attached(Attached {
                conversation: CONVERSATION,
                last,
                state: CustomerState {
                    opening: 0,
                    open: true,
                    waiting: false,
                    may_rate: false,
                    place: None,
                },
            }),
        );
    }

    fn event(&mut self, seq: u64, id: Option<Id>) {
        self.gets(
            None,
            ServerFrame::Event(Event {
                conversation: CONVERSATION,
                seq,
                at: 1,
                event: CustomerEvent::Message {
                    from: Speaker::You,
                    id,
                    body: Body::Text("您好".into()),
                },
            }),
        );
    }

    fn say(&mut self, id: u8) -> Pending {
        self.line.command(ClientFrame::Send(Send {
            conversation: None,
            id: Id([id; 16]),
            body: Body::Text("有货吗".into()),
        }))
    }

    /// What is written now: ref and first byte of the id of each send.
    fn writes(&mut self) -> Vec<(u32, u8)> {
        let mut output = Output::default();
        self.line.pump(self.now, &mut output);
        let decoded = output
            .frames
            .iter()
            .map(|it| ClientFrame::decode(it).expect("ours"));
        decoded
            .map(|(reference, frame)| match frame {
                ClientFrame::Send(send) => (reference.expect("a ref"), send.id.0[0]),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    fn ids(&mut self) -> Vec<u8> {
        self.writes().into_iter().map(|(_, id)| id).collect()
    }

    fn acked(&mut self, reference: u32, id: u8, seq: u64) {
        let ack = Ack {
            id: Some(Id([id; 16])),
            conversation: CONVERSATION,
            seq,
            at: 1,
        };
        self.gets(Some(reference), ServerFrame::Ack(ack));
    }

    fn seen(&self) -> History {
        self.recorder.look(Clone::clone)
    }
}

fn seq(pending: &mut Pending) -> Option<u64> {
    match pending.try_recv().ok()?.answer {
        Answer::Ack { seq, .. } => Some(seq),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_sent_before_the_customer_knows_where_it_stands() {
    let mut play = Play::customer();
    let _first = play.say(1);
    assert!(play.ids().is_empty());
    play.welcomed(32);
    assert!(play.ids().is_empty());
    play.routed(None);
    assert_eq!(play.ids(), [1]);
}

#[test]
fn the_window_of_the_server_is_kept() {
    let mut play = Play::customer();
    play.welcomed(2);
    play.routed(None);
    let mut pending: Vec<Pending> = (1..=3).map(|id| play.say(id)).collect();
    let written = play.writes();
    assert_eq!(
        written.iter().map(|(_, id)| *id).collect::<Vec<_>>(),
        [1, 2]
    );
    play.acked(written[0].0, 1, 2);
    assert_eq!(seq(&mut pending[0]), Some(2));
    assert_eq!(play.ids(), [3]);
}

#[test]
fn what_is_unanswered_is_sent_again_in_order_once_the_missed_events_are_there() {
    let mut play = Play::customer();
    play.welcomed(32);
    play.routed(None);
    let mut pending: Vec<Pending> = (1..=3).map(|id| play.say(id)).collect();
    assert_eq!(play.ids(), [1, 2, 3]);
    play.event(1, None);
    play.line.lost();
    assert_eq!(play.greet(), [(CONVERSATION, 1)]);
    play.welcomed(32);
    play.routed(Some(CONVERSATION));
    play.attached(2);
    assert!(play.ids().is_empty(), "seq 2 is still to come");
    // The first of them was stored, only its acknowledgement was lost.
    play.event(2, Some(Id([1; 16])));
    assert_eq!(seq(&mut pending[0]), Some(2));
    assert_eq!(play.ids(), [2, 3]);
    let told = play.seen().observations;
    let resumed = Seen::From {
        conversation: CONVERSATION,
        after: 1,
    };
    assert!(
        told.iter()
            .any(|it| it.connection == 1 && it.seen == resumed)
    );
}

#[test]
fn a_temporary_refusal_is_waited_out_with_the_same_id() {
    let mut play = Play::customer();
    play.welcomed(32);
    play.routed(None);
    let mut pending = play.say(1);
    let (reference, _) = play.writes()[0];
    let error = server::Error {
        code: 601,
        name: "busy_messages".into(),
        message: "later".into(),
        temporary: true,
        retry_after_ms: Some(1_000),
        id: None,
        conversation: None,
    };
    play.gets(Some(reference), ServerFrame::Error(error.clone()));
    assert!(play.ids().is_empty());
    assert!(pending.try_recv().is_err());
    play.now += Duration::from_millis(1_000);
    let (reference, id) = play.writes()[0];
    assert_eq!(id, 1);
    let lasting = server::Error {
        temporary: false,
        code: 309,
        ..error
    };
    play.gets(Some(reference), ServerFrame::Error(lasting));
    let answered = pending.try_recv().expect("refused");
    assert_eq!(answered.refused().map(|it| it.code), Some(309));
    assert_eq!(answered.sent, 2);
}

#[test]
fn a_whisper_is_found_in_any_bytes_and_a_staff_frame_by_its_type() {
    let mut play = Play::customer();
    play.welcomed(32);
    let text = format!("{MARKER}{}", Id([9; 16]));
    let words = format!("先生{text}");
    let error = server::Error {
        code: 502,
        name: "internal".into(),
        message: words.into(),
        temporary: true,
        retry_after_ms: None,
        id: None,
        conversation: None,
    };
    play.gets(None, ServerFrame::Error(error));
    let named = crest_schema::frame::client::Named {
        conversation: CONVERSATION,
    };
    play.gets(None, ServerFrame::Assigned(named));
    let told: Vec<Seen> = play
        .seen()
        .observations
        .into_iter()
        .map(|it| it.seen)
        .collect();
    assert!(told.contains(&Seen::Marked { text }));
    assert!(told.contains(&Seen::StaffFrame {
        name: "assigned".to_owned()
    }));
}

#[test]
fn attaching_to_what_is_shown_already_is_done_without_a_frame() {
    let recorder = Recorder::default();
    let mut play = Play {
        line: Line::new(RoleOf::Agent, recorder.client("agent", Side::Staff)),
        recorder,
        now: Instant::now(),
    };
    play.greet();
    play.welcomed(32);
    let gap = server::Gap {
        conversation: CONVERSATION,
        from: 1,
        to: 4,
        reason: server::GapReason::Far,
    };
    play.gets(None, ServerFrame::Gap(gap));
    let mut attach = |conversation| {
        let attach = Attach {
            conversation,
            after: 0,
        };
        play.line.command(ClientFrame::Attach(attach))
    };
    let (mut known, mut other) = (attach(CONVERSATION), attach(Id([8; 16])));
    let mut output = Output::default();
    play.line.pump(play.now, &mut output);
    assert_eq!(output.frames.len(), 1);
    assert_eq!(known.try_recv().expect("at once").answer, Answer::Done);
    assert!(other.try_recv().is_err());
}

#[test]
fn coming_back_is_jittered_bounded_and_never_before_the_server_wants() {
    let reconnect = Reconnect::default();
    assert_eq!(reconnect.pause(0, 0.0, None), Duration::ZERO);
    assert_eq!(reconnect.pause(1, 0.5, None), Duration::from_millis(500));
    assert_eq!(reconnect.pause(30, 1.0, None), Duration::from_secs(30));
    assert_eq!(reconnect.pause(0, 0.1, Some(2_000)), Duration::from_secs(2));
}
