//! The core of the client: what a person types and what the server says come in, lines to print and
//! frames to send go out. No clock, socket or chance of its own.

use crest_schema::codes::{self, Close, Code};
use crest_schema::frame::client::{ClientSoftware, Empty, Hello, Named, Typing};
use crest_schema::frame::server::{Bye, Error, Gap, GapReason, Welcome};
use crest_schema::frame::{ClientFrame, Id, ServerFrame};

use super::args::Side;
use super::customer::Customer;
use super::input;
use super::limits::{
    CATCH_UP_MS, HEARTBEAT_BEFORE_WELCOME_MS, LINGER_MS, PONG_MS, TICKETS_REFUSED, TYPING_SEND_MS,
};
use super::line::{Line, Mark, Out};
use super::outbox::{Keep, Outbox};
use super::rooms::Rooms;
use super::staff::Desk;

/// Makes the ids of messages.
pub type Mint = Box<dyn FnMut() -> Id>;

/// How far the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// None; `attempts` to get one back so far.
    Down {
        attempts: u32,
        until: u64,
    },
    /// `hello` is sent.
    Greeting,
    /// Waiting for the events up to where `attached` says.
    CatchingUp {
        until: u64,
    },
    Live,
}

/// What the shell does after a lost connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Come back, not earlier than the server asked for.
    Return {
        retry_after_ms: Option<u32>,
    },
    Stop(String),
}

/// One person at one end.
pub struct Talk {
    pub(super) side: Side,
    pub(super) link: Link,
    pub(super) outbox: Outbox,
    pub(super) rooms: Rooms,
    pub(super) out: Vec<Out>,
    /// Whom the server takes this connection for.
    pub(super) name: String,
    pub(super) customer: Customer,
    pub(super) desk: Desk,
    mint: Mint,
    /// Milliseconds the server's clock is ahead of ours.
    skew: i64,
    greeted: bool,
    bye: Option<(u16, String, Option<u32>)>,
    tickets_refused: u32,
    heartbeat_ms: u64,
    heard_at: u64,
    pinged: bool,
    typed_at: u64,
}

impl Talk {
    pub fn new(side: Side, mint: Mint) -> Self {
        Self {
            side,
            link: Link::Down {
                attempts: 0,
                until: 0,
            },
            outbox: Outbox::new(),
            rooms: Rooms::default(),
            out: Vec::new(),
            name: String::new(),
            customer: Customer::default(),
            desk: Desk::default(),
            mint,
            skew: 0,
            greeted: false,
            bye: None,
            tickets_refused: 0,
            heartbeat_ms: HEARTBEAT_BEFORE_WELCOME_MS,
            heard_at: 0,
            pinged: false,
            typed_at: 0,
        }
    }

    /// The socket stands: says hello with this ticket.
    pub fn connected(&mut self, now: u64, ticket: String) -> Vec<Out> {
        self.link = Link::Greeting;
        self.customer.routed = false;
        self.heard_at = now;
        self.pinged = false;
        let hello = Hello {
            ticket,
            client: Some(ClientSoftware {
                name: "crest talk".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            }),
            language: None,
            group: None,
            resume: self.rooms.resume(),
        };
        let reference = self.outbox.reference();
        self.out
            .push(Out::Send(Some(reference), ClientFrame::Hello(hello)));
        self.taken(now)
    }

    /// A frame of the server, under the ref it answers.
    pub fn frame(
        &mut self,
        now: u64,
        reference: Option<u32>,
        frame: ServerFrame<'static>,
    ) -> Vec<Out> {
        self.heard(now);
        match frame {
            ServerFrame::Welcome(it) => self.welcome(now, it),
            ServerFrame::Pong(_) => {}
            ServerFrame::Ack(it) => {
                self.outbox.settle(reference, it.id);
            }
            ServerFrame::Done(_) => {
                self.outbox.settle(reference, None);
            }
            ServerFrame::Error(it) => self.refused(now, reference, it),
            ServerFrame::Bye(Bye {
                code,
                reason,
                retry_after_ms,
            }) => self.bye = Some((code, reason.into_owned(), retry_after_ms)),
            ServerFrame::Gap(it) => self.gap(it),
            ServerFrame::HistoryPage(_) | ServerFrame::StaffHistoryPage(_) => {
                self.outbox.settle(reference, None);
                self.page(frame);
            }
            ServerFrame::Routed(_)
            | ServerFrame::Attached(_)
            | ServerFrame::Event(_)
            | ServerFrame::Typing(_)
            | ServerFrame::Read(_)
            | ServerFrame::Place(_)
            | ServerFrame::Ended(_) => self.customer_frame(now, frame),
            ServerFrame::Presence(_) => {
                self.outbox.settle(reference, None);
                self.staff_frame(now, frame);
            }
            ServerFrame::StaffAttached(_)
            | ServerFrame::StaffEvent(_)
            | ServerFrame::StaffTyping(_)
            | ServerFrame::StaffRead(_)
            | ServerFrame::Offer(_)
            | ServerFrame::OfferGone(_)
            | ServerFrame::Assigned(_)
            | ServerFrame::Unassigned(_)
            | ServerFrame::Board(_) => self.staff_frame(now, frame),
        }
        self.taken(now)
    }

