//! What goes from an arbiter's actors to others, here and elsewhere, and to sessions.

use std::rc::Rc;

use crate::effect::{Effect, Envelope, Publication, Push, Traffic};
use crate::ids::{SessionId, Shard, TenantId};
use crate::ports::Owner;

use super::{Hub, add};
use crate::runtime::inbox::Parcel;

impl Hub {
    /// Tells an actor, wherever it lives. `Err` gives the envelope back where the lane of an actor on
    /// this arbiter is full; on the way to another it may be lost silently.
    #[allow(clippy::result_large_err)] // the envelope is given back, not described
    pub fn tell(self: &Rc<Self>, envelope: Envelope) -> Result<(), Envelope> {
        let shard = envelope.address().shard();
        match self.world.placement.owner(shard) {
            Owner::Here => self.tell_here(shard, envelope),
            Owner::Node(node) => {
                self.to_node(node, |traffic| traffic.envelopes.push(envelope));
                Ok(())
            }
            Owner::Nobody => {
                self.hold(envelope);
                Ok(())
            }
        }
    }

    #[allow(clippy::result_large_err)]
    fn tell_here(self: &Rc<Self>, shard: Shard, envelope: Envelope) -> Result<(), Envelope> {
        let to = self.world.post.arbiter_of(shard);
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

    /// A push to a session, on whichever node and arbiter it lives.
    pub fn push(&self, session: SessionId, push: Push) {
        if session.node != self.world.node {
            self.to_node(session.node, |traffic| traffic.pushes.push((session, push)));
        } else if session.arbiter != self.arbiter {
            if let Some(traffic) = self
                .outbound
                .borrow_mut()
                .get_mut(usize::from(session.arbiter))
            {
                traffic.pushes.push((session, push));
            }
            self.dirty.notify_one();
        } else if let Some(outlet) = self.outlet.borrow().as_ref() {
            outlet.push(session, push);
        }
    }

    fn publish(&self, mut publication: Publication) {
        let here = |session: &SessionId| {
            session.node == self.world.node && session.arbiter == self.arbiter
        };
        if publication.reads(|session| !here(session)) {
            for node in publication.nodes() {
                if node != self.world.node {
                    let theirs = publication.only(|session| session.node == node);
                    self.to_node(node, |traffic| traffic.publications.push(theirs));
                }
            }
            let mut outbound = self.outbound.borrow_mut();
            for (arbiter, traffic) in (0..).zip(outbound.iter_mut()) {
                let theirs = |session: &SessionId| {
                    session.node == self.world.node && session.arbiter == arbiter
                };
                if arbiter != self.arbiter && publication.reads(theirs) {
                    traffic.publications.push(publication.only(theirs));
                }
            }
            publication = publication.only(here);
            self.dirty.notify_one();
        }
        if publication.reads(|_| true)
            && let Some(outlet) = self.outlet.borrow().as_ref()
        {
            outlet.publish(publication);
        }
    }

    pub(super) fn to_node(&self, node: u16, add: impl FnOnce(&mut Traffic)) {
        add(self.to_nodes.borrow_mut().entry(node).or_default());
        self.dirty.notify_one();
    }

    /// Every awake conversation and agent of the tenant, on every node, says how it stands.
    fn rally(&self, tenant: &TenantId) {
        self.world.placement.carrier.carry_to_all(Traffic {
            rallies: vec![tenant.clone()],
            ..Traffic::default()
        });
        self.world.post.rally(tenant);
    }

    pub(in crate::runtime) fn receive(self: &Rc<Self>, parcel: Parcel) {
        match parcel {
            Parcel::Batch { number, outcome } => self.settle(number, outcome),
            Parcel::Job(job) => job(self),
            Parcel::Traffic(traffic) => {
                let Traffic {
                    envelopes,
                    retried,
                    strays,
                    pushes,
                    publications,
                    rallies: _, // run on every arbiter by the post office
                } = traffic;
                self.run(envelopes.into_iter().map(Effect::Tell));
                for envelope in retried {
                    if self.world.placement.is_here(envelope.address().shard()) {
                        self.run([Effect::Tell(envelope)]);
                    } else {
                        self.give_up(envelope);
                    }
                }
                for stray in strays {
                    self.hold_stray(stray.envelope);
                }
                for (session, push) in pushes {
                    self.push(session, push);
                }
                for publication in publications {
                    self.publish(publication);
                }
            }
        }
    }
}
