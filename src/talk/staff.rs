//! The end of agents and supervisors: what the server tells them.

use crest_schema::frame::client::{Attach, Named, Scope, SetPresence, WatchBoard};
use crest_schema::frame::desk::{AgentRow, Phase, Presence};
use crest_schema::frame::server::{PresenceFrame, Role, StaffAttached, StaffEventFrame};
use crest_schema::frame::staff_view::{Author, StaffEntry, StaffEvent};
use crest_schema::frame::{ClientFrame, ServerFrame};

use super::args::Side;
use super::board::{Applied, Board};
use super::line::{Line, Mark};
use super::offers::Shown;
use super::rooms::{Arrival, Room};
use super::state::Talk;
use super::words;

#[derive(Debug, Default)]
pub(super) struct Desk {
    pub board: Board,
    pub offers: Vec<Shown>,
    pub row: Option<AgentRow<'static>>,
    /// The next `presence` is the first of its connection.
    first_presence: bool,
}

impl Talk {
    pub(super) fn greet_staff(&mut self, back: bool, role: Role, shown: &str) {
        self.desk.first_presence = true;
        let fits = match self.side {
            Side::Supervisor => matches!(role, Role::Supervisor | Role::Admin),
            Side::Agent | Side::Customer => role == Role::Agent,
        };
        if !fits {
            self.warn("This account has another role: the server will refuse some commands.");
        }
        match self.side {
            Side::Agent if !back => {
                self.hint(format!(
                    "You are {shown}, an agent. Waiting for customers; /help lists what you can do."
                ));
                self.be(Presence::Ready, "/ready");
            }
            Side::Supervisor => {
                if !back {
                    self.hint(format!("You are {shown}, a supervisor. /watch N shows a conversation, /help lists the rest."));
                }
                self.watch_board();
            }
            Side::Agent | Side::Customer => {}
        }
        self.live_once_caught_up();
    }

    pub(super) fn staff_frame(&mut self, now: u64, frame: ServerFrame<'static>) {
        match frame {
            ServerFrame::StaffAttached(it) => self.staff_attached(it),
            ServerFrame::StaffEvent(it) => self.staff_event(it),
            ServerFrame::StaffTyping(it) => {
                let room = self.rooms.enter(it.conversation);
                let (_, who) = words::author(&it.from, &room.customer, &self.name);
                let number = room.number;
                if !is_me(&it.from, &self.name) && room.set_typing(who.clone(), now) {
                    self.brief(Mark::System, format!("#{number} {who} is typing…"));
                }
            }
            ServerFrame::StaffRead(it) => {
                let room = self.rooms.enter(it.conversation);
                if it.from == Author::Customer {
                    room.read_by_other = room.read_by_other.max(it.up_to);
                }
            }
            ServerFrame::Offer(it) => self.offered(now, it),
            ServerFrame::OfferGone(it) => self.offer_gone(it),
            ServerFrame::Assigned(it) => self.assigned(it),
            ServerFrame::Unassigned(it) => self.unassigned(it),
            ServerFrame::Presence(it) => self.presence(it),
            ServerFrame::Board(it) => match self.desk.board.apply(it, &mut self.rooms) {
                Applied::Whole(changes) => {
                    for change in changes {
                        self.brief(Mark::Board, change);
                    }
                }
                Applied::Part => {}
                Applied::Elsewhere => self.watch_board(),
            },
            _ => {}
        }
        self.live_once_caught_up();
    }

    /// The room that words typed now go to.
    pub(super) fn speaking_in(&self) -> Option<&Room> {
        let speaks = |room: &&Room| self.side == Side::Agent || room.taken_over;
        self.rooms.current().filter(speaks)
    }

    pub(super) fn be(&mut self, presence: Presence<'static>, label: &str) {
        let frame = SetPresence {
            agent: None,
            presence,
            next: None,
        };
        self.send(ClientFrame::SetPresence(frame), label);
    }

    fn watch_board(&mut self) {
        let scope = Scope::Tenant;
        self.ask(ClientFrame::WatchBoard(WatchBoard { scope }), "the board");
    }

    fn staff_attached(&mut self, it: StaffAttached<'static>) {
        let room = self.rooms.enter(it.conversation);
        let first = room.promised.replace(it.last).is_none();
        room.taken_over = it.state.taken_over;
        if room.customer.is_empty() {
            room.customer = words::short(&it.state.customer);
        }
        let (number, watching) = (room.number, self.side == Side::Supervisor);
        if watching && first && room.last == 0 && it.state.phase != Phase::Closed {
            self.hint(format!("Watching #{number}, unseen. /whisper TEXT tells the agent, /takeover lets you speak."));
        }
    }