    /// Any byte of the server shows that the connection lives.
    pub fn heard(&mut self, now: u64) {
        self.heard_at = now;
        self.pinged = false;
    }

    /// The connection is gone, closed with this code where it was closed at all.
    pub fn lost(&mut self, close: Option<u16>) -> (Lost, Vec<Out>) {
        let attempts = match self.link {
            Link::Down { attempts, .. } => attempts + 1,
            _ => 0,
        };
        let was_greeted = !matches!(self.link, Link::Down { .. } | Link::Greeting);
        self.link = Link::Down { attempts, until: 0 };
        self.outbox.lost();
        for room in self.rooms.all_mut() {
            room.promised = None;
            room.stop_typing();
        }
        let said = self.bye.take();
        let code = said.as_ref().map(|it| it.0).or(close).unwrap_or(1006);
        let words = said
            .as_ref()
            .map(|it| it.1.clone())
            .or_else(|| close_words(code))
            .unwrap_or_else(|| "the connection broke".to_owned());
        if code == Close::TicketRefused.number() {
            self.tickets_refused += 1;
        }
        let ticket_again =
            code == Close::TicketRefused.number() && self.tickets_refused < TICKETS_REFUSED;
        if !codes::reconnects(code) && !ticket_again {
            let next = Close::ALL.iter().find(|it| it.number() == code);
            let next = next.map(|it| format!(" {}", it.next())).unwrap_or_default();
            return (Lost::Stop(format!("{words} ({code}).{next}")), self.take());
        }
        if was_greeted {
            self.warn(format!("{} reconnecting…", sentence(&words)));
        }
        let retry_after_ms = said.and_then(|it| it.2);
        (Lost::Return { retry_after_ms }, self.take())
    }

    /// When the next attempt is made.
    pub fn pauses_until(&mut self, at: u64) {
        if let Link::Down { until, .. } = &mut self.link {
            *until = at;
        }
    }

    /// A line the person typed.
    pub fn line(&mut self, now: u64, line: &str) -> Vec<Out> {
        match input::parse(self.side, line) {
            Ok(input) => self.input(now, input),
            Err(words) => self.warn(words),
        }
        self.taken(now)
    }

    /// The person is typing a message.
    pub fn typing(&mut self, now: u64) -> Vec<Out> {
        let speaks = match self.side {
            Side::Customer => self.customer.open.then_some(None),
            Side::Agent | Side::Supervisor => self.speaking_in().map(|room| Some(room.id)),
        };
        if let (Link::Live, Some(conversation)) = (self.link, speaks)
            && now.saturating_sub(self.typed_at) >= TYPING_SEND_MS
        {
            self.typed_at = now;
            let typing = ClientFrame::Typing(Typing { conversation });
            self.out.push(Out::Send(None, typing));
        }
        self.take()
    }

    /// Once a second: heartbeat, read marks, pauses that are over.
    pub fn tick(&mut self, now: u64) -> Vec<Out> {
        match self.link {
            Link::Down { .. } => return Vec::new(),
            Link::CatchingUp { until } if now >= until => self.live(),
            Link::Greeting | Link::CatchingUp { .. } | Link::Live => {}
        }
        let silent = now.saturating_sub(self.heard_at);
        if silent >= self.heartbeat_ms + PONG_MS {
            self.out.push(Out::Drop);
        } else if silent >= self.heartbeat_ms && !self.pinged {
            self.pinged = true;
            let ping = ClientFrame::Ping(Empty {});
            self.out.push(Out::Send(None, ping));
        }
        if self.link == Link::Live {
            self.send_read_marks();
        }
        self.taken(now)
    }

    /// Nothing of the person's waits for an answer, and the server has said nothing for a while.
    pub fn is_settled(&self, now: u64) -> bool {
        let quiet = now.saturating_sub(self.heard_at) >= LINGER_MS;
        self.link == Link::Live && self.outbox.len() == 0 && quiet
    }

    /// The server's clock.
    pub fn server_time(&self, now: u64) -> u64 {
        now.saturating_add_signed(self.skew)
    }

