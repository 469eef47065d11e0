//! What goes from an arbiter's actors to others, here and elsewhere, and to sessions.

use std::rc::Rc;

use crate::effect::{Effect, Envelope, Publication, Push};
use crate::ids::{SessionId, TenantId};

use super::{Hub, add};
use crate::runtime::inbox::Parcel;

impl Hub {
    /// Tells an actor, here or on another arbiter. `Err` gives the envelope back where the lane of a
    /// local actor is full; to another arbiter it may be lost silently.
    #[allow(clippy::result_large_err)] // the envelope is given back, not described
    pub fn tell(self: &Rc<Self>, envelope: Envelope) -> Result<(), Envelope> {
        let to = self.world.post.arbiter_of(envelope.address().shard());
        if to != self.arbiter {
            self.outbound.borrow_mut()[usize::from(to)]
                .envelopes
                .push(envelope);
            self.dirty.notify_one();
            return Ok(());
        }
        macro_rules! local {
            ($region:ident, $variant:ident, $key:ident, $note:ident) => {
                self.$region
                    .tell(self, &$key, $note)
                    .map_err(|note| Envelope::$variant($key, note))
            };
        }
        match envelope {
            Envelope::Customer(key, note) => local!(customers, Customer, key, note),
            Envelope::Conversation(key, note) => local!(conversations, Conversation, key, note),
            Envelope::Agent(key, note) => local!(agents, Agent, key, note),
            Envelope::Queue(key, note) => local!(queues, Queue, key, note),
            Envelope::SkillGroup(key, note) => local!(skill_groups, SkillGroup, key, note),
            Envelope::Board(key, note) => local!(boards, Board, key, note),
        }
    }

    /// Carries effects out, in order.
    pub fn run(self: &Rc<Self>, effects: impl IntoIterator<Item = Effect>) {
        for effect in effects {
            match effect {
                Effect::Tell(envelope) => {
                    if self.tell(envelope).is_err() {
                        add(&self.counters.lane_full, 1); // repeated by its sender
                    }
                }
                Effect::Push(session, push) => self.push(session, push),
                Effect::Publish(publication) => self.publish(publication),
                Effect::AskBot(turn) => self.world.bot.ask(turn),
                Effect::Rally(tenant) => self.rally(&tenant),
            }
        }
    }

    /// A push to a session, on whichever arbiter it lives.
    pub fn push(&self, session: SessionId, push: Push) {
        if session.arbiter != self.arbiter {
            self.outbound.borrow_mut()[usize::from(session.arbiter)]
                .pushes
                .push((session, push));
            self.dirty.notify_one();
        } else if let Some(outlet) = self.outlet.borrow().as_ref() {
            outlet.push(session, push);
        }
    }

    fn publish(&self, mut publication: Publication) {
        if publication.reads(|session| session.arbiter != self.arbiter) {
            let mut outbound = self.outbound.borrow_mut();
            for (arbiter, traffic) in (0..).zip(outbound.iter_mut()) {
                let theirs = |session: &SessionId| session.arbiter == arbiter;
                if arbiter != self.arbiter && publication.reads(theirs) {
                    traffic.publications.push(publication.only(theirs));
                }
            }
            publication = publication.only(|session| session.arbiter == self.arbiter);
            self.dirty.notify_one();
        }
        if let Some(outlet) = self.outlet.borrow().as_ref() {
            outlet.publish(publication);
        }
    }

    /// Every awake conversation and agent of the tenant, on every arbiter, says how it stands.
    fn rally(self: &Rc<Self>, tenant: &TenantId) {
        for arbiter in 0..self.world.post.arbiters() {
            let tenant = tenant.clone();
            self.world.post.run_on(arbiter, move |hub| {
                crate::runtime::start::describe_all(hub, &tenant)
            });
        }
    }

    pub(in crate::runtime) fn receive(self: &Rc<Self>, parcel: Parcel) {
        match parcel {
            Parcel::Batch { number, outcome } => self.settle(number, outcome),
            Parcel::Job(job) => job(self),
            Parcel::Traffic(traffic) => {
                self.run(traffic.envelopes.into_iter().map(Effect::Tell));
                for (session, push) in traffic.pushes {
                    self.push(session, push);
                }
                for publication in traffic.publications {
                    self.publish(publication);
                }
            }
        }
    }
}
