//! Is the agent there, and does it want work? Sessions, heartbeats, presence asked for and taken next.

use crate::aggregate::{Context, Turn};
use crate::conversation::{self, Refusal};
use crate::directory::Tenant;
use crate::effect::{Effect, Push};
use crate::ids::{Millis, SessionId};
use crate::limits::{AGENT_BEAT_MS, AGENT_BEATS_MISSED, AGENT_SESSIONS_MAX};

use super::announce::Reply;
use super::note::{Event, Presence};
use super::state::Agent;

/// The reason given to an agent that let too many offers pass; open to every tenant.
pub const MISSED_OFFERS: &str = "missed-offers";

/// How long a session may be silent.
pub(super) const SILENCE_MS: u64 = AGENT_BEAT_MS * AGENT_BEATS_MISSED;

/// No session is there. Conversations are told on a beat, and whether the grace is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Lost {
    pub grace_ends: Millis,
    pub tell_at: Millis,
}

impl Agent {
    /// Has a session been heard lately?
    pub(super) fn reachable(&self) -> bool {
        !self.sessions.is_empty()
    }

    /// May be offered work, if it fits. An agent that asked to leave when idle is given no more.
    pub(super) fn offerable(&self, context: &Context) -> bool {
        let staying = self.next.as_ref().is_none_or(|it| *it == Presence::Ready);
        self.reachable()
            && self.asked == Presence::Ready
            && staying
            && self.profile(context).is_some()
    }

    pub(super) fn connect(
        &mut self,
        context: &Context,
        session: SessionId,
        presence: Option<Presence>,
    ) -> Option<Reply> {
        let alone = self.sessions.is_empty();
        let known = self.sessions.insert(session, context.now).is_some();
        self.lost = None;
        if let (true, Some(presence)) = (alone, presence)
            && self.may_ask(context, &presence).is_ok()
        {
            self.asked = presence;
            self.take_next();
        }
        if self.sessions.len() > AGENT_SESSIONS_MAX {
            let others = self.sessions.iter().filter(|(it, _)| **it != session);
            let silent = others.min_by_key(|(_, heard)| **heard).map(|(it, _)| *it);
            silent.map(|it| self.sessions.remove(&it));
        }
        (!known).then_some(Reply::Greeting { session })
    }

    pub(super) fn disconnect(&mut self, context: &Context, session: SessionId) {
        if self.sessions.remove(&session).is_some() && self.sessions.is_empty() {
            self.lose(context, context.now);
        }
    }

    /// Forgets sessions that have been silent too long.
    pub(super) fn expire_sessions(&mut self, context: &Context) {
        let before = self.sessions.len();
        let now = context.now;
        self.sessions
            .retain(|_, heard| now < heard.plus(SILENCE_MS));
        if before > 0 && self.sessions.is_empty() {
            self.lose(context, now);
        }
    }

    /// Without a session an agent is offline; the session that comes back says what it was.
    pub(super) fn lose(&mut self, context: &Context, tell_at: Millis) {
        self.asked = Presence::Offline;
        let tenant = context.directory.tenant(&self.key.tenant);
        let grace_ms = tenant.map_or(0, |it| it.timing.agent_grace_ms);
        self.lost = Some(Lost {
            grace_ends: context.now.plus(grace_ms),
            tell_at,
        });
    }

    /// While nobody is there, every conversation held is told so, and again until it has let go.
    pub(super) fn tell_lost(&mut self, now: Millis, turn: &mut Turn<Event>) {
        let Some(lost) = self.lost.as_mut().filter(|it| it.tell_at <= now) else {
            return;
        };
        let grace_over = now >= lost.grace_ends;
        let beat = now.plus(AGENT_BEAT_MS);
        lost.tell_at = if grace_over {
            beat
        } else {
            beat.min(lost.grace_ends)
        };
        for line in self.claims.keys() {
            let offer = self.offer(*line);
            let note = conversation::Note::AgentLost { offer, grace_over };
            self.tell_conversation(line.0, note, turn);
        }
    }

    pub(super) fn set_presence(
        &mut self,
        context: &Context,
        session: SessionId,
        reference: u32,
        presence: Presence,
        next: Option<Presence>,
        turn: &mut Turn<Event>,
    ) -> Option<Reply> {
        let asked = [Some(&presence), next.as_ref()].into_iter().flatten();
        let refusal = asked
            .map(|it| self.may_ask(context, it))
            .find_map(Result::err);
        if let Some(refusal) = refusal {
            let refused = Push::Refused {
                reference,
                conversation: None,
                number: None,
                refusal,
                id: None,
            };
            turn.effects.push(Effect::Push(session, refused));
            return None;
        }
        self.asked = presence;
        self.next = next;
        self.take_next();
        Some(Reply::Answer { session, reference })
    }

    fn may_ask(&self, context: &Context, presence: &Presence) -> Result<(), Refusal> {
        let Some(tenant) = context.directory.tenant(&self.key.tenant) else {
            return Err(Refusal::NoSuchTarget);
        };
        if !tenant.agents.contains_key(&self.key.agent) {
            return Err(Refusal::NoSuchTarget);
        }
        match presence {
            // Nobody is there to do the work.
            _ if !self.reachable() => Err(Refusal::WrongState),
            Presence::NotReady { reason } if !lists(tenant, reason) => Err(Refusal::NoSuchReason),
            Presence::NotReady { .. } | Presence::Offline | Presence::Ready => Ok(()),
        }
    }

    /// The next status comes with the end of the last work, or at once where there is none.
    pub(super) fn take_next(&mut self) {
        if self.ledger.load() == 0
            && let Some(next) = self.next.take()
            && self.reachable()
        {
            self.asked = next;
        }
    }
}

fn lists(tenant: &Tenant, reason: &str) -> bool {
    reason == MISSED_OFFERS || tenant.not_ready_reasons.iter().any(|it| it == reason)
}
