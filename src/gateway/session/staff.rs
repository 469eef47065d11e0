//! A connection of staff: agents with what they hold and are offered, supervisors with what they watch.

use std::collections::HashMap;

use crest_actors::agent::{self, Presence};
use crest_actors::board::{self, BoardView, Scope};
use crest_actors::conversation::{Command, Entry, Event, Note, Refusal, Role};
use crest_actors::directory::StaffRole;
use crest_actors::effect::{Envelope, Push};
use crest_actors::ids::{AgentId, AgentKey, ConversationId, Millis, Seq};
use crest_actors::limits::AGENT_BEAT_MS;
use crest_schema::codes::Code;
use crest_schema::frame::ClientFrame;

use super::limits::{BOARD_BEAT_MS, LINKS_MAX, UNACKED_MAX};
use super::link::{Arrival, Link};
use super::out::{Error, Keep, Out, Purpose, ReadPage, Turn};
use crate::auth::Operation;
use crate::desk::Digest;
use crate::translate::{self, Request};

/// One authenticated connection of an agent, supervisor or admin.
pub struct StaffSession {
    pub key: AgentKey,
    role: StaffRole,
    login: Digest,
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
    /// The conversation has let this session in: only then may its log be read.
    admitted: bool,
}

struct Watched {
    scope: Scope,
    have: Option<u64>,
    asked_at: Millis,
}

