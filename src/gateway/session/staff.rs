//! A connection of staff: agents with what they hold and are offered, supervisors with what they watch.

use std::collections::HashMap;

use crest_actors::agent::{self, Presence};
use crest_actors::conversation::{Entry, Event};
use crest_actors::directory::StaffRole;
use crest_actors::effect::{Address, Envelope, Push};
use crest_actors::ids::{AgentKey, ConversationId, Millis, Seq, Shard};
use crest_actors::limits::AGENT_BEAT_MS;
use crest_schema::codes::Code;
use foldhash::fast::RandomState;

mod board;
mod frames;

use board::Watched;

use super::follow;
use super::limits::{BOARD_BEAT_MS, PRESENCE_ANSWER_MS};
use super::link::{Arrival, Link};
use super::out::{Error, Turn};
use crate::desk::Digest;
use crate::translate;

/// One authenticated connection of an agent, supervisor or admin.
pub struct StaffSession {
    pub key: AgentKey,
    role: StaffRole,
    login: Digest,
    /// Takes offers: its presence is kept by an agent actor, which this session's beat keeps alive.
    serves: bool,
    links: HashMap<ConversationId, Attached, RandomState>,
    presence: Option<Presence>,
    connected_at: Millis,
    /// Refs of presence commands whose answer is on its way, and since when.
    asked: Vec<(u32, Millis)>,
    board: Option<Watched>,
    muted: bool,
}

