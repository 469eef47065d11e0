//! From a turn's events to the store and back: what a turn led to waits until they are durable.

use std::collections::HashSet;
use std::rc::Rc;

use crate::aggregate::Turn;
use crate::effect::{Address, Effect};
use crate::ports::{Append, BatchOutcome};

use super::{Hub, add};
use crate::runtime::entity::Life;
use crate::runtime::inbox::Parcel;
use crate::runtime::kind::Kind;

/// Effects that wait until a batch is durable.
pub(super) struct Pending {
    batch: u64,
    instance: u64,
    owner: Address,
    effects: Vec<Effect>,
    on_failure: Vec<Effect>,
}

/// Batches submitted and not settled: more only deepen the store's queue, so later appends gather
/// in the batch being built.
const BATCHES_IN_FLIGHT: u64 = 4;

impl Hub {
    /// Puts a turn's events into the batch being built and holds its effects back until they, and
    /// everything earlier of this log, are durable. Returns the actor's new `in_flight`.
    pub(in crate::runtime) fn commit<A: Kind>(
        self: &Rc<Self>,
        key: &A::Key,
        life: Life,
        in_flight: u64,
        turn: Turn<A::Event>,
    ) -> u64 {
        add(&self.counters.turns, 1);
        let mut in_flight = in_flight;
        if let Some(first) = turn.events.first() {
            let log = A::log(key).expect("only actors with a log record events");
            let records = turn
                .events
                .iter()
                .map(|entry| A::encode(self.codec(), entry))
                .collect();
            add(&self.counters.events, turn.events.len() as u64);
            let append = Append {
                log,
                token: life.token,
                first: first.seq,
                records,
                summary: turn.summary,
            };
            self.batch.borrow_mut().push(append);
            self.dirty.notify_one();
            in_flight = self.building.get();
        }
        if in_flight <= self.released.get() {
            // The store has checked what it reports; what comes from memory alone is checked here.
            if self.world.placement.may_show(|| A::shard(key)) {
                self.run(turn.effects);
            }
        } else if !turn.effects.is_empty() || !turn.on_failure.is_empty() || !turn.events.is_empty()
        {
            self.pending.borrow_mut().push_back(Pending {
                batch: in_flight,
                instance: life.instance,
                owner: A::address(key),
                effects: turn.effects,
                on_failure: turn.on_failure,
            });
        }
        in_flight
    }

    /// Sends the batch to the store and the traffic to the other arbiters. Called once a tick.
    pub(in crate::runtime) fn flush(&self) {
        let unsettled = self.building.get() - 1 - self.released.get();
        if unsettled < BATCHES_IN_FLIGHT && !self.batch.borrow().is_empty() {
            let batch = self.batch.take();
            let number = self.building.get();
            self.building.set(number + 1);
            let inbox = self.inbox();
            self.world.store.submit(
                batch,
                Box::new(move |outcome| {
                    inbox.post(Parcel::Batch { number, outcome });
                }),
            );
        }
        for (arbiter, traffic) in self.outbound.borrow_mut().iter_mut().enumerate() {
            if !traffic.is_empty()
                && !self
                    .world
                    .post
                    .inbox(arbiter as u16)
                    .post(Parcel::Traffic(std::mem::take(traffic)))
            {
                add(&self.counters.inbox_full, 1);
            }
        }
        while let Some((node, traffic)) = self.to_nodes.borrow_mut().pop_first() {
            self.world.placement.carrier.carry(node, traffic);
        }
    }

    /// A batch is settled: release what waited for it. Batches settle in the order submitted.
    pub(super) fn settle(self: &Rc<Self>, number: u64, outcome: BatchOutcome) {
        assert_eq!(number, self.released.get() + 1, "batches settle in order");
        self.released.set(number);
        if let Err(failure) = &outcome {
            tracing::warn!(%failure, "a batch was not stored");
        }
        let mut failed = HashSet::new();
        loop {
            let mut pending = self.pending.borrow_mut();
            if pending.front().is_none_or(|first| first.batch > number) {
                break;
            }
            let Some(first) = pending.pop_front() else {
                break;
            };
            drop(pending);
            let lost = match &outcome {
                Err(_) => true,
                Ok(refused) => {
                    !refused.is_empty() && refused.iter().any(|log| first.owner.owns(log))
                }
            };
            if lost {
                add(&self.counters.failed_appends, 1);
                // Who is not the owner any more has nothing to refuse: sessions ask the next one.
                if self.world.placement.may_show(|| first.owner.shard()) {
                    self.run(first.on_failure);
                }
                failed.insert(first.owner);
            } else if !self.buried.borrow().contains_key(&first.instance) {
                self.run(first.effects);
            }
        }
        for owner in failed {
            self.discard(&owner);
        }
        let mut buried = self.buried.borrow_mut();
        if !buried.is_empty() {
            buried.retain(|_, last| *last > number);
        }
        drop(buried);
        self.dirty.notify_one();
    }

    pub(in crate::runtime) fn bury(&self, instance: u64) {
        if self.building.get() - 1 > self.released.get() || !self.batch.borrow().is_empty() {
            let last = self.building.get();
            self.buried.borrow_mut().insert(instance, last);
        }
    }

    /// Records gathered for the next batch: the overload ladder looks at it.
    pub fn unsubmitted(&self) -> usize {
        self.batch.borrow().len()
    }

    /// Nothing in flight, nothing to send: a planned stop waits for it.
    pub fn is_settled(&self) -> bool {
        self.batch.borrow().is_empty() && self.pending.borrow().is_empty()
    }
}