impl StaffSession {
    pub fn new(
        key: AgentKey,
        role: StaffRole,
        login: Digest,
        resume: &[(ConversationId, Seq)],
        turn: &mut Turn<'_>,
    ) -> Self {
        let mut session = Self {
            key,
            role,
            login,
            serves: role == StaffRole::Agent,
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

    pub fn role(&self) -> StaffRole {
        self.role
    }

    /// Names the login without giving it away.
    pub fn login(&self) -> Digest {
        self.login
    }

    pub fn unanswered(&self) -> usize {
        self.asked.len()
            + self
                .links
                .values()
                .map(|attached| attached.link.unanswered())
                .sum::<usize>()
    }

    /// A frame of this member of staff, allowed to its role.
    pub fn frame(&mut self, reference: Option<u32>, frame: ClientFrame, turn: &mut Turn<'_>) {
        if turn.shed(reference, frame.kind().class()) {
            return;
        }
        let request = match translate::request(frame, Some(&self.key.agent)) {
            Ok(request) => request,
            Err(code) => return turn.error(reference, code.into()),
        };
        match request {
            Request::Ping => turn.pong(reference),
            Request::Hello(_) => turn.error(reference, Code::HelloRepeated.into()),
            Request::Command {
                conversation: Some(conversation),
                command,
            } => {
                self.command(conversation, reference.unwrap_or(0), command, turn);
            }
            Request::Ephemeral {
                conversation: Some(conversation),
                ephemeral,
            } => {
                if self
                    .links
                    .get(&conversation)
                    .is_some_and(|own| own.link.is_live())
                {
                    turn.tell_conversation(
                        conversation,
                        Note::Ephemeral {
                            session: turn.id,
                            ephemeral,
                        },
                    );
                }
            }
            Request::History {
                conversation: Some(conversation),
                page,
            } => {
                let purpose = Purpose::History {
                    reference: reference.unwrap_or(0),
                };
                turn.out.push(Out::Read(ReadPage {
                    conversation,
                    page,
                    purpose,
                    customer: false,
                }));
            }
            Request::Command {
                conversation: None, ..
            }
            | Request::Ephemeral {
                conversation: None, ..
            }
            | Request::History {
                conversation: None, ..
            } => {
                turn.error(reference, Code::ConversationMissing.into());
            }
            Request::Attach {
                conversation,
                after,
            } => self.attach(conversation, after, reference, turn),
            Request::Detach { conversation } => {
                self.detach(conversation, turn);
                turn.done(reference, Some(conversation));
            }
            Request::SetPresence {
                agent,
                presence,
                next,
            } => {
                self.set_presence(reference.unwrap_or(0), agent, presence, next, turn);
            }
            Request::WatchBoard(scope) => {
                self.board = Some(Watched {
                    scope,
                    have: None,
                    asked_at: Millis(0),
                });
                self.ask_board(turn);
                turn.done(reference, None);
            }
            Request::UnwatchBoard => {
                self.unwatch(turn);
                turn.done(reference, None);
            }
        }
    }

    pub fn push(&mut self, push: Push, turn: &mut Turn<'_>) {
        let history = matches!(push, Push::AttachedStaff { .. } | Push::Behind { .. });
        if self.muted && history {
            return; // there is no room for it; asked for again once there is
        }
        match &push {
            Push::AttachedStaff {
                link,
                conversation,
                last,
                ..
            } => {
                let current = |own: &&mut Attached| own.link.is_current(*link);
                if let Some(own) = self.links.get_mut(conversation).filter(current) {
                    own.admitted = true;
                    turn.show(&push);
                    if let Some(reference) = own.asked.take() {
                        turn.done(Some(reference), Some(*conversation));
                    }
                    let notes = own.link.attached(turn.id, *last, turn.now);
                    tell_all(*conversation, notes, turn);
                }
            }
            Push::Behind {
                link,
                conversation,
                tail: _,
            } => {
                let current = |own: &&mut Attached| own.link.is_current(*link);
                if let Some(own) = self.links.get_mut(conversation).filter(current) {
                    own.link.reading(turn.now);
                    turn.out.push(Out::Read(ReadPage::catch_up(
                        *conversation,
                        own.link.last,
                        false,
                    )));
                }
            }
            Push::Unknown { conversation } => self.heal(*conversation, turn),
            Push::Evicted { conversation } => {
                self.links.remove(conversation);
                let conversation = Some(*conversation);
                turn.error(
                    None,
                    Error {
                        conversation,
                        ..Code::TooManyAttached.into()
                    },
                );
            }
            Push::Tail { conversation, last } => {
                let lacks = |own: &Attached| own.link.is_live() && own.link.last < *last;
                if self.links.get(conversation).is_some_and(lacks) {
                    self.heal(*conversation, turn);
                }
            }
            Push::Resend {
                conversation,
                link,
                from,
            } => {
                if let Some(own) = self.links.get_mut(conversation) {
                    let notes = own.link.resend(turn.id, *link, *from, turn.now);
                    tell_all(*conversation, notes, turn);
                }
            }
            Push::Ack {
                conversation,
                number,
                ..
            } => {
                if self.answered(*conversation, *number) {
                    turn.show(&push);
                }
            }
            Push::Done {
                reference,
                conversation,
                number,
            } => {
                self.asked.retain(|asked| asked != reference);
                if conversation.is_none_or(|conversation| self.answered(conversation, *number)) {
                    turn.show(&push);
                }
            }
            Push::Refused {
                reference,
                conversation,
                number,
                refusal,
                id,
            } => {
                let error = Error {
                    id: *id,
                    conversation: *conversation,
                    ..(*refusal).into()
                };
                self.refused(*reference, *conversation, *number, error, turn);
            }
            Push::Ephemeral { .. } | Push::Offer { .. } | Push::OfferGone { .. } => {
                turn.show(&push)
            }
            Push::Assigned { conversation } => {
                turn.show(&push);
                if !self.links.contains_key(conversation) {
                    self.attach(*conversation, Seq(0), None, turn);
                }
            }
            // Told by the conversation and by the agent's actor: shown once.
            Push::Unassigned { conversation } => {
                if self.links.contains_key(conversation) {
                    turn.show(&push);
                }
                if self.role == StaffRole::Agent {
                    self.detach(*conversation, turn);
                }
            }
            Push::Presence {
                reference,
                agent,
                availability,
                ..
            } => {
                if *agent == self.key.agent {
                    self.presence = Some(availability.presence.clone());
                }
                self.asked.retain(|asked| Some(*asked) != *reference);
                turn.show(&push);
            }
            Push::Board(view) => self.board_view(&push, view, turn),
            Push::Place { .. }
            | Push::Routed { .. }
            | Push::AttachedCustomer { .. }
            | Push::CustomerEphemeral { .. }
            | Push::Ended { .. } => {}
        }
    }

    pub fn event(
        &mut self,
        conversation: ConversationId,
        seq: Seq,
        bytes: &bytes::Bytes,
        turn: &mut Turn<'_>,
    ) {
        if self.muted {
            return;
        }
        let Some(own) = self.links.get_mut(&conversation) else {
            return;
        };
        match own.link.event(seq, turn.now) {
            Arrival::Show => turn.out.push(Out::Frame {
                bytes: bytes.clone(),
                keep: Keep::Replayed(conversation, seq),
            }),
            Arrival::Known => {}
            Arrival::Gap => self.heal(conversation, turn),
        }
    }

    /// A page of [`Purpose::CatchUp`]: shown, then the next, then the owner again.
    pub fn caught_up(
        &mut self,
        conversation: ConversationId,
        entries: &[Entry<Event>],
        next: Option<Seq>,
        turn: &mut Turn<'_>,
    ) {
        if self.muted {
            return;
        }
        let reading = |own: &&mut Attached| !own.link.is_live();
        let Some(own) = self.links.get_mut(&conversation).filter(reading) else {
            return;
        };
        for entry in entries.iter().filter(|entry| entry.seq > own.link.last) {
            turn.frame(None, &translate::staff_event(conversation, entry));
        }
        own.link.last = entries
            .last()
            .map_or(own.link.last, |last| own.link.last.max(last.seq));
        match next {
            Some(after) => {
                own.link.reading(turn.now);
                turn.out
                    .push(Out::Read(ReadPage::catch_up(conversation, after, false)));
            }
            None => self.heal(conversation, turn),
        }
    }

    /// May this session read that conversation's log? Supervisors any of their tenant; agents what
    /// they are attached to.
    pub fn may_read(&self, conversation: ConversationId) -> bool {
        self.role >= StaffRole::Supervisor
            || self
                .links
                .get(&conversation)
                .is_some_and(|own| own.admitted)
    }

    /// An event found no room in the outbox.
    pub fn rewind(&mut self, conversation: ConversationId, seq: Seq, now: Millis) {
        if let Some(own) = self.links.get_mut(&conversation) {
            own.link.rewind(seq, now);
        }
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
        if self
            .board
            .as_ref()
            .is_some_and(|board| turn.now.since(board.asked_at) >= BOARD_BEAT_MS)
        {
            self.ask_board(turn);
        }
    }

    pub fn beat_at(&self) -> Option<Millis> {
        let agent = self.serves.then(|| self.connected_at.plus(AGENT_BEAT_MS));
        let board = self
            .board
            .as_ref()
            .map(|board| board.asked_at.plus(BOARD_BEAT_MS));
        let links = self.links.values().map(|own| own.link.beat_at()).min();
        agent.into_iter().chain(board).chain(links).min()
    }

    pub fn close(&mut self, turn: &mut Turn<'_>) {
        for (conversation, own) in self.links.drain() {
            turn.tell_conversation(conversation, own.link.detach(turn.id));
        }
        self.unwatch(turn);
        if self.serves {
            turn.tell(Envelope::Agent(
                self.key.clone(),
                agent::Note::Disconnect { session: turn.id },
            ));
        }
    }

    fn connect(&mut self, turn: &mut Turn<'_>) {
        self.connected_at = turn.now;
        if self.serves {
            let note = agent::Note::Connect {
                session: turn.id,
                presence: self.presence.clone(),
            };
            turn.tell(Envelope::Agent(self.key.clone(), note));
        }
    }

    fn attach(
        &mut self,
        conversation: ConversationId,
        after: Seq,
        reference: Option<u32>,
        turn: &mut Turn<'_>,
    ) {
        if self.links.len() >= LINKS_MAX && !self.links.contains_key(&conversation) {
            return turn.error(reference, Code::TooManyAttached.into());
        }
        let role = match self.role {
            StaffRole::Agent => Role::Agent(self.key.agent.clone()),
            StaffRole::Supervisor | StaffRole::Admin => Role::Supervisor(self.key.agent.clone()),
        };
        let own = self.links.entry(conversation).or_insert_with(|| Attached {
            link: Link::new(conversation, role, after),
            asked: None,
            admitted: false,
        });
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
                turn.error(
                    Some(reference),
                    Error {
                        id,
                        conversation: Some(conversation),
                        ..Refusal::Gone.into()
                    },
                );
            }
            turn.tell_conversation(conversation, own.link.detach(turn.id));
        }
    }

