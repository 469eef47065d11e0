//! Openings (rule 9): 0 only on an empty log, g + 1 only on one that ended g.

use crate::customer;
use crate::effect::{Envelope, Push};
use crate::ids::CustomerKey;

use super::event::{Author, Event, Opened, WaitReason};
use super::phase::Phase;
use super::state::Conversation;
use super::step::Step;

impl Conversation {
    pub(super) fn open(&mut self, step: &mut Step<'_>, opened: Opened) {
        let Some(matter) = &self.fold.matter else {
            if opened.opening == 0 {
                self.record(step, Event::Opened(opened));
            }
            return;
        };
        if !matter.phase.ended() {
            return;
        }
        if opened.opening != matter.identity().opening + 1 {
            return self.tell_ended(step);
        }
        if matches!(matter.phase, Phase::WrapUp(_)) {
            self.wrap_up_over(step);
        }
        self.record(step, Event::Opened(opened));
        let served = self
            .fold
            .matter
            .as_ref()
            .is_some_and(|it| it.agent.is_some());
        if served {
            self.wait_for_agent(step, WaitReason::Reopened, None);
        }
    }

    /// Tells the customer actor that the newest opening is over, so that it clears its pointer.
    pub(super) fn tell_ended(&self, step: &mut Step<'_>) {
        let Some(matter) = &self.fold.matter else {
            return;
        };
        let Some((at, _)) = matter.ended else {
            return;
        };
        let identity = matter.identity();
        let key = CustomerKey {
            tenant: self.key.tenant.clone(),
            customer: identity.customer.clone(),
        };
        let ended = customer::Note::Ended {
            channel: identity.channel.clone(),
            conversation: self.key.id,
            opening: identity.opening,
            agent: matter.agent.clone(),
            at,
        };
        step.tell(Envelope::Customer(key, ended));
    }

    pub(super) fn ended_push(&self) -> Push {
        let matter = self.fold.matter.as_ref();
        Push::Ended {
            conversation: self.key.id,
            opening: matter.map_or(0, |it| it.identity().opening),
        }
    }

    /// Who is counted as having served: the agent, where there was one.
    pub(super) fn served_by(&self) -> Author {
        let agent = self.fold.matter.as_ref().and_then(|it| it.agent.clone());
        agent.map_or(Author::Bot, Author::Agent)
    }
}
