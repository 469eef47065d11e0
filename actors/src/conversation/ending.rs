//! How an opening ends: wrap-up, close with its reason, and the customer's rating.

use crate::directory::Timing;
use crate::ids::Millis;
use crate::limits;
use crate::queue::Withdrawn;

use super::event::{Author, CloseReason, Event};
use super::matter::Matter;
use super::note::Refusal;
use super::phase::Phase;
use super::state::Conversation;
use super::step::Step;

/// 1 (不满意) to 4 (非常满意).
const RATING_LEVELS: std::ops::RangeInclusive<u8> = 1..=4;

impl Conversation {
    /// Over for the customer. An agent who holds it keeps it for wrap-up, where there is one.
    pub(super) fn end(&mut self, step: &mut Step<'_>, reason: CloseReason, by: Author) {
        let claim = self.fold.matter.as_ref().and_then(|it| it.phase.active());
        let held = claim.is_some_and(|active| active.hold.is_some());
        if !held || step.timing.wrap_up_ms == 0 {
            return self.close(step, reason, None, by);
        }
        self.cancel_transfer(step);
        let until = step.now.plus(step.timing.wrap_up_ms);
        self.record(step, Event::WrapUp { reason, until });
        self.ended(step);
    }

    pub(super) fn close(
        &mut self,
        step: &mut Step<'_>,
        reason: CloseReason,
        code: Option<String>,
        by: Author,
    ) {
        let why = match reason {
            CloseReason::Abandoned => Withdrawn::Abandoned,
            _ => Withdrawn::Left,
        };
        let before = self
            .fold
            .matter
            .as_ref()
            .is_some_and(|it| it.ended.is_some());
        self.let_go(step, why);
        self.record(step, Event::Closed { reason, code, by });
        if !before {
            self.ended(step);
        }
    }

    pub(super) fn rate(
        &mut self,
        step: &mut Step<'_>,
        level: u8,
        comment: Option<String>,
    ) -> Result<(), Refusal> {
        let matter = self.fold.matter.as_ref().ok_or(Refusal::NotOpen)?;
        matter.may_rate(step.now, &step.timing)?;
        if !RATING_LEVELS.contains(&level) {
            return Err(Refusal::NotAllowed);
        }
        if comment
            .as_ref()
            .is_some_and(|it| it.len() > limits::COMMENT_MAX_BYTES)
        {
            return Err(Refusal::TooLong);
        }
        let rated = Event::Rated {
            level,
            comment,
            served_by: self.served_by(),
        };
        self.record(step, rated);
        Ok(())
    }

    fn ended(&self, step: &mut Step<'_>) {
        self.tell_ended(step);
        for session in self.links.customers() {
            step.push(session, self.ended_push());
        }
    }
}

impl Matter {
    /// Once a conversation, after an ending, for a while.
    pub(super) fn may_rate(&self, now: Millis, timing: &Timing) -> Result<(), Refusal> {
        if self.rating.is_some() {
            return Err(Refusal::AlreadyRated);
        }
        let Some((at, _)) = self.ended else {
            return Err(Refusal::WrongState);
        };
        assert!(
            matches!(self.phase, Phase::WrapUp(_) | Phase::Closed),
            "ended is wrapped up or closed"
        );
        match now.since(at) <= timing.rate_window_ms {
            true => Ok(()),
            false => Err(Refusal::TooLate),
        }
    }
}
