//! The durable part of a conversation: exactly what its log says, nothing else.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::ids::{ConversationId, Seq};
use crate::limits;

use super::event::{Entry, Event};
use super::known::Known;
use super::matter::{Matter, Shown};

/// The fold of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fold {
    pub last: Seq,
    pub customer_last: Seq,
    /// The newest entries, at most [`limits::TAIL_EVENTS`].
    pub tail: VecDeque<Arc<Entry<Event>>>,
    pub known: Known,
    /// `None` for an empty log.
    pub matter: Option<Box<Matter>>,
}

impl Fold {
    /// Is this event to be shown to the customer, as things stand?
    pub fn shows(&self, event: &Event) -> bool {
        let shown = self.matter.as_ref().map_or(Shown::Nobody, |it| it.shown);
        match event {
            Event::Opened(_)
            | Event::Message(_)
            | Event::Edited { .. }
            | Event::Recalled { .. }
            | Event::Rated { .. } => true,
            Event::Waiting(_) => shown != Shown::Waiting,
            Event::BotResumed { .. } => shown != Shown::Nobody,
            Event::Accepted { offer } | Event::Transferred { offer, .. } => {
                let agent = self.matter.as_ref().and_then(|it| it.agent.as_ref());
                shown != Shown::Joined || agent != Some(&offer.agent)
            }
            Event::WrapUp { .. } | Event::Closed { .. } => shown != Shown::Ended,
            Event::Whisper { .. }
            | Event::BotTurned(_)
            | Event::Offered { .. }
            | Event::TransferRequested { .. }
            | Event::TransferFailed { .. }
            | Event::TakenOver { .. }
            | Event::GivenBack { .. } => false,
        }
    }

    /// Folds the next entry of the log of `conversation`.
    pub fn take(&mut self, conversation: ConversationId, entry: &Arc<Entry<Event>>) {
        assert!(entry.seq == self.last.next(), "dense seq");
        self.last = entry.seq;
        if let Some(seq) = entry.customer_seq {
            assert!(seq == self.customer_last.next(), "dense customer seq");
            self.customer_last = seq;
        }
        match (&mut self.matter, &entry.event) {
            (Some(matter), event) => {
                let before = self.tail.back();
                matter.take(conversation, entry, event, before);
            }
            (None, Event::Opened(opened)) => {
                assert!(opened.opening == 0, "a log begins at opening 0");
                self.matter = Some(Box::new(Matter::opened(entry, opened)));
            }
            (None, _) => panic!("a log begins with Opened"),
        }
        self.known.learn(entry);
        if self.tail.len() == limits::TAIL_EVENTS {
            self.tail.pop_front();
        }
        self.tail.push_back(entry.clone());
    }

    /// The newest seq that the tail no longer holds, in either numbering.
    pub fn forgotten(&self, customer: bool) -> Seq {
        let first = self.tail.iter().find_map(|entry| match customer {
            true => entry.customer_seq,
            false => Some(entry.seq),
        });
        match first {
            Some(seq) => Seq(seq.0 - 1),
            None => self.newest(customer),
        }
    }

    /// The newest seq in either numbering.
    pub fn newest(&self, customer: bool) -> Seq {
        match customer {
            true => self.customer_last,
            false => self.last,
        }
    }
}
