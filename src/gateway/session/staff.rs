//! A connection of staff: agents with what they hold and are offered, supervisors with what they watch.

use std::collections::HashMap;

use crest_actors::agent::{self, Presence};
use crest_actors::board::{self, Scope};
use crest_actors::conversation::{Command, Ephemeral, Note, Refusal, Role};
use crest_actors::directory::StaffRole;
use crest_actors::effect::{Envelope, Push};
use crest_actors::ids::{AgentId, AgentKey, ConversationId, Millis, Seq};
use crest_actors::limits::AGENT_BEAT_MS;
use crest_schema::codes::Code;
use crest_schema::frame::{ClientFrame, Id, ServerFrame, client, server};

use super::limits::{BOARD_BEAT_MS, CATCH_UP_PAGE, LINKS_MAX, UNACKED_MAX};
use super::link::{Arrival, Link};
use super::out::{Error, Keep, Out, Purpose, ReadPage, Turn};
use crate::translate::{self, StaffCommand};

/// One authenticated connection of an agent, supervisor or admin.
pub struct StaffSession {
    pub key: AgentKey,
    role: StaffRole,
    /// Takes offers: its presence is kept by an agent actor, which this session's beat keeps alive.
    serves: bool,
    links: HashMap<ConversationId, Attached>,
    presence: Option<Presence>,
    connected_at: Millis,
    /// Refs of presence commands whose answer is on its way.
    asked: Vec<u32>,
    board: Option<Watched>,
    muted: bool,
}

struct Attached {
    link: Link,
    /// Ref of the `attach` that is not answered yet.
    asked: Option<u32>,
}

struct Watched {
    scope: Scope,
    have: Option<u64>,
    asked_at: Millis,
    reference: Option<u32>,
}

impl StaffSession {
    pub fn new(key: AgentKey, role: StaffRole, serves: bool, resume: &[(ConversationId, Seq)], turn: &mut Turn<'_>) -> Self {
        let mut session = Self {
            key,
            role,
            serves,
            links: HashMap::new(),
            presence: None,
            connected_at: Millis(0),
            asked: Vec::new(),
            board: None,
            muted: false,
        };
        session.connect(turn);
        for (conversation, after) in resume {
            session.attach(*conversation, *after, None, turn);
        }
        session
    }

    pub fn unanswered(&self) -> usize {
        self.asked.len() + self.links.values().map(|attached| attached.link.unanswered()).sum::<usize>()
    }

    pub fn frame(&mut self, reference: Option<u32>, frame: ClientFrame, turn: &mut Turn<'_>) {
        if turn.shed(reference, frame.kind().class(), translate::client_id(&frame)) {
            return;
        }
        match frame {
            ClientFrame::Ping(_) => turn.frame(reference, &ServerFrame::Pong(client::Empty {})),
            ClientFrame::Hello(_) => turn.error(reference, Code::HelloRepeated.into()),
            ClientFrame::Typing(typing) => self.ephemeral(typing.conversation, Ephemeral::Typing, turn),
            ClientFrame::Read(read) => {
                self.ephemeral(read.conversation, Ephemeral::Read { up_to: Seq(read.up_to) }, turn);
            }
            ClientFrame::History(history) => match history.conversation {
                Some(id) => turn.out.push(Out::Read(translate::history_page(
                    ConversationId(id.0),
                    &history,
                    reference.unwrap_or(0),
                ))),
                None => turn.error(reference, Code::ConversationMissing.into()),
            },
            ClientFrame::Attach(attach) => {
                self.attach(ConversationId(attach.conversation.0), Seq(attach.after), reference, turn);
            }
            ClientFrame::Detach(named) => {
                self.detach(ConversationId(named.conversation.0), turn);
                turn.frame(reference, &ServerFrame::Done(server::Done { conversation: Some(named.conversation) }));
            }
            ClientFrame::SetPresence(set) => self.set_presence(reference.unwrap_or(0), set, turn),
            ClientFrame::WatchBoard(watch) => {
                self.board = Some(Watched { scope: translate::scope(watch.scope), have: None, asked_at: Millis(0), reference });
                self.ask_board(turn);
            }
            ClientFrame::UnwatchBoard(_) => {
                self.unwatch(turn);
                turn.frame(reference, &ServerFrame::Done(server::Done { conversation: None }));
            }
            other => match translate::staff_command(other, &self.key.agent) {
                Ok(Some(StaffCommand { conversation, command })) => {
                    self.command(conversation, reference.unwrap_or(0), command, turn);
                }
                Ok(None) => turn.error(reference, Code::ConversationMissing.into()),
                Err(refusal) => turn.error(reference, refusal.into()),
            },
        }
    }

