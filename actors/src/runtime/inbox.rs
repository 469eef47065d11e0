//! The way from other threads into an arbiter: parcels, and one wake for many of them.

use std::rc::Rc;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use crate::effect::{Envelope, Publication, Push};
use crate::ids::{SessionId, Shard};
use crate::limits::INBOX_PARCELS;
use crate::ports::BatchOutcome;

use super::Hub;

/// Runs on the arbiter it is posted to.
pub type Job = Box<dyn FnOnce(&Rc<Hub>) + Send>;

/// A piece of work for an arbiter.
pub enum Parcel {
    /// Notes and pushes of one tick of another arbiter.
    Traffic(Traffic),
    /// A batch submitted by this arbiter is settled. Never dropped.
    Batch { number: u64, outcome: BatchOutcome },
    /// Anything else that must run there. Never dropped.
    Job(Job),
}

/// What one arbiter has for another.
#[derive(Default)]
pub struct Traffic {
    pub envelopes: Vec<Envelope>,
    pub pushes: Vec<(SessionId, Push)>,
    pub publications: Vec<Publication>,
}

impl Traffic {
    pub fn is_empty(&self) -> bool {
        self.envelopes.is_empty() && self.pushes.is_empty() && self.publications.is_empty()
    }
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

    /// The arbiter that a shard's actors live on.
    pub fn arbiter_of(&self, shard: Shard) -> u16 {
        u16::from(shard.0) % self.arbiters()
    }

    /// Tells an actor. May be lost where its arbiter is overwhelmed.
    pub fn tell(&self, envelope: Envelope) {
        let arbiter = self.arbiter_of(envelope.address().shard());
        self.inbox(arbiter).post(Parcel::Traffic(Traffic {
            envelopes: vec![envelope],
            ..Traffic::default()
        }));
    }

    /// Runs a job on an arbiter.
    pub fn run_on(&self, arbiter: u16, job: impl FnOnce(&Rc<Hub>) + Send + 'static) {
        self.inbox(arbiter).post(Parcel::Job(Box::new(job)));
    }

    pub(super) fn inbox(&self, arbiter: u16) -> &Inbox {
        &self.inboxes[usize::from(arbiter)]
    }
}
