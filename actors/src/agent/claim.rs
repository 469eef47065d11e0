//! Reserve, confirm, release: what others claim of an agent, and the beat that asks whether it still stands.

use crate::aggregate::{Context, Turn};
use crate::effect::{Effect, Envelope, OfferContext, OfferOutcome, Push};
use crate::ids::{ConversationId, ConversationKey, GroupId, GroupKey, Millis, OfferId};
use crate::limits::{LEDGER_MAX, MISSES_MAX, RESERVED_REPEAT_MS, RESERVED_SLOW_MS};
use crate::{conversation, queue};

use super::ledger::{Line, line};
use super::note::{Event, Presence, Released};
use super::presence::MISSED_OFFERS;
use super::state::Agent;

/// The soft part of a line of the ledger; after a restart it is asked for again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Claim {
    /// When `Reserved` is told again.
    pub repeat_at: Millis,
    pub standing: Standing,
    pub offer: Shown,
}

/// What the conversation said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Standing {
    Unanswered,
    Confirmed,
    Accepted,
}

/// An offer as the agent's sessions see it. `Gone` is final: an offer id never comes twice.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Shown {
    NotYet,
    Pending {
        expires_at: Millis,
        context: Box<OfferContext>,
    },
    Gone,
}

impl Claim {
    pub fn new(repeat_at: Millis) -> Self {
        Self {
            repeat_at,
            standing: Standing::Unanswered,
            offer: Shown::NotYet,
        }
    }
}

impl Agent {
    pub(super) fn reserve(
        &mut self,
        context: &Context,
        offer: OfferId,
        weight: u32,
        queue: Option<GroupId>,
        forced: bool,
        turn: &mut Turn<Event>,
    ) {
        if self.ledger.holds(&offer) {
            self.tell_reserved(line(&offer), turn);
        } else if self.may_grant(context, weight, forced) {
            self.grant(context, line(&offer), weight, forced, turn);
        } else {
            self.refuse(context, offer, queue, turn);
        }
    }

    /// Rule 2, but for replay: `apply` is only ever called on a replayed ledger.
    fn may_grant(&self, context: &Context, weight: u32, forced: bool) -> bool {
        if self.profile(context).is_none() || self.ledger.len() >= LEDGER_MAX {
            return false;
        }
        if forced {
            return self.reachable() && self.asked != Presence::Offline;
        }
        let full = self.ledger.load().saturating_add(weight) > self.capacity(context);
        self.offerable(context) && !full
    }

    fn grant(
        &mut self,
        context: &Context,
        (conversation, position): Line,
        weight: u32,
        forced: bool,
        turn: &mut Turn<Event>,
    ) {
        let granted = Event::Granted {
            conversation,
            position,
            weight,
            forced,
        };
        self.record(context, granted, turn);
        let repeat_at = context.now.plus(RESERVED_REPEAT_MS);
        self.claims
            .insert((conversation, position), Claim::new(repeat_at));
        self.idle_since = context.now;
        self.tell_reserved((conversation, position), turn);
    }

    fn refuse(
        &mut self,
        context: &Context,
        offer: OfferId,
        queue: Option<GroupId>,
        turn: &mut Turn<Event>,
    ) {
        let envelope = match queue {
            Some(group) => Envelope::Queue(
                GroupKey {
                    tenant: self.key.tenant.clone(),
                    group,
                },
                queue::Note::Refused {
                    offer,
                    availability: self.next_availability(context),
                },
            ),
            None => Envelope::Conversation(
                self.conversation(offer.conversation),
                conversation::Note::ReserveRefused { offer },
            ),
        };
        turn.effects.push(Effect::Tell(envelope));
    }

    pub(super) fn confirm(&mut self, context: &Context, offer: &OfferId, accepted: bool) {
        let Some(claim) = self.claims.get_mut(&line(offer)) else {
            return;
        };
        let standing = if accepted {
            Standing::Accepted
        } else {
            Standing::Confirmed
        };
        // The slow beat starts with the answer, and an acceptance is never taken back by a late one.
        claim.repeat_at = context.now.plus(RESERVED_SLOW_MS);
        if standing == Standing::Accepted && claim.standing < standing {
            claim.offer = Shown::Gone;
            self.misses = 0;
        }
        claim.standing = claim.standing.max(standing);
    }