    pub fn push(&mut self, push: Push, turn: &mut Turn<'_>) {
        match push {
            Push::AttachedStaff { link, conversation, history, last, summary } => {
                let Some(own) = self.links.get_mut(&conversation).filter(|own| own.link.is_current(link)) else {
                    return;
                };
                let state = translate::staff_attached(conversation, last, &summary);
                turn.frame(own.asked.take(), &ServerFrame::StaffAttached(state));
                for entry in history.iter().filter(|entry| entry.seq > own.link.last) {
                    turn.replayed(&ServerFrame::StaffEvent(translate::staff_event(conversation, entry)));
                }
                let notes = own.link.attached(turn.id, last, turn.now);
                tell_all(conversation, notes, turn);
            }
            Push::Behind { link, conversation, .. } => {
                if let Some(own) = self.links.get_mut(&conversation).filter(|own| own.link.is_current(link)) {
                    own.link.reading(turn.now);
                    catch_up(conversation, own.link.last, turn);
                }
            }
            Push::Unknown { conversation } => self.heal(conversation, turn),
            Push::Tail { conversation, last } => {
                let lacks = |own: &Attached| own.link.is_live() && own.link.last < last;
                if self.links.get(&conversation).is_some_and(lacks) {
                    self.heal(conversation, turn);
                }
            }
            Push::Resend { conversation, link, from } => {
                if let Some(own) = self.links.get_mut(&conversation) {
                    let notes = own.link.resend(turn.id, link, from, turn.now);
                    tell_all(conversation, notes, turn);
                }
            }
            Push::Ack { reference, id, conversation, number, seq, at } => {
                if self.answered(conversation, number) {
                    turn.frame(Some(reference), &ServerFrame::Ack(translate::ack(id, conversation, seq, at)));
                }
            }
            Push::Done { reference, conversation, number } => {
                if conversation.is_none_or(|conversation| self.answered(conversation, number)) {
                    let conversation = conversation.map(|id| Id(id.0));
                    turn.frame(Some(reference), &ServerFrame::Done(server::Done { conversation }));
                }
            }
            Push::Refused { reference, conversation, number, refusal, id } => {
                self.refused(reference, conversation, number, Error { id, conversation, ..refusal.into() }, turn);
            }
            Push::Ephemeral { conversation, from, ephemeral } => {
                turn.drop_first(&translate::staff_ephemeral(conversation, &from, ephemeral));
            }
            Push::Offer { offer, expires_at, context } => {
                turn.frame(None, &ServerFrame::Offer(translate::offer(&offer, expires_at, &context)));
            }
            Push::OfferGone { offer, outcome } => {
                turn.frame(None, &ServerFrame::OfferGone(translate::offer_gone(&offer, outcome)));
            }
            Push::Assigned { conversation } => {
                turn.frame(None, &ServerFrame::Assigned(client::Named { conversation: Id(conversation.0) }));
                if !self.links.contains_key(&conversation) {
                    self.attach(conversation, Seq(0), None, turn);
                }
            }
            Push::Unassigned { conversation } => {
                turn.frame(None, &ServerFrame::Unassigned(client::Named { conversation: Id(conversation.0) }));
                if self.role == StaffRole::Agent {
                    self.detach(conversation, turn);
                }
            }
            Push::Presence { reference, agent, availability, next, held } => {
                if agent == self.key.agent {
                    self.presence = Some(availability.presence.clone());
                }
                self.asked.retain(|asked| Some(*asked) != reference);
                let frame = translate::presence(&agent, &availability, next.as_ref(), &held);
                turn.frame(reference, &ServerFrame::Presence(frame));
            }
            Push::Board(view) => self.board_view(&view, turn),
            Push::Place { .. }
            | Push::Routed { .. }
            | Push::AttachedCustomer { .. }
            | Push::CustomerEphemeral { .. }
            | Push::Ended { .. } => {}
        }
    }

    pub fn event(&mut self, conversation: ConversationId, seq: Seq, bytes: &bytes::Bytes, turn: &mut Turn<'_>) {
        if self.muted {
            return;
        }
        let Some(own) = self.links.get_mut(&conversation) else { return };
        match own.link.event(seq, turn.now) {
            Arrival::Show => turn.out.push(Out::Frame { bytes: bytes.clone(), keep: Keep::Replayed }),
            Arrival::Known => {}
            Arrival::Gap => self.heal(conversation, turn),
        }
    }

