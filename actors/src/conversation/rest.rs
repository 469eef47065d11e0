//! What an attached conversation keeps of itself while it is out of memory: who listens, and how far
//! they are. Everything else is in its log.

use crate::ids::{Millis, Seq};
use crate::limits;

use super::attachment::Links;
use super::note::Note;
use super::phase::Phase;
use super::state::Conversation;

/// The soft part of a conversation at rest.
#[derive(Debug)]
pub struct Rest {
    links: Links,
    last: Seq,
    customer_last: Seq,
}

impl Rest {
    /// A session that says it has everything needs no answer.
    pub fn undisturbed(&self, note: &Note) -> bool {
        let Note::Beat {
            session,
            link,
            last,
        } = note
        else {
            return false;
        };
        self.links.of_session(*session).is_some_and(|own| {
            let newest = match own.is_customer() {
                true => self.customer_last,
                false => self.last,
            };
            own.number == *link && *last >= newest
        })
    }
}

impl Conversation {
    /// Could it rest, once it was left alone for [`limits::REST_AFTER_MS`]? Only with the bot or
    /// closed: with people something is always under way.
    pub(super) fn is_restful(&self) -> bool {
        let Some(matter) = &self.fold.matter else {
            return false;
        };
        matches!(matter.phase, Phase::BotServing | Phase::Closed)
            && matter.unanswered.is_none()
            && self.beats.is_none()
            && self.repeat_at.is_none()
            && self.fold.last.0 <= limits::REST_EVENTS_MAX
            && !self.links.is_empty()
    }

    /// Its soft part, where nothing is under way or due soon.
    pub fn rest(&self, now: Millis) -> Option<Rest> {
        let left_alone = now.since(self.touched_at) >= limits::REST_AFTER_MS;
        let soon = now.plus(limits::REST_AFTER_MS);
        let due_soon = self.wake_at.is_some_and(|at| at <= soon);
        let waited_for = self.links.await_commands();
        (self.is_restful() && left_alone && !due_soon && !waited_for).then(|| Rest {
            links: self.links.clone(),
            last: self.fold.last,
            customer_last: self.fold.customer_last,
        })
    }

    /// Takes its soft part up again, after its log was replayed.
    pub fn resume(&mut self, rest: Rest) {
        self.links = rest.links;
    }
}
