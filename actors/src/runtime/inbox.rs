//! The way from other threads into an arbiter: parcels, and one wake for many of them.

use std::rc::Rc;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use crate::effect::{Envelope, Stray, Traffic};
use crate::ids::{SessionId, Shard, TenantId};
use crate::limits::INBOX_PARCELS;
use crate::ports::{BatchOutcome, Placement};

use super::Hub;

/// Runs on the arbiter it is posted to.
pub type Job = Box<dyn FnOnce(&Rc<Hub>) + Send>;

/// A piece of work for an arbiter.
pub enum Parcel {
    /// Notes and pushes of one tick of another arbiter, or of another node.
    Traffic(Traffic),
    /// A batch submitted by this arbiter is settled. Never dropped.
    Batch { number: u64, outcome: BatchOutcome },
    /// Anything else that must run there. Never dropped.
    Job(Job),
}

/// Parcels waiting for one arbiter.
#[derive(Default)]
pub struct Inbox {
    parcels: Mutex<Vec<Parcel>>,
    pub(super) wake: Notify,
}

impl Inbox {
    /// Hands a parcel over. Traffic is dropped where the inbox is full (false): its senders repeat.
    pub fn post(&self, parcel: Parcel) -> bool {
        let mut parcels = self
            .parcels
            .lock()
            .expect("inbox lock is never held over a panic");
        if parcels.len() >= INBOX_PARCELS && matches!(parcel, Parcel::Traffic(_)) {
            return false;
        }
        parcels.push(parcel);
        drop(parcels);
        self.wake.notify_one();
        true
    }

    pub(super) fn take(&self, into: &mut Vec<Parcel>) {
        std::mem::swap(
            &mut *self
                .parcels
                .lock()
                .expect("inbox lock is never held over a panic"),
            into,
        );
    }
}

/// The post office of a node: reaches every arbiter from any thread. Cheap to clone.
#[derive(Clone)]
pub struct Post {
    inboxes: Arc<[Inbox]>,
}

impl Post {
    /// One inbox an arbiter; at least one.
    pub fn new(arbiters: u16) -> Self {
        Self {
            inboxes: (0..arbiters.max(1)).map(|_| Inbox::default()).collect(),
        }
    }

    pub fn arbiters(&self) -> u16 {
        self.inboxes.len() as u16
    }

    /// The arbiter that a shard's actors live on. Higher bits are mixed in, since a node of a
    /// cluster may own every second shard, and all its arbiters are to have their part.
    pub fn arbiter_of(&self, shard: Shard) -> u16 {
        u16::from(shard.0 ^ (shard.0 >> 3) ^ (shard.0 >> 5)) % self.arbiters()
    }

    /// Tells an actor. May be lost where its arbiter is overwhelmed.
    pub fn tell(&self, envelope: Envelope) {
        let arbiter = self.arbiter_of(envelope.address().shard());
        self.inbox(arbiter).post(Parcel::Traffic(Traffic {
            envelopes: vec![envelope],
            ..Traffic::default()
        }));
    }

    /// Hands out what another node sent. What is for a shard that is not here goes back, once.
    pub fn deliver(&self, from: u16, placement: &Placement, traffic: Traffic) {
        let mut parts: Vec<Traffic> = (0..self.arbiters()).map(|_| Traffic::default()).collect();
        let mut back = Traffic::default();
        let Traffic {
            envelopes,
            retried,
            strays,
            pushes,
            publications,
            rallies,
        } = traffic;
        for envelope in envelopes {
            let shard = envelope.address().shard();
            if placement.is_here(shard) {
                parts[usize::from(self.arbiter_of(shard))]
                    .envelopes
                    .push(envelope);
            } else {
                let epoch = placement.epoch(shard);
                back.strays.push(Stray { envelope, epoch });
            }
        }
        for envelope in retried {
            let shard = envelope.address().shard();
            parts[usize::from(self.arbiter_of(shard))]
                .retried
                .push(envelope);
        }
        for stray in strays {
            let shard = stray.envelope.address().shard();
            if stray.epoch > placement.epoch(shard) {
                placement.carrier.misplaced(shard);
            }
            parts[usize::from(self.arbiter_of(shard))]
                .strays
                .push(stray);
        }
        for (session, push) in pushes {
            if let Some(part) = parts.get_mut(usize::from(session.arbiter)) {
                part.pushes.push((session, push));
            }
        }
        for publication in publications {
            for (arbiter, part) in (0..).zip(&mut parts) {
                let theirs = |session: &SessionId| session.arbiter == arbiter;
                if publication.reads(theirs) {
                    part.publications.push(publication.only(theirs));
                }
            }
        }
        for (arbiter, part) in (0..).zip(parts) {
            if !part.is_empty() {
                self.inbox(arbiter).post(Parcel::Traffic(part));
            }
        }
        for tenant in rallies {
            self.rally(&tenant);
        }
        if !back.is_empty() {
            placement.carrier.carry(from, back);
        }
    }

    /// Every awake conversation and agent of the tenant on this node says how it stands.
    pub(super) fn rally(&self, tenant: &TenantId) {
        for arbiter in 0..self.arbiters() {
            let tenant = tenant.clone();
            self.run_on(arbiter, move |hub| super::start::describe_all(hub, &tenant));
        }
    }

    /// Runs a job on an arbiter.
    pub fn run_on(&self, arbiter: u16, job: impl FnOnce(&Rc<Hub>) + Send + 'static) {
        self.inbox(arbiter).post(Parcel::Job(Box::new(job)));
    }

    pub(super) fn inbox(&self, arbiter: u16) -> &Inbox {
        &self.inboxes[usize::from(arbiter)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_arbiter_has_its_part_of_whatever_shards_a_node_owns() {
        for arbiters in [2, 3, 4, 8] {
            let post = Post::new(arbiters);
            for (nodes, node) in [(1, 0), (2, 0), (2, 1), (3, 2), (4, 1)] {
                let mut shards = vec![0_usize; usize::from(arbiters)];
                for shard in Shard::all().filter(|shard| shard.0 % nodes == node) {
                    shards[usize::from(post.arbiter_of(shard))] += 1;
                }
                let fair = 256 / usize::from(nodes) / usize::from(arbiters);
                let all_have = shards.iter().all(|own| 3 * own >= fair && *own <= 3 * fair);
                assert!(all_have, "{arbiters} arbiters, {nodes} nodes: {shards:?}");
            }
        }
    }
}