    /// A page of [`Purpose::CatchUp`].
    pub fn caught_up(&mut self, conversation: ConversationId, entries: &[std::sync::Arc<crest_actors::conversation::Entry<crest_actors::conversation::Event>>], full: bool, turn: &mut Turn<'_>) {
        let Some(own) = self.links.get_mut(&conversation).filter(|own| !own.link.is_live()) else {
            return;
        };
        for entry in entries.iter().filter(|entry| entry.seq > own.link.last) {
            turn.replayed(&ServerFrame::StaffEvent(translate::staff_event(conversation, entry)));
        }
        own.link.last = entries.last().map_or(own.link.last, |last| own.link.last.max(last.seq));
        if full {
            own.link.reading(turn.now);
            catch_up(conversation, own.link.last, turn);
        } else {
            self.heal(conversation, turn);
        }
    }

    /// May this session read that conversation's log? Supervisors any of their tenant; agents what
    /// they are attached to.
    pub fn may_read(&self, conversation: ConversationId) -> bool {
        self.role >= StaffRole::Supervisor
            || self.links.get(&conversation).is_some_and(|own| own.asked.is_none())
    }

    pub fn mute(&mut self) {
        self.muted = true;
    }

    pub fn unmute(&mut self, turn: &mut Turn<'_>) {
        if !std::mem::take(&mut self.muted) {
            return;
        }
        let conversations: Vec<_> = self.links.keys().copied().collect();
        for conversation in conversations {
            self.heal(conversation, turn);
        }
        if let Some(board) = &mut self.board {
            board.have = None;
            self.ask_board(turn);
        }
    }

    pub fn beat(&mut self, turn: &mut Turn<'_>) {
        if self.serves && turn.now.since(self.connected_at) >= AGENT_BEAT_MS {
            self.connect(turn);
        }
        for (conversation, own) in &mut self.links {
            let notes = own.link.beat(turn.id, turn.now);
            tell_all(*conversation, notes, turn);
        }
        if self.board.as_ref().is_some_and(|board| turn.now.since(board.asked_at) >= BOARD_BEAT_MS) {
            self.ask_board(turn);
        }
    }

    pub fn beat_at(&self) -> Option<Millis> {
        let agent = self.serves.then(|| self.connected_at.plus(AGENT_BEAT_MS));
        let board = self.board.as_ref().map(|board| board.asked_at.plus(BOARD_BEAT_MS));
        let links = self.links.values().map(|own| own.link.beat_at()).min();
        agent.into_iter().chain(board).chain(links).min()
    }

    pub fn close(&mut self, turn: &mut Turn<'_>) {
        for (conversation, own) in self.links.drain() {
            turn.tell_conversation(conversation, own.link.detach(turn.id));
        }
        self.unwatch(turn);
        if self.serves {
            turn.tell(Envelope::Agent(self.key.clone(), agent::Note::Disconnect { session: turn.id }));
        }
    }

    fn connect(&mut self, turn: &mut Turn<'_>) {
        self.connected_at = turn.now;
        if self.serves {
            let note = agent::Note::Connect { session: turn.id, presence: self.presence.clone() };
            turn.tell(Envelope::Agent(self.key.clone(), note));
        }
    }

    fn attach(&mut self, conversation: ConversationId, after: Seq, reference: Option<u32>, turn: &mut Turn<'_>) {
        if self.links.len() >= LINKS_MAX && !self.links.contains_key(&conversation) {
            return turn.error(reference, Code::TooManyAttached.into());
        }
        let role = match self.role {
            StaffRole::Agent => Role::Agent(self.key.agent.clone()),
            StaffRole::Supervisor | StaffRole::Admin => Role::Supervisor(self.key.agent.clone()),
        };
        let own = self
            .links
            .entry(conversation)
            .or_insert_with(|| Attached { link: Link::new(conversation, role, after), asked: None });
        if reference.is_some() {
            own.link.last = after; // the client says what it has
            own.asked = reference;
        }
        let note = own.link.attach(turn.id, turn.now);
        turn.tell_conversation(conversation, note);
    }

    fn detach(&mut self, conversation: ConversationId, turn: &mut Turn<'_>) {
        if let Some(mut own) = self.links.remove(&conversation) {
            for (reference, command) in own.link.take_window() {
                let id = command.client_id();
                turn.error(Some(reference), Error { id, conversation: Some(conversation), ..Refusal::Gone.into() });
            }
            turn.tell_conversation(conversation, own.link.detach(turn.id));
        }
    }

