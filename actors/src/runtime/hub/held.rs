//! What waits for a shard's new owner: a bounded time, in a bounded number, then refused.

use std::rc::Rc;

use crate::effect::{Effect, Envelope};
use crate::ids::Millis;
use crate::limits::{HELD_NOTES, HELD_NOTES_MS, STRAY_MS};
use crate::ports::Owner;

use super::{Hub, add};
use crate::runtime::kinds;

/// An envelope whose shard is between two owners.
pub(super) struct Held {
    until: Millis,
    envelope: Envelope,
    /// It was sent to somebody who was not the owner: the next try is its last, once something else
    /// is believed or the new owner has had time to hear of it.
    stray: Option<Stray>,
}

#[derive(Clone, Copy)]
struct Stray {
    believed: u64,
    try_at: Millis,
}

impl Hub {
    pub(super) fn hold(self: &Rc<Self>, envelope: Envelope) {
        self.keep(envelope, None);
    }

    /// Came back from a node that does not own its shard.
    pub(super) fn hold_stray(self: &Rc<Self>, envelope: Envelope) {
        let stray = Stray {
            believed: self.world.placement.epoch(envelope.address().shard()),
            try_at: self.now().plus(STRAY_MS),
        };
        self.keep(envelope, Some(stray));
    }

    fn keep(self: &Rc<Self>, envelope: Envelope, stray: Option<Stray>) {
        if self.held.borrow().len() >= HELD_NOTES {
            return self.give_up(envelope);
        }
        let until = self.now().plus(HELD_NOTES_MS);
        self.held.borrow_mut().push_back(Held {
            until,
            envelope,
            stray,
        });
    }

    /// Tries again what waited: after a change of owners, and on a beat for what has waited too long.
    pub fn release_held(self: &Rc<Self>) {
        let now = self.now();
        let placement = &self.world.placement;
        for held in self.held.take() {
            let shard = held.envelope.address().shard();
            let news =
                |stray: Stray| now >= stray.try_at || placement.epoch(shard) > stray.believed;
            match placement.owner(shard) {
                Owner::Node(_) if held.stray.is_some_and(|stray| !news(stray)) => {
                    self.held.borrow_mut().push_back(held);
                }
                Owner::Node(node) if held.stray.is_some() => {
                    self.to_node(node, |traffic| traffic.retried.push(held.envelope));
                }
                Owner::Nobody if now < held.until => self.held.borrow_mut().push_back(held),
                Owner::Nobody => self.give_up(held.envelope),
                Owner::Here | Owner::Node(_) => self.run([Effect::Tell(held.envelope)]),
            }
        }
    }

    /// Whoever waits for an answer is told that there is none now; everybody else repeats.
    pub(super) fn give_up(self: &Rc<Self>, envelope: Envelope) {
        add(&self.counters.unplaced, 1);
        if let Some(refusal) = kinds::refuse(&envelope) {
            self.run([refusal]);
        }
    }
}