struct Attached {
    link: Link,
    /// Refs of `attach` that are not answered yet.
    asked: Vec<u32>,
    /// The conversation has let this session in: only then may its log be read.
    admitted: bool,
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
            links: HashMap::default(),
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
                .map(|own| own.link.unanswered() + own.asked.len())
                .sum::<usize>()
    }

    pub fn push(&mut self, mut push: Push, turn: &mut Turn<'_>) {
        if self.muted && follow::is_history(&push) {
            return;
        }
        if let Some(own) = follow::followed(&push).and_then(|id| self.links.get_mut(&id)) {
            if own.link.told(&push, turn) {
                own.admitted = true;
            }
            if own.link.is_live() {
                for reference in own.asked.drain(..) {
                    turn.done(Some(reference), Some(own.link.conversation));
                }
            }
            return;
        }
        if let Push::Presence { reference, .. } = &mut push {
            // After it was given up its answer is news, and answers nothing.
            *reference = reference.filter(|reference| self.is_answer(*reference));
        }
        match &push {
            Push::Evicted { conversation } => {
                self.lose_link(*conversation, Code::TooManyAttached.into(), turn);
            }
            Push::Refused {
                conversation: Some(conversation),
                number: None,
                refusal,
                ..
            } => self.lose_link(*conversation, (*refusal).into(), turn),
            Push::Refused {
                conversation: None,
                reference,
                ..
            } => {
                if self.is_answer(*reference) {
                    turn.show(&push);
                }
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
                agent,
                availability,
                ..
            } => {
                if *agent == self.key.agent {
                    self.presence = Some(availability.presence.clone());
                }
                turn.show(&push);
            }
            Push::Board(view) => self.board_view(&push, view, turn),
            // About a conversation that is no longer followed.
            Push::AttachedStaff { .. }
            | Push::Behind { .. }
            | Push::Unknown { .. }
            | Push::Tail { .. }
            | Push::Resend { .. }
            | Push::Ack { .. }
            | Push::Done { .. }
            | Push::Refused { .. } => {}
            // For customers only.
            Push::Place { .. }
            | Push::Routed { .. }
            | Push::AttachedCustomer { .. }
            | Push::CustomerEphemeral { .. }
            | Push::Ended { .. } => {}
        }
    }

    /// A live event, encoded by the publisher: is it to be shown?
    pub fn event(&mut self, conversation: ConversationId, seq: Seq, now: Millis) -> Arrival {
        match self.links.get_mut(&conversation) {
            Some(own) if !self.muted => own.link.event(seq, now),
            _ => Arrival::Known,
        }
    }

    /// Asks a conversation again for what comes after what was shown of it.
    pub fn heal(&mut self, conversation: ConversationId, turn: &mut Turn<'_>) {
        if let Some(own) = self.links.get_mut(&conversation) {
            own.link.heal(turn);
        }
    }

    /// A page of [`Purpose::CatchUp`].
    pub fn caught_up(
        &mut self,
        conversation: ConversationId,
        link: u32,
        entries: &[Entry<Event>],
        next: Option<Seq>,
        turn: &mut Turn<'_>,
    ) {
        if self.muted {
            return;
        }
        let frames = entries.iter().map(|entry| {
            let frame = translate::staff_event(conversation, entry);
            (entry.seq, frame)
        });
        if let Some(own) = self.links.get_mut(&conversation) {
            own.link.caught_up(link, frames, next, turn);
        }
    }

    /// A page of [`Purpose::CatchUp`] that could not be read.
    pub fn unread(
        &mut self,
        conversation: ConversationId,
        link: u32,
        code: Code,
        turn: &mut Turn<'_>,
    ) {
        if let Some(own) = self.links.get_mut(&conversation) {
            own.link.unread(link, code, turn);
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
        for own in self.links.values_mut() {
            own.link.heal(turn);
        }
        if let Some(board) = &mut self.board {
            board.have = None;
            self.ask_board(turn);
        }
    }

    /// These shards have other owners now: what this session hangs on to there is asked for again.
    pub fn moved(&mut self, shards: &dyn Fn(Shard) -> bool, turn: &mut Turn<'_>) {
        if shards(self.key.shard()) {
            self.connect(turn);
        }
        for own in self.links.values_mut() {
            if shards(own.link.conversation.shard()) {
                own.link.heal(turn);
            }
        }
        let board = Address::Board(self.key.tenant.clone());
        if shards(board.shard())
            && let Some(board) = &mut self.board
        {
            board.have = None;
            self.ask_board(turn);
        }
    }

    pub fn beat(&mut self, turn: &mut Turn<'_>) {
        if self.serves && turn.now.since(self.connected_at) >= AGENT_BEAT_MS {
            self.connect(turn);
        }
        for own in self.links.values_mut() {
            own.link.repeat(turn);
        }
        self.give_up(turn);
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
        let asked = self
            .asked
            .first()
            .map(|(_, at)| at.plus(PRESENCE_ANSWER_MS));
        agent
            .into_iter()
            .chain(board)
            .chain(links)
            .chain(asked)
            .min()
    }

    pub fn close(&mut self, turn: &mut Turn<'_>) {
        for (_, own) in self.links.drain() {
            own.link.leave(turn);
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

    /// Does this ref wait for its answer? From now on it does not.
    fn is_answer(&mut self, reference: u32) -> bool {
        let before = self.asked.len();
        self.asked.retain(|(asked, _)| *asked != reference);
        self.asked.len() < before
    }

    /// Presence commands whose answer was lost: they may have taken effect, and may be sent again.
    fn give_up(&mut self, turn: &mut Turn<'_>) {
        let (now, id) = (turn.now, turn.id);
        let late = |(_, at): &mut (u32, Millis)| now.since(*at) >= PRESENCE_ANSWER_MS;
        for (reference, _) in self.asked.extract_if(.., late) {
            tracing::warn!(session = ?id, "a presence command was not answered");
            turn.error(Some(reference), Code::Internal.into());
        }
    }

    /// The conversation does not let this session in (any more), asked for or not.
    fn lose_link(&mut self, conversation: ConversationId, error: Error, turn: &mut Turn<'_>) {
        let error = Error {
            conversation: Some(conversation),
            ..error
        };
        let own = self.links.get(&conversation);
        if own.is_some_and(|own| own.asked.is_empty()) {
            turn.error(None, error.clone());
        }
        self.drop_link(conversation, error, turn);
    }

    /// Lets go of a conversation; whatever waits for it is answered with this.
    fn drop_link(
        &mut self,
        conversation: ConversationId,
        error: Error,
        turn: &mut Turn<'_>,
    ) -> Option<Attached> {
        let mut own = self.links.remove(&conversation)?;
        let about = |id| Error {
            id,
            conversation: Some(conversation),
            ..error.clone()
        };
        for reference in own.asked.drain(..) {
            turn.error(Some(reference), about(None));
        }
        for (reference, command) in own.link.take_window() {
            turn.error(Some(reference), about(command.client_id()));
        }
        Some(own)
    }
}

#[cfg(test)]
#[path = "staff_tests.rs"]
mod tests;