    fn command(&mut self, conversation: ConversationId, reference: u32, command: Command, turn: &mut Turn<'_>) {
        if self.unanswered() >= UNACKED_MAX {
            return turn.error(Some(reference), Error { id: command.client_id(), ..Code::TooManyUnacked.into() });
        }
        if !self.links.contains_key(&conversation) {
            self.attach(conversation, Seq(0), None, turn);
        }
        if let Some(own) = self.links.get_mut(&conversation) {
            let notes = own.link.command(turn.id, reference, command, turn.now);
            tell_all(conversation, notes, turn);
        }
    }

    fn set_presence(&mut self, reference: u32, set: client::SetPresence, turn: &mut Turn<'_>) {
        let other = set.agent.as_deref().map(AgentId::new).filter(|agent| *agent != self.key.agent);
        if other.is_some() && self.role < StaffRole::Supervisor {
            return turn.error(Some(reference), Code::Forbidden.into());
        }
        let (presence, next) = (translate::presence_of(set.presence), set.next.map(translate::presence_of));
        let agent = other.unwrap_or_else(|| self.key.agent.clone());
        let key = AgentKey { tenant: self.key.tenant.clone(), agent };
        self.asked.push(reference);
        let note = agent::Note::SetPresence { session: turn.id, reference, presence, next };
        turn.tell(Envelope::Agent(key, note));
    }

    fn refused(&mut self, reference: u32, conversation: Option<ConversationId>, number: Option<u32>, error: Error, turn: &mut Turn<'_>) {
        let Some(conversation) = conversation else {
            self.asked.retain(|asked| *asked != reference);
            return turn.error(Some(reference), error);
        };
        if number.is_some() {
            if self.answered(conversation, number) {
                turn.error(Some(reference), error);
            }
            return;
        }
        // The attachment itself was refused, and with it what waited for it.
        if let Some(mut own) = self.links.remove(&conversation) {
            if own.asked.is_some() {
                turn.error(own.asked, error.clone());
            }
            for (reference, command) in own.link.take_window() {
                turn.error(Some(reference), Error { id: command.client_id(), ..error.clone() });
            }
        }
    }

    fn answered(&mut self, conversation: ConversationId, number: Option<u32>) -> bool {
        self.links.get_mut(&conversation).is_some_and(|own| own.link.answered(number))
    }

    fn heal(&mut self, conversation: ConversationId, turn: &mut Turn<'_>) {
        if let Some(own) = self.links.get_mut(&conversation) {
            let note = own.link.attach(turn.id, turn.now);
            turn.tell_conversation(conversation, note);
        }
    }

    fn ephemeral(&mut self, conversation: Option<Id>, ephemeral: Ephemeral, turn: &mut Turn<'_>) {
        let Some(conversation) = conversation.map(|id| ConversationId(id.0)) else { return };
        if self.links.get(&conversation).is_some_and(|own| own.link.is_live()) {
            turn.tell_conversation(conversation, Note::Ephemeral { session: turn.id, ephemeral });
        }
    }

    fn ask_board(&mut self, turn: &mut Turn<'_>) {
        if let Some(board) = &mut self.board {
            board.asked_at = turn.now;
            let note = board::Note::Watch { session: turn.id, scope: board.scope.clone(), have: board.have };
            turn.tell(Envelope::Board(self.key.tenant.clone(), note));
        }
    }

    fn unwatch(&mut self, turn: &mut Turn<'_>) {
        if self.board.take().is_some() {
            turn.tell(Envelope::Board(self.key.tenant.clone(), board::Note::Unwatch { session: turn.id }));
        }
    }

    /// A diff applies only on top of what is held; anything else asks for a snapshot.
    fn board_view(&mut self, view: &board::BoardView, turn: &mut Turn<'_>) {
        let Some(board) = &mut self.board else { return };
        if view.since.is_some() && view.since != board.have {
            board.have = None;
            return self.ask_board(turn);
        }
        if self.muted {
            return;
        }
        board.have = Some(view.version);
        let reference = board.reference.take();
        for (place, frame) in translate::board(view).into_iter().enumerate() {
            turn.frame(reference.filter(|_| place == 0), &ServerFrame::Board(frame));
        }
    }
}

fn tell_all(conversation: ConversationId, notes: Vec<Note>, turn: &mut Turn<'_>) {
    for note in notes {
        turn.tell_conversation(conversation, note);
    }
}

fn catch_up(conversation: ConversationId, after: Seq, turn: &mut Turn<'_>) {
    turn.out.push(Out::Read(ReadPage {
        conversation,
        after,
        before: None,
        limit: CATCH_UP_PAGE,
        purpose: Purpose::CatchUp,
    }));
}
