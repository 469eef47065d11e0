//! The durable part of an agent: a fold of its log, nothing else.

use std::collections::BTreeMap;

use crate::conversation::Entry;
use crate::ids::{ConversationId, OfferId, Seq};

use super::note::{Event, Reservation};

/// A reservation's name in the ledger of its agent.
pub(super) type Line = (ConversationId, Seq);

/// What is reserved. Every line counts as load until released, forced ones included (rule 2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ledger {
    last: Seq,
    since_base: u64,
    lines: BTreeMap<Line, Reservation>,
}

impl Ledger {
    /// Sum of all weights held.
    pub fn load(&self) -> u32 {
        let weights = self.lines.values().map(|it| it.weight);
        weights.fold(0, u32::saturating_add)
    }

    pub fn holds(&self, offer: &OfferId) -> bool {
        self.lines.contains_key(&line(offer))
    }

    pub(super) fn get(&self, line: Line) -> Option<&Reservation> {
        self.lines.get(&line)
    }

    /// All reservations, oldest conversation first.
    pub fn reservations(&self) -> impl Iterator<Item = &Reservation> {
        self.lines.values()
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Seq of the newest event folded.
    pub fn last(&self) -> Seq {
        self.last
    }

    /// Events folded since the newest base.
    pub fn since_base(&self) -> u64 {
        self.since_base
    }

    /// The event that replaces all before it.
    pub fn base(&self) -> Event {
        Event::Base(self.lines.values().copied().collect())
    }

    pub(super) fn fold(&mut self, entry: &Entry<Event>) {
        let base = matches!(entry.event, Event::Base(_));
        assert!(
            entry.seq == self.last.next() || (base && self.last == Seq(0)),
            "G2: a ledger is dense"
        );
        self.last = entry.seq;
        self.since_base = if base { 0 } else { self.since_base + 1 };
        match &entry.event {
            Event::Granted {
                conversation,
                position,
                weight,
                forced,
            } => {
                let former = self.lines.insert(
                    (*conversation, *position),
                    Reservation {
                        conversation: *conversation,
                        position: *position,
                        weight: *weight,
                        forced: *forced,
                    },
                );
                assert!(former.is_none(), "a repeated id is granted without effect");
            }
            Event::Released {
                conversation,
                position,
            } => {
                let held = self.lines.remove(&(*conversation, *position));
                assert!(held.is_some(), "only what is held is released");
            }
            Event::Base(all) => {
                let lines = all.iter().map(|it| ((it.conversation, it.position), *it));
                self.lines = lines.collect();
            }
        }
    }
}

pub(super) fn line(offer: &OfferId) -> Line {
    (offer.conversation, offer.position)
}