    pub(super) fn release(
        &mut self,
        context: &Context,
        offer: &OfferId,
        why: Released,
        turn: &mut Turn<Event>,
    ) {
        if !self.ledger.holds(offer) {
            return;
        }
        let released = Event::Released {
            conversation: offer.conversation,
            position: offer.position,
        };
        self.record(context, released, turn);
        let claim = self.claims.remove(&line(offer));
        if claim.is_some_and(|it| it.standing == Standing::Accepted) {
            self.unassigned(offer.conversation, turn);
        }
        self.idle_since = context.now;
        if why == Released::Missed {
            self.count_miss();
        }
        self.take_next();
    }

    fn count_miss(&mut self) {
        self.misses += 1;
        if self.misses >= MISSES_MAX {
            self.misses = 0;
            if self.asked == Presence::Ready {
                let reason = MISSED_OFFERS.to_owned();
                self.asked = Presence::NotReady { reason };
            }
        }
    }

    pub(super) fn offered(
        &mut self,
        offer: OfferId,
        expires_at: Millis,
        context: Box<OfferContext>,
        turn: &mut Turn<Event>,
    ) {
        let Some(claim) = self.claims.get_mut(&line(&offer)) else {
            return;
        };
        if claim.offer != Shown::NotYet {
            return;
        }
        claim.offer = Shown::Pending {
            expires_at,
            context: context.clone(),
        };
        let push = Push::Offer {
            offer,
            expires_at,
            context,
        };
        self.push_all(&push, turn);
    }

    pub(super) fn offer_gone(
        &mut self,
        offer: OfferId,
        outcome: OfferOutcome,
        turn: &mut Turn<Event>,
    ) {
        if let Some(claim) = self.claims.get_mut(&line(&offer)) {
            claim.offer = Shown::Gone;
        }
        self.push_all(&Push::OfferGone { offer, outcome }, turn);
    }

    /// A late `Assigned` of a claim that is over is not shown.
    pub(super) fn assigned(&self, conversation: ConversationId, turn: &mut Turn<Event>) {
        let mut held = self.ledger.reservations();
        if held.any(|it| it.conversation == conversation) {
            self.push_all(&Push::Assigned { conversation }, turn);
        }
    }

    /// Not shown while a claim of its own stands: one that ended is shown by its release, and this
    /// may be the late word of an earlier one.
    pub(super) fn unassigned(&self, conversation: ConversationId, turn: &mut Turn<Event>) {
        if !self.held().contains(&conversation) {
            self.push_all(&Push::Unassigned { conversation }, turn);
        }
    }

    /// Rule 3: every line of the ledger asks its conversation, for as long as it is there.
    pub(super) fn repeat_reserved(&mut self, now: Millis, turn: &mut Turn<Event>) {
        let due = self.claims.iter_mut().filter(|(_, it)| it.repeat_at <= now);
        let mut lines = Vec::new();
        for (line, claim) in due {
            let slow = claim.standing != Standing::Unanswered;
            let beat = if slow {
                RESERVED_SLOW_MS
            } else {
                RESERVED_REPEAT_MS
            };
            claim.repeat_at = now.plus(beat);
            lines.push(*line);
        }
        for line in lines {
            self.tell_reserved(line, turn);
        }
    }

    fn tell_reserved(&self, line: Line, turn: &mut Turn<Event>) {
        let reservation = self.ledger.get(line).expect("a claim has its line");
        self.tell_conversation(
            line.0,
            conversation::Note::Reserved {
                offer: self.offer(line),
                forced: reservation.forced,
            },
            turn,
        );
    }

    pub(super) fn tell_conversation(
        &self,
        conversation: ConversationId,
        note: conversation::Note,
        turn: &mut Turn<Event>,
    ) {
        let key = self.conversation(conversation);
        turn.effects
            .push(Effect::Tell(Envelope::Conversation(key, note)));
    }

    pub(super) fn offer(&self, (conversation, position): Line) -> OfferId {
        OfferId {
            conversation,
            position,
            agent: self.key.agent.clone(),
        }
    }

    fn conversation(&self, id: ConversationId) -> ConversationKey {
        ConversationKey {
            tenant: self.key.tenant.clone(),
            id,
        }
    }
}