    fn command(
        &mut self,
        conversation: ConversationId,
        reference: u32,
        command: Command,
        turn: &mut Turn<'_>,
    ) {
        if self.unanswered() >= UNACKED_MAX {
            return turn.error(
                Some(reference),
                Error {
                    id: command.client_id(),
                    ..Code::TooManyUnacked.into()
                },
            );
        }
        let forced = matches!(command, Command::TransferToAgent { forced: true, .. });
        if forced && !Operation::ForceTransfer.allows(self.role.into()) {
            return turn.error(Some(reference), Code::Forbidden.into());
        }
        if !self.links.contains_key(&conversation) {
            self.attach(conversation, Seq(0), None, turn);
        }
        if let Some(own) = self.links.get_mut(&conversation) {
            let notes = own.link.command(turn.id, reference, command, turn.now);
            tell_all(conversation, notes, turn);
        }
    }

    fn set_presence(
        &mut self,
        reference: u32,
        agent: Option<AgentId>,
        presence: Presence,
        next: Option<Presence>,
        turn: &mut Turn<'_>,
    ) {
        let other = agent.filter(|agent| *agent != self.key.agent);
        if other.is_some() && !Operation::SetPresenceOfAnother.allows(self.role.into()) {
            return turn.error(Some(reference), Code::Forbidden.into());
        }
        let agent = other.unwrap_or_else(|| self.key.agent.clone());
        let key = AgentKey {
            tenant: self.key.tenant.clone(),
            agent,
        };
        self.asked.push(reference);
        let note = agent::Note::SetPresence {
            session: turn.id,
            reference,
            presence,
            next,
        };
        turn.tell(Envelope::Agent(key, note));
    }