    fn welcome(&mut self, now: u64, it: Welcome<'static>) {
        self.tickets_refused = 0;
        self.skew = it.at.cast_signed() - now.cast_signed();
        self.heartbeat_ms = u64::from(it.heartbeat_ms);
        self.outbox.set_window(it.limits.unacked);
        self.name = it.name.to_string();
        self.link = Link::CatchingUp {
            until: now + CATCH_UP_MS,
        };
        let back = std::mem::replace(&mut self.greeted, true);
        if back {
            self.hint("connected again");
        }
        let shown = it.display_name.as_deref().unwrap_or(&it.name).to_owned();
        match self.side {
            Side::Customer if back => {}
            Side::Customer => self.greet_customer(&it.tenant, &shown),
            Side::Agent | Side::Supervisor => self.greet_staff(back, it.role, &shown),
        }
    }

    /// Everything the new connection promised is here: what is left may be sent again.
    pub(super) fn live_once_caught_up(&mut self) {
        let routed = self.side != Side::Customer || self.customer.routed;
        let caught_up = self.rooms.attached().all(|room| room.caught_up());
        if matches!(self.link, Link::CatchingUp { .. }) && routed && caught_up {
            self.live();
        }
    }

    fn live(&mut self) {
        self.link = Link::Live;
    }

    fn refused(&mut self, now: u64, reference: Option<u32>, it: Error<'static>) {
        let pause = u64::from(it.retry_after_ms.unwrap_or(1_000));
        if it.temporary && reference.is_some_and(|it| self.outbox.postpone(it, now + pause)) {
            let words = format!("{} Trying again by itself.", it.message);
            return self.brief(Mark::Warning, words);
        }
        let Some(waiting) = self.outbox.settle(reference, it.id) else {
            return self.warn(it.message.into_owned());
        };
        if waiting.again && waiting.id.is_none() && done_before(it.code) {
            return;
        }
        if let ClientFrame::Attach(attach) = &waiting.frame {
            self.rooms.detach(attach.conversation);
            self.live_once_caught_up();
        }
        let label = match waiting.frame {
            ClientFrame::Send(_) => format!("“{}” was not sent", waiting.label),
            _ => waiting.label,
        };
        self.warn(format!("{label}: {}", it.message));
    }

    fn gap(&mut self, gap: Gap) {
        let words = match gap.reason {
            GapReason::Far => "are too many to be sent; /history shows them",
            GapReason::Unavailable => "cannot be read now; /history shows them later",
        };
        if let Some(room) = self.rooms.get_mut(gap.conversation)
            && gap.to > room.last
        {
            room.last = gap.to;
            self.warn(format!("events {} to {} {words}", gap.from, gap.to));
        }
        self.live_once_caught_up();
    }

    pub(super) fn mint(&mut self) -> Id {
        (self.mint)()
    }

    /// Sent now or after a reconnect, until it is answered.
    pub(super) fn send(&mut self, frame: ClientFrame, label: impl Into<String>) {
        self.outbox.push(frame, label.into(), Keep::UntilAnswered);
    }

    /// Asked of this connection alone.
    pub(super) fn ask(&mut self, frame: ClientFrame, label: impl Into<String>) {
        self.outbox.push(frame, label.into(), Keep::ThisConnection);
    }

    pub(super) fn named(&mut self, frame: fn(Named) -> ClientFrame, id: Id, label: &str) {
        self.send(frame(Named { conversation: id }), label);
    }

    pub(super) fn warn(&mut self, words: impl Into<String>) {
        self.print(Line::new(Mark::Warning, words));
    }

    pub(super) fn hint(&mut self, words: impl Into<String>) {
        self.print(Line::new(Mark::Hint, words));
    }

    pub(super) fn brief(&mut self, mark: Mark, words: impl Into<String>) {
        self.out.push(Out::Brief(Line::new(mark, words)));
    }

    pub(super) fn print(&mut self, line: Line) {
        self.out.push(Out::Print(line));
    }

    /// What is to be done, with the frames that may be sent by now.
    fn taken(&mut self, now: u64) -> Vec<Out> {
        if self.link == Link::Live {
            let due = self.outbox.due(now);
            let sends = due
                .into_iter()
                .map(|(it, frame)| Out::Send(Some(it), frame));
            self.out.extend(sends);
        }
        self.take()
    }

    fn take(&mut self) -> Vec<Out> {
        std::mem::take(&mut self.out)
    }
}

/// Refusals that say of a repeated command only that it took effect the first time.
fn done_before(code: u16) -> bool {
    const CODES: [Code; 6] = [
        Code::NotOpen,
        Code::Closed,
        Code::Gone,
        Code::NotAllowed,
        Code::AlreadyRated,
        Code::WrongState,
    ];
    CODES.iter().any(|it| it.number() == code)
}

fn close_words(code: u16) -> Option<String> {
    let close = Close::ALL.iter().find(|it| it.number() == code)?;
    Some(close.meaning().trim_end_matches('.').to_owned())
}

/// Ends with a full stop, and then there is room for more.
fn sentence(words: &str) -> String {
    match words.ends_with(['.', '!', '?', '。']) {
        true => words.to_owned(),
        false => format!("{words};"),
    }
}
