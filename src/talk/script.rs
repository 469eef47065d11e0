//! Plays of one client: what is typed and what the server says, against what is shown and sent.

use std::cell::Cell;

use crest_schema::frame::customer_view::{CustomerEvent, CustomerState, Position, Speaker};
use crest_schema::frame::desk::{AgentRow, Offer, Phase, Presence, Summary};
use crest_schema::frame::server::{
    Ack, Attached, Error, Event, Limits, PresenceFrame, Role, Routed, StaffAttached,
    StaffEventFrame, Welcome,
};
use crest_schema::frame::staff_view::{Author, StaffEvent};
use crest_schema::frame::{Body, ClientFrame, Id, ServerFrame};

use super::args::Side;
use super::line::Out;
use super::state::{Lost, Talk};

pub const ROOM: Id = Id([1; 16]);
pub const OTHER: Id = Id([2; 16]);

pub struct Play {
    pub talk: Talk,
    pub now: u64,
}

impl Play {
    pub fn new(side: Side) -> Self {
        let minted = Cell::new(100);
        let mint = move || {
            minted.set(minted.get() + 1);
            Id([minted.get(); 16])
        };
        Self {
            talk: Talk::new(side, Box::new(mint)),
            now: 1_000_000,
        }
    }

    /// Connected and welcomed; what was shown so far is left out.
    pub fn begin(side: Side, limit: u32) -> Self {
        let mut play = Self::new(side);
        play.connect(limit);
        play
    }

    pub fn connect(&mut self, limit: u32) -> Vec<String> {
        let mut told = told(self.talk.connected(self.now, "ticket".to_owned()));
        let (role, name) = match self.talk.side {
            Side::Customer => (Role::Customer, "c1"),
            Side::Agent => (Role::Agent, "lin"),
            Side::Supervisor => (Role::Supervisor, "sun"),
        };
        told.extend(self.hears(ServerFrame::Welcome(Welcome {
            session: "s".into(),
            role,
            tenant: "demo".into(),
            name: name.into(),
            display_name: None,
            at: self.now,
            heartbeat_ms: 30_000,
            limits: Limits {
                frame_bytes: 65_536,
                text_bytes: 16_384,
                history_events: 200,
                unacked: limit,
            },
        })));
        told
    }

    pub fn types(&mut self, line: &str) -> Vec<String> {
        told(self.talk.line(self.now, line))
    }

    pub fn hears(&mut self, frame: ServerFrame<'static>) -> Vec<String> {
        told(self.talk.frame(self.now, None, frame))
    }

    /// An answer to the frame under this ref.
    pub fn answered(&mut self, reference: u32, frame: ServerFrame<'static>) -> Vec<String> {
        told(self.talk.frame(self.now, Some(reference), frame))
    }

    pub fn ticks(&mut self, ms: u64) -> Vec<String> {
        self.now += ms;
        told(self.talk.tick(self.now))
    }

    pub fn loses(&mut self, close: Option<u16>) -> (Lost, Vec<String>) {
        let (lost, outs) = self.talk.lost(close);
        (lost, told(outs))
    }

    pub fn live(&self) -> Vec<String> {
        let rows = self.talk.live_rows(self.now);
        rows.into_iter().map(|row| row.text).collect()
    }
}

pub fn told(outs: Vec<Out>) -> Vec<String> {
    let tell = |out| match out {
        Out::Print(line) => line.text,
        Out::Brief(line) => format!("~ {}", line.text),
        Out::Send(reference, frame) => {
            let reference = reference.map_or("-".to_owned(), |it| it.to_string());
            format!("> {reference} {}", sent(&frame))
        }
        Out::Drop => "(drop)".to_owned(),
        Out::Quit(why) => format!("(quit {why:?})"),
    };
    outs.into_iter().map(tell).collect()
}