    fn staff_event(&mut self, it: StaffEventFrame<'static>) {
        let room = self.rooms.enter(it.conversation);
        let arrival = room.arrive(it.seq);
        if arrival == Arrival::Known {
            return;
        }
        let mut own = None;
        match &it.event {
            StaffEvent::Opened(opened) => {
                let name = opened.display_name.as_ref();
                room.customer = words::short(name.unwrap_or(&opened.customer));
            }
            StaffEvent::Message { author, id, .. } => {
                room.stop_typing();
                if is_me(author, &self.name) {
                    room.own_seq = it.seq;
                    own = *id;
                }
            }
            StaffEvent::Whisper { id, .. } => own = Some(*id),
            StaffEvent::TakenOver { .. } => room.taken_over = true,
            StaffEvent::GivenBack { .. }
            | StaffEvent::Waiting(_)
            | StaffEvent::WrapUp { .. }
            | StaffEvent::Closed { .. } => room.taken_over = false,
            _ => {}
        }
        let (number, customer) = (room.number, room.customer.clone());
        if own.is_some() {
            self.outbox.settle(None, own);
        }
        if let Arrival::After { missing } = arrival {
            self.warn(format!(
                "#{number}: {missing} events are not shown by this client"
            ));
        }
        if arrival == Arrival::Previewed {
            return;
        }
        let wraps_up = matches!(it.event, StaffEvent::WrapUp { .. });
        let entry = StaffEntry {
            seq: it.seq,
            at: it.at,
            customer_seq: it.customer_seq,
            event: it.event,
        };
        if let Some(mut line) = words::staff_event(&entry, &customer, &self.name) {
            line.text.insert_str(0, &format!("#{number} "));
            self.print(line);
        }
        if wraps_up && self.side == Side::Agent {
            self.hint(format!(
                "#{number}: /done CODE ends the wrap-up (整理), say /done solved"
            ));
        }
    }

    fn assigned(&mut self, it: Named) {
        self.desk
            .offers
            .retain(|shown| shown.offer.conversation != it.conversation);
        let room = self.rooms.enter(it.conversation);
        let (number, customer, known) = (room.number, room.customer.clone(), room.attached);
        room.attached = true;
        if known {
            return;
        }
        let other = self.rooms.current().map(|room| room.number);
        match other {
            None => {
                self.rooms.use_room(Some(it.conversation));
                let text = format!("#{number} is yours: what you type goes to {customer}");
                self.print(Line::new(Mark::System, text));
            }
            Some(other) => {
                let text = format!(
                    "#{number} is yours too: /use {number} speaks there; you speak in #{other}"
                );
                self.print(Line::new(Mark::System, text));
            }
        }
    }

    fn unassigned(&mut self, it: Named) {
        let held = self.rooms.get(it.conversation).filter(|room| room.attached);
        let Some(number) = held.map(|room| room.number) else {
            return;
        };
        if self.side == Side::Supervisor {
            return; // it watches on
        }
        self.rooms.detach(it.conversation);
        self.print(Line::new(
            Mark::System,
            format!("#{number} is no longer yours"),
        ));
        if let Some(next) = self.rooms.current().map(|room| room.number) {
            self.hint(format!("What you type goes to #{next} now."));
        }
    }

    fn presence(&mut self, it: PresenceFrame<'static>) {
        if self.side != Side::Agent || it.state.agent != self.name {
            return;
        }
        let wanted = self.desk.row.as_ref().map(|row| row.presence.clone());
        if std::mem::take(&mut self.desk.first_presence) {
            for conversation in it.held {
                let room = self.rooms.enter(conversation);
                if !std::mem::replace(&mut room.attached, true) {
                    let after = room.last;
                    let attach = Attach {
                        conversation,
                        after,
                    };
                    self.ask(ClientFrame::Attach(attach), "attach");
                }
            }
            if self.rooms.current().is_none() {
                let first = self.rooms.attached().map(|room| room.id).next();
                self.rooms.use_room(first);
            }
            // A server that was away has forgotten it; a person who was ready still is.
            if let (Presence::Offline, Some(wanted)) = (&it.state.presence, wanted.clone()) {
                self.be(wanted, "/ready");
                return;
            }
        }
        if it.state.presence != Presence::Offline && wanted.as_ref() != Some(&it.state.presence) {
            let words = words::presence(&it.state.presence);
            let text = format!(
                "you are {words}, {} of {} at work",
                it.state.load, it.state.capacity
            );
            self.print(Line::new(Mark::System, text));
        }
        if it.state.presence != Presence::Offline || self.desk.row.is_none() {
            self.desk.row = Some(it.state);
        }
    }
}

fn is_me(author: &Author<'_>, me: &str) -> bool {
    match author {
        Author::Agent(name) | Author::Supervisor(name) => name == me,
        Author::Customer | Author::Bot | Author::System => false,
    }
}