    fn refused(
        &mut self,
        reference: u32,
        conversation: Option<ConversationId>,
        number: Option<u32>,
        error: Error,
        turn: &mut Turn<'_>,
    ) {
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
            turn.error(own.asked, error.clone());
            for (reference, command) in own.link.take_window() {
                turn.error(
                    Some(reference),
                    Error {
                        id: command.client_id(),
                        ..error.clone()
                    },
                );
            }
        }
    }

    fn answered(&mut self, conversation: ConversationId, number: Option<u32>) -> bool {
        self.links
            .get_mut(&conversation)
            .is_some_and(|own| own.link.answered(number))
    }

    fn heal(&mut self, conversation: ConversationId, turn: &mut Turn<'_>) {
        if let Some(own) = self.links.get_mut(&conversation) {
            let note = own.link.attach(turn.id, turn.now);
            turn.tell_conversation(conversation, note);
        }
    }

    fn ask_board(&mut self, turn: &mut Turn<'_>) {
        if let Some(board) = &mut self.board {
            board.asked_at = turn.now;
            let note = board::Note::Watch {
                session: turn.id,
                scope: board.scope.clone(),
                have: board.have,
            };
            turn.tell(Envelope::Board(self.key.tenant.clone(), note));
        }
    }

    fn unwatch(&mut self, turn: &mut Turn<'_>) {
        if self.board.take().is_some() {
            turn.tell(Envelope::Board(
                self.key.tenant.clone(),
                board::Note::Unwatch { session: turn.id },
            ));
        }
    }

    /// A diff applies only on top of what is held; anything else asks for a snapshot.
    fn board_view(&mut self, push: &Push, view: &BoardView, turn: &mut Turn<'_>) {
        let Some(board) = &mut self.board else { return };
        if view.since.is_some() && view.since != board.have {
            board.have = None;
            self.ask_board(turn);
        } else if !self.muted {
            board.have = Some(view.version);
            turn.show(push);
        }
    }
}

fn tell_all(conversation: ConversationId, notes: Vec<Note>, turn: &mut Turn<'_>) {
    for note in notes {
        turn.tell_conversation(conversation, note);
    }
}