fn sent(frame: &ClientFrame) -> String {
    let name = frame.kind().name();
    match frame {
        ClientFrame::Hello(it) => {
            let resume: Vec<String> = it
                .resume
                .iter()
                .map(|it| format!("{}@{}", it.conversation.0[0], it.after))
                .collect();
            format!("{name} [{}]", resume.join(" "))
        }
        ClientFrame::Send(it) => match &it.body {
            Body::Text(text) => format!("{name} {} {text}", it.id.0[0]),
            other => format!("{name} {} {other:?}", it.id.0[0]),
        },
        ClientFrame::Whisper(it) => format!("{name} {} {}", it.id.0[0], it.text),
        ClientFrame::Accept(it) => format!(
            "{name} {}@{}",
            it.offer.conversation.0[0], it.offer.position
        ),
        ClientFrame::Attach(it) => format!("{name} {} after {}", it.conversation.0[0], it.after),
        ClientFrame::Read(it) => format!("{name} {}", it.up_to),
        ClientFrame::Rate(it) => format!("{name} {} {:?}", it.level, it.comment),
        ClientFrame::SetPresence(it) => format!("{name} {:?}", it.presence),
        ClientFrame::WrapUpDone(it) => format!("{name} {} {:?}", it.conversation.0[0], it.code),
        ClientFrame::Transfer(it) => format!("{name} {:?} {:?}", it.to, it.note),
        ClientFrame::End(it) | ClientFrame::TakeOver(it) | ClientFrame::GiveBack(it) => {
            format!("{name} {}", it.conversation.0[0])
        }
        _ => name.to_owned(),
    }
}

pub fn routed(open: bool) -> ServerFrame<'static> {
    ServerFrame::Routed(Routed {
        conversation: Some(ROOM),
        opening: 0,
        open,
    })
}

pub fn nowhere() -> ServerFrame<'static> {
    ServerFrame::Routed(Routed {
        conversation: None,
        opening: 0,
        open: false,
    })
}

pub fn attached(last: u64, place: Option<Position>) -> ServerFrame<'static> {
    ServerFrame::Attached(Attached {
        conversation: ROOM,
        last,
        state: CustomerState {
            opening: 0,
            open: true,
            waiting: place.is_some(),
            may_rate: false,
            place,
        },
    })
}

pub fn event(seq: u64, event: CustomerEvent<'static>) -> ServerFrame<'static> {
    ServerFrame::Event(Event {
        conversation: ROOM,
        seq,
        at: 1_000,
        event,
    })
}

/// A customer's message: one's own with the id, the bot's without.
pub fn message(seq: u64, id: Option<u8>, text: &'static str) -> ServerFrame<'static> {
    let from = id.map_or(Speaker::Bot, |_| Speaker::You);
    let message = CustomerEvent::Message {
        from,
        id: id.map(|it| Id([it; 16])),
        body: Body::Text(text.into()),
    };
    event(seq, message)
}

pub fn ack(id: Option<u8>, seq: u64) -> ServerFrame<'static> {
    ServerFrame::Ack(Ack {
        id: id.map(|it| Id([it; 16])),
        conversation: ROOM,
        seq,
        at: 1_000,
    })
}

pub fn error(code: crest_schema::codes::Code) -> ServerFrame<'static> {
    ServerFrame::Error(Error::of(code))
}

pub fn staff(seq: u64, event: StaffEvent<'static>) -> ServerFrame<'static> {
    ServerFrame::StaffEvent(StaffEventFrame {
        conversation: ROOM,
        seq,
        at: 1_000,
        customer_seq: None,
        event,
    })
}

pub fn says(seq: u64, author: Author<'static>, text: &'static str) -> ServerFrame<'static> {
    let message = StaffEvent::Message {
        author,
        id: None,
        body: Body::Text(text.into()),
    };
    staff(seq, message)
}

pub fn staff_attached(last: u64) -> ServerFrame<'static> {
    ServerFrame::StaffAttached(StaffAttached {
        conversation: ROOM,
        last,
        state: summary(ROOM, Phase::Active),
    })
}

pub fn summary(conversation: Id, phase: Phase) -> Summary<'static> {
    Summary {
        conversation,
        customer: "mei".into(),
        channel: "web".into(),
        tier: 0,
        phase,
        position: 3,
        group: "presale".into(),
        agent: None,
        taken_over: false,
        opened_at: 1_000,
        phase_since: 1_000,
        enqueued_at: None,
        closed_at: None,
        close_reason: None,
        rating: None,
    }
}

pub fn row(presence: Presence<'static>, load: u32) -> AgentRow<'static> {
    AgentRow {
        agent: "lin".into(),
        presence,
        load,
        capacity: 5,
        idle_since: 0,
        offerable: true,
    }
}

pub fn presence(presence: Presence<'static>, held: Vec<Id>) -> ServerFrame<'static> {
    ServerFrame::Presence(PresenceFrame {
        state: row(presence, held.len() as u32),
        next: None,
        held,
    })
}

pub fn offer_of(conversation: Id) -> Offer {
    Offer {
        conversation,
        position: 3,
    }
}
