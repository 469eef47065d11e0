//! The customer's end: one conversation, a place in the queue, a rating.

use crest_schema::frame::ServerFrame;
use crest_schema::frame::customer_view::{CustomerEntry, CustomerEvent, Position, Speaker};
use crest_schema::frame::server::{Attached, Event, Routed};
use crest_schema::frame::{Body, CloseReason};

use super::line::Mark;
use super::rooms::Arrival;
use super::state::{Link, Talk};
use super::words;

#[derive(Debug, Default)]
pub(super) struct Customer {
    pub open: bool,
    /// `routed` came on this connection.
    pub routed: bool,
    pub may_rate: bool,
    pub place: Option<Position>,
}

impl Talk {
    pub(super) fn greet_customer(&mut self, tenant: &str, shown: &str) {
        let name = words::short(shown);
        self.hint(format!("You are {name}, a customer of {tenant}."));
        self.hint("Ask something and press Enter. /human asks for a person, /help lists the rest.");
    }

    pub(super) fn customer_frame(&mut self, now: u64, frame: ServerFrame<'static>) {
        match frame {
            ServerFrame::Routed(it) => self.routed(it),
            ServerFrame::Attached(it) => self.attached(it),
            ServerFrame::Event(it) => self.customer_event(it),
            ServerFrame::Typing(it) => {
                let (_, who) = words::speaker(&it.from);
                let room = self.rooms.enter(it.conversation);
                if it.from != Speaker::You && room.set_typing(who.clone(), now) {
                    self.brief(Mark::System, format!("{who} is typing…"));
                }
            }
            ServerFrame::Read(it) => {
                let room = self.rooms.enter(it.conversation);
                if it.from != Speaker::You {
                    room.read_by_other = room.read_by_other.max(it.up_to);
                }
            }
            ServerFrame::Place(it) => self.placed(Position {
                position: it.position,
                wait_minutes: it.wait_minutes,
                call_back: it.call_back,
            }),
            ServerFrame::Ended(it)
                if self
                    .rooms
                    .current()
                    .is_some_and(|room| room.id == it.conversation) =>
            {
                self.customer.open = false;
                self.customer.place = None;
            }
            _ => {}
        }
        self.customer_live();
    }

    /// Where it stands in the queue, as a line.
    pub(super) fn place_words(place: &Position) -> String {
        let wait = match place.wait_minutes {
            Some(1) => ", about a minute".to_owned(),
            Some(minutes) => format!(", about {minutes} minutes"),
            None => String::new(),
        };
        let call_back = match place.call_back {
            true => "; nobody can say how long: /callback CONTACT, or /message TEXT",
            false => "",
        };
        format!(
            "you are number {} in the queue (排队第 {} 位){wait}{call_back}",
            place.position, place.position
        )
    }

    fn routed(&mut self, routed: Routed) {
        self.customer.routed = true;
        self.customer.open = routed.open;
        let Some(id) = routed.conversation else {
            return;
        };
        let other = self.rooms.current().map(|room| room.id);
        if let Some(other) = other.filter(|other| *other != id) {
            self.rooms.detach(other);
        }
        self.rooms.enter(id).attached = true;
        self.rooms.use_room(Some(id));
    }

    fn attached(&mut self, attached: Attached) {
        let room = self.rooms.enter(attached.conversation);
        room.promised = Some(attached.last);
        self.customer.open = attached.state.open;
        self.customer.may_rate = attached.state.may_rate;
        match attached.state.place {
            Some(place) => self.placed(place),
            None => self.customer.place = None,
        }
    }

    fn placed(&mut self, place: Position) {
        if self.customer.place.replace(place) != Some(place) {
            self.brief(Mark::System, Self::place_words(&place));
        }
    }

    fn customer_event(&mut self, it: Event<'static>) {
        let room = self.rooms.enter(it.conversation);
        let arrival = room.arrive(it.seq);
        if arrival == Arrival::Known {
            return;
        }
        let mut own = None;
        let mut rating = false;
        match &it.event {
            CustomerEvent::Message { from, id, body } => {
                room.options = options(body);
                if *from == Speaker::You {
                    room.own_seq = it.seq;
                    own = *id;
                } else {
                    room.stop_typing();
                }
            }
            CustomerEvent::Joined { .. } | CustomerEvent::BotResumed => self.customer.place = None,
            CustomerEvent::Ended { reason } => {
                room.stop_typing();
                self.customer.place = None;
                rating = asks_rating(*reason);
            }
            CustomerEvent::Opened { .. } => self.customer.open = true,
            CustomerEvent::Rated { .. } => self.customer.may_rate = false,
            CustomerEvent::Edited { .. }
            | CustomerEvent::Recalled { .. }
            | CustomerEvent::Waiting => {}
        }
        if own.is_some() {
            self.outbox.settle(None, own);
        }
        if let Arrival::After { missing } = arrival {
            self.warn(format!("{missing} events are not shown by this client"));
        }
        let entry = CustomerEntry {
            seq: it.seq,
            at: it.at,
            event: it.event,
        };
        if let Some(line) = words::customer_event(&entry) {
            self.print(line);
        }
        if rating && self.link == Link::Live {
            self.hint(words::RATING);
        }
    }

    /// Caught up at last: an open question about the conversation before is asked once.
    fn customer_live(&mut self) {
        let before = self.link;
        self.live_once_caught_up();
        let now_live = before != self.link && self.link == Link::Live;
        if now_live && self.customer.may_rate && !self.customer.open {
            self.hint(words::RATING);
        }
    }
}

fn options(body: &Body<'_>) -> Vec<String> {
    match body {
        Body::Choices { options, .. } => options.iter().map(|it| it.to_string()).collect(),
        Body::Text(_) | Body::Image { .. } | Body::File { .. } | Body::Card { .. } => Vec::new(),
    }
}

/// Somebody answered, so there is something to rate.
fn asks_rating(reason: CloseReason) -> bool {
    match reason {
        CloseReason::Resolved | CloseReason::CustomerLeft | CloseReason::Silence => true,
        CloseReason::Abandoned
        | CloseReason::LeftMessage
        | CloseReason::CallBack
        | CloseReason::Overflow => false,
    }
}
