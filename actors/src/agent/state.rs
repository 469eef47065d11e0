//! The agent's pure state and its step.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::aggregate::{Aggregate, Context, Turn};
use crate::conversation::Entry;
use crate::directory::AgentProfile;
use crate::ids::{AgentKey, Millis, OfferId, Seq, SessionId};
use crate::limits::BASE_EVERY;

use super::announce::{Reply, Said};
use super::claim::Claim;
use super::ledger::{Ledger, Line};
use super::note::{Event, Note, Presence};
use super::presence::{Lost, SILENCE_MS};

/// Grants, repeats and releases reservations; says who may be offered work. Only the ledger is
/// durable: everything else is learnt again from conversations and sessions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Agent {
    pub(super) key: AgentKey,
    pub(super) ledger: Ledger,
    /// One for each line of the ledger.
    pub(super) claims: BTreeMap<Line, Claim>,
    /// When each was heard last.
    pub(super) sessions: BTreeMap<SessionId, Millis>,
    /// The presence that holds while a session is there; `Offline` without one.
    pub(super) asked: Presence,
    pub(super) next: Option<Presence>,
    /// Offers missed in a row.
    pub(super) misses: u32,
    /// When work was last given or taken away.
    pub(super) idle_since: Millis,
    pub(super) lost: Option<Lost>,
    pub(super) version: u64,
    pub(super) said: Said,
}

impl Aggregate for Agent {
    type Key = AgentKey;
    type Event = Event;
    type Note = Note;

    fn empty(key: AgentKey) -> Self {
        Self {
            key,
            ledger: Ledger::default(),
            claims: BTreeMap::new(),
            sessions: BTreeMap::new(),
            asked: Presence::Offline,
            next: None,
            misses: 0,
            idle_since: Millis(0),
            lost: None,
            version: 0,
            said: Said::default(),
        }
    }

    fn replay(&mut self, entry: &Arc<Entry<Event>>) {
        self.ledger.fold(entry);
    }

    /// Sessions are not known yet, but most are there: they have one silence to say so before
    /// anybody is told that the agent is lost. The grace counts from now.
    fn recovered(&mut self, context: &Context, turn: &mut Turn<Event>) {
        let now = context.now;
        let lines = self.ledger.reservations();
        let claims = lines.map(|it| ((it.conversation, it.position), Claim::new(now)));
        self.claims = claims.collect();
        self.idle_since = now;
        self.lose(context, now.plus(SILENCE_MS));
        self.finish(context, None, turn);
    }

    fn apply(&mut self, context: &Context, note: Note, turn: &mut Turn<Event>) {
        // A beat in hand counts before the silence it ends.
        if let Note::Connect { session, .. } = &note
            && let Some(heard) = self.sessions.get_mut(session)
        {
            *heard = context.now;
        }
        self.expire_sessions(context);
        let reply = self.step(context, note, turn);
        self.finish(context, reply, turn);
    }

    fn wake() -> Note {
        Note::Wake
    }

    fn wake_at(&self) -> Option<Millis> {
        let repeats = self.claims.values().map(|it| it.repeat_at);
        let silences = self.sessions.values().map(|it| it.plus(SILENCE_MS));
        let lost = self.lost.filter(|_| !self.claims.is_empty());
        repeats
            .chain(silences)
            .chain(lost.map(|it| it.tell_at))
            .chain(self.said.repeat_at)
            .min()
    }

    fn may_passivate(&self, _now: Millis) -> bool {
        self.sessions.is_empty() && self.ledger.is_empty()
    }

    fn last(&self) -> Seq {
        self.ledger.last()
    }
}

impl Agent {
    /// What is reserved of it.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The presence in force; `Offline` while no session is there.
    pub fn presence(&self) -> &Presence {
        &self.asked
    }

    fn step(&mut self, context: &Context, note: Note, turn: &mut Turn<Event>) -> Option<Reply> {
        match note {
            Note::Connect { session, presence } => {
                return self.connect(context, session, presence);
            }
            Note::SetPresence {
                session,
                reference,
                presence,
                next,
            } => return self.set_presence(context, session, reference, presence, next, turn),
            Note::Disconnect { session } => self.disconnect(context, session),
            Note::Reserve {
                offer,
                weight,
                queue,
                forced,
            } if self.owns(&offer) => self.reserve(context, offer, weight, queue, forced, turn),
            Note::Confirm { offer, accepted } if self.owns(&offer) => {
                self.confirm(context, &offer, accepted);
            }
            Note::Release { offer, why } if self.owns(&offer) => {
                self.release(context, &offer, why, turn);
            }
            Note::Offered {
                offer,
                expires_at,
                context,
            } if self.owns(&offer) => self.offered(offer, expires_at, context, turn),
            Note::OfferGone { offer, outcome } if self.owns(&offer) => {
                self.offer_gone(offer, outcome, turn);
            }
            Note::Assigned { conversation } => self.assigned(conversation, turn),
            Note::Unassigned { conversation } => self.unassigned(conversation, turn),
            Note::Announce { queue } => self.answer_group(context, queue, turn),
            // Another agent's, or nothing but time and configuration: `finish` looks at both.
            Note::Reserve { .. }
            | Note::Confirm { .. }
            | Note::Release { .. }
            | Note::Offered { .. }
            | Note::OfferGone { .. }
            | Note::Reconfigured
            | Note::Wake => {}
        }
        None
    }

    fn finish(&mut self, context: &Context, reply: Option<Reply>, turn: &mut Turn<Event>) {
        self.repeat_reserved(context.now, turn);
        self.tell_lost(context.now, turn);
        self.announce(context, reply, turn);
        if self.ledger.since_base() >= BASE_EVERY {
            self.record(context, self.ledger.base(), turn);
        }
        assert_eq!(self.claims.len(), self.ledger.len(), "a claim a line");
    }

    fn owns(&self, offer: &OfferId) -> bool {
        offer.agent == self.key.agent
    }

    pub(super) fn profile<'a>(&self, context: &'a Context) -> Option<&'a AgentProfile> {
        let tenant = context.directory.tenant(&self.key.tenant)?;
        tenant.agents.get(&self.key.agent)
    }

    /// 0 for one the directory does not know.
    pub(super) fn capacity(&self, context: &Context) -> u32 {
        self.profile(context).map_or(0, |it| it.capacity)
    }

    pub(super) fn record(&mut self, context: &Context, event: Event, turn: &mut Turn<Event>) {
        let entry = Arc::new(Entry {
            seq: self.last().next(),
            at: context.now,
            customer_seq: None,
            event,
        });
        self.replay(&entry);
        turn.events.push(entry);
    }
}
