//! What groups, the board and the agent's own sessions are told of it.

use crate::aggregate::{Context, Turn};
use crate::effect::{Effect, Envelope, Push};
use crate::ids::{ConversationId, GroupId, GroupKey, Millis, SessionId};
use crate::limits::AVAILABILITY_BEAT_MS;
use crate::{board, skill_group};

use super::claim::{Shown, Standing};
use super::note::{Availability, Event, Presence};
use super::state::Agent;

/// Whom a turn must tell the agent's state even where nothing changed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reply {
    /// A session that has just come; it gets the outstanding offers too.
    Greeting {
        session: SessionId,
    },
    Answer {
        session: SessionId,
        reference: u32,
    },
}

/// What was said last, to know when it is no longer true.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Said {
    pub availability: Option<Availability>,
    pub next: Option<Presence>,
    pub held: Vec<ConversationId>,
    /// When the groups are told again.
    pub repeat_at: Option<Millis>,
}

impl Agent {
    /// The agent as it stands, under the version said last.
    pub fn availability(&self, context: &Context) -> Availability {
        Availability {
            presence: self.asked.clone(),
            load: self.ledger.load(),
            capacity: self.capacity(context),
            idle_since: self.idle_since,
            offerable: self.offerable(context),
            version: self.version,
        }
    }

    /// The same under a new version, so that it wins over whatever was said before, also by a
    /// former life of this actor: the wall clock is ahead of every version it can have reached.
    pub(super) fn next_availability(&mut self, context: &Context) -> Availability {
        self.version = context.now.0.max(self.version + 1);
        self.availability(context)
    }

    /// Conversations the agent has accepted and not been released from.
    pub fn held(&self) -> Vec<ConversationId> {
        let accepted = self.claims.iter();
        let mut held: Vec<_> = accepted
            .filter(|(_, claim)| claim.standing == Standing::Accepted)
            .map(|((conversation, _), _)| *conversation)
            .collect();
        held.dedup();
        held
    }

    /// Last step of every turn: says what changed, what is due and what was asked for.
    pub(super) fn announce(
        &mut self,
        context: &Context,
        reply: Option<Reply>,
        turn: &mut Turn<Event>,
    ) {
        let now = self.availability(context);
        let changed = self.said.availability.as_ref().is_none_or(|said| {
            Availability {
                version: said.version,
                ..now.clone()
            } != *said
        });
        let due = self.said.repeat_at.is_some_and(|at| at <= context.now);
        if changed || due {
            let availability = self.next_availability(context);
            self.said.availability = Some(availability.clone());
            self.tell_groups(context, &availability, turn);
            self.said.repeat_at = Some(context.now.plus(AVAILABILITY_BEAT_MS));
        }
        if !self.reachable() {
            self.said.repeat_at = None;
        } else if self.said.repeat_at.is_none() {
            self.said.repeat_at = Some(context.now.plus(AVAILABILITY_BEAT_MS));
        }
        let held = self.held();
        let changed = changed || held != self.said.held || self.next != self.said.next;
        self.said.held = held;
        self.said.next = self.next.clone();
        self.push_presence(context, changed, reply, turn);
    }

    fn push_presence(
        &self,
        context: &Context,
        changed: bool,
        reply: Option<Reply>,
        turn: &mut Turn<Event>,
    ) {
        let asked = match reply {
            Some(Reply::Answer { session, reference }) => Some((session, Some(reference))),
            Some(Reply::Greeting { session }) => Some((session, None)),
            None => None,
        };
        let others = self.sessions.keys().filter(|_| changed);
        let others = others.filter(|it| asked.is_none_or(|(session, _)| session != **it));
        for (session, reference) in others.map(|it| (*it, None)).chain(asked) {
            let presence = Push::Presence {
                reference,
                agent: self.key.agent.clone(),
                availability: self.availability(context),
                next: self.next.clone(),
                held: self.said.held.clone(),
            };
            turn.effects.push(Effect::Push(session, presence));
        }
        if let Some(Reply::Greeting { session }) = reply {
            self.push_offers(context.now, session, turn);
        }
    }

    fn push_offers(&self, now: Millis, session: SessionId, turn: &mut Turn<Event>) {
        for (line, claim) in &self.claims {
            let Shown::Pending {
                expires_at,
                context,
            } = &claim.offer
            else {
                continue;
            };
            if *expires_at > now {
                let offer = Push::Offer {
                    offer: self.offer(*line),
                    expires_at: *expires_at,
                    context: context.clone(),
                };
                turn.effects.push(Effect::Push(session, offer));
            }
        }
    }

    pub(super) fn push_all(&self, push: &Push, turn: &mut Turn<Event>) {
        let sessions = self.sessions.keys();
        turn.effects
            .extend(sessions.map(|it| Effect::Push(*it, push.clone())));
    }

    /// A group whose queue has just started is answered at once; a group not its own is not.
    pub(super) fn answer_group(
        &mut self,
        context: &Context,
        group: GroupId,
        turn: &mut Turn<Event>,
    ) {
        let profile = self.profile(context);
        if profile.is_some_and(|it| it.groups.contains(&group)) {
            let availability = self.next_availability(context);
            self.tell_group(group, availability, turn);
        }
    }

    fn tell_groups(&self, context: &Context, availability: &Availability, turn: &mut Turn<Event>) {
        let groups = self.profile(context).map(|it| it.groups.clone());
        for group in groups.unwrap_or_default() {
            self.tell_group(group, availability.clone(), turn);
        }
        let agent = self.key.agent.clone();
        let note = board::Note::Agent {
            agent,
            availability: availability.clone(),
        };
        let board = Envelope::Board(self.key.tenant.clone(), note);
        turn.effects.push(Effect::Tell(board));
    }

    fn tell_group(&self, group: GroupId, availability: Availability, turn: &mut Turn<Event>) {
        let key = GroupKey {
            tenant: self.key.tenant.clone(),
            group,
        };
        let agent = self.key.agent.clone();
        let note = skill_group::Note::Agent {
            agent,
            availability,
        };
        turn.effects
            .push(Effect::Tell(Envelope::SkillGroup(key, note)));
    }
}
