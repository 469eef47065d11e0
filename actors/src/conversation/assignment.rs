//! Claims of agents on a conversation: rules 1 to 6 of "Steps that cross actors". The log alone
//! decides; every answer here may be given any number of times.

use crate::effect::{OfferContext, OfferOutcome};
use crate::ids::{AgentId, OfferId};
use crate::queue::Withdrawn;
use crate::{agent, limits, skill_group};

use super::event::{CloseReason, Event, WaitReason};
use super::matter::Matter;
use super::phase::{Hold, Phase};
use super::state::Conversation;
use super::step::Step;
use super::summary::PhaseKind;

/// What the log says of a reservation (rule 4).
enum Verdict {
    Current,
    Offerable,
    Transferable,
    /// It can never apply (again).
    Dead,
    /// Not in the log yet, or never: silence until the log knows.
    Undecided,
}

impl Conversation {
    /// An agent's ledger holds this reservation.
    pub(super) fn reserved(&mut self, step: &mut Step<'_>, offer: OfferId) {
        let Some(matter) = &self.fold.matter else {
            return;
        };
        if offer.conversation != self.key.id {
            return;
        }
        match matter.verdict(&offer) {
            Verdict::Current => self.confirm(step, &offer),
            Verdict::Offerable => self.offer(step, offer),
            Verdict::Transferable => self.transferred(step, offer),
            Verdict::Dead => {
                self.release(step, &offer, agent::Released::Over);
                self.withdraw_everywhere(step, offer.position);
            }
            Verdict::Undecided => {}
        }
    }

    /// An offer that nobody answered in time.
    pub(super) fn offer_missed(&mut self, step: &mut Step<'_>) {
        self.offer_refused(step, agent::Released::Missed, OfferOutcome::Missed);
    }

    pub(super) fn offer_refused(
        &mut self,
        step: &mut Step<'_>,
        released: agent::Released,
        outcome: OfferOutcome,
    ) {
        let claim = self.fold.matter.as_ref().and_then(|it| it.phase.claim());
        let offer = claim.expect("an offer has a claim").offer.clone();
        let reason = match outcome {
            OfferOutcome::Declined => WaitReason::Declined(offer.agent.clone()),
            _ => WaitReason::Missed(offer.agent.clone()),
        };
        self.release(step, &offer, released);
        self.offer_gone(step, &offer, outcome);
        self.wait_again(step, reason, Some(&offer.agent));
    }

    /// An agent is unreachable; only exactly its claim is touched.
    pub(super) fn agent_lost(&mut self, step: &mut Step<'_>, offer: &OfferId, grace_over: bool) {
        let Some(matter) = &self.fold.matter else {
            return;
        };
        if matter.phase.transfer().is_some_and(|it| it.offer == *offer) {
            return self.transfer_failed(step);
        }
        if matter.phase.claim().is_none_or(|hold| hold.offer != *offer) {
            return;
        }
        let reason = WaitReason::AgentLost(offer.agent.clone());
        match (matter.phase.kind(), grace_over) {
            (PhaseKind::Offered, _) => {
                self.let_go(step, Withdrawn::Left);
                self.wait_again(step, reason, None);
            }
            // During a takeover somebody serves; its agent is asked about again afterwards.
            (PhaseKind::Active, true) if matter.phase.taken_over().is_none() => {
                let waiting_for = reason;
                self.let_go(step, Withdrawn::Left);
                self.wait_for_agent(step, waiting_for, None);
            }
            (PhaseKind::WrapUp, true) => self.wrap_up_over(step),
            _ => {}
        }
    }

    /// Asks the target of a transfer for a reservation, until it answers or time is up.
    pub(super) fn ask_target(&mut self, step: &mut Step<'_>) {
        let Some(matter) = &self.fold.matter else {
            return;
        };
        let Some(transfer) = matter.phase.transfer() else {
            return;
        };
        let note = agent::Note::Reserve {
            offer: transfer.offer.clone(),
            weight: matter.weight(step.tenant),
            queue: None,
            forced: transfer.forced,
        };
        self.tell_agent(step, &transfer.offer.agent, note);
        let at = step.now.plus(limits::RESERVED_REPEAT_MS);
        self.beats.get_or_insert_default().reserve_at = Some(at);
    }

    pub(super) fn reserve_refused(&mut self, step: &mut Step<'_>, offer: &OfferId) {
        let phase = self.fold.matter.as_ref().map(|it| &it.phase);
        let asked = phase.and_then(|phase| phase.transfer());
        if asked.is_some_and(|transfer| transfer.offer == *offer) {
            self.transfer_failed(step);
        }
    }

    /// The transfer under way did not come about. A grant that arrives later is released.
    pub(super) fn transfer_failed(&mut self, step: &mut Step<'_>) {
        let phase = self.fold.matter.as_ref().map(|it| &it.phase);
        let transfer = phase.and_then(|phase| phase.transfer());
        let offer = transfer.expect("a transfer fails once").offer.clone();
        let position = offer.position;
        self.release(step, &offer, agent::Released::Over);
        self.record(step, Event::TransferFailed { position });
    }

    /// Tells everybody who has a part in the present state that it ends: the queue its entry, the
    /// agent its claim, the target of a transfer that it is off. To be followed by the event.
    pub(super) fn let_go(&self, step: &mut Step<'_>, why: Withdrawn) {
        let Some(matter) = &self.fold.matter else {
            return;
        };
        if let Some((entry, waiting)) = matter.waiting() {
            self.withdraw(step, &waiting.group, entry, why);
        }
        self.cancel_transfer(step);
        let Some(hold) = matter.phase.claim() else {
            return;
        };
        self.release(step, &hold.offer, agent::Released::Over);
        match matter.phase {
            Phase::Offered(_) => self.offer_gone(step, &hold.offer, OfferOutcome::Rescinded),
            _ => self.unassigned(step, matter, hold),
        }
    }

    pub(super) fn cancel_transfer(&self, step: &mut Step<'_>) {
        let phase = self.fold.matter.as_ref().map(|it| &it.phase);
        if let Some(transfer) = phase.and_then(|phase| phase.transfer()) {
            self.release(step, &transfer.offer, agent::Released::Over);
        }
    }

    pub(super) fn release(&self, step: &mut Step<'_>, offer: &OfferId, why: agent::Released) {
        let note = agent::Note::Release {
            offer: offer.clone(),
            why,
        };
        self.tell_agent(step, &offer.agent, note);
    }

    /// The agent has it now.
    pub(super) fn assigned(&self, step: &mut Step<'_>, offer: &OfferId) {
        let note = agent::Note::Confirm {
            offer: offer.clone(),
            accepted: true,
        };
        self.tell_agent(step, &offer.agent, note);
        let conversation = self.key.id;
        self.tell_agent(step, &offer.agent, agent::Note::Assigned { conversation });
    }

    pub(super) fn offer_gone(&self, step: &mut Step<'_>, offer: &OfferId, outcome: OfferOutcome) {
        let note = agent::Note::OfferGone {
            offer: offer.clone(),
            outcome,
        };
        self.tell_agent(step, &offer.agent, note);
    }

    fn unassigned(&self, step: &mut Step<'_>, matter: &Matter, hold: &Hold) {
        let conversation = self.key.id;
        let note = agent::Note::Unassigned { conversation };
        self.tell_agent(step, &hold.offer.agent, note);
        let handling_ms = step.now.since(hold.since);
        let handled = skill_group::Note::Handled { handling_ms };
        let group = self.group_key(&matter.group);
        step.tell(crate::effect::Envelope::SkillGroup(group, handled));
    }

    fn offer(&mut self, step: &mut Step<'_>, offer: OfferId) {
        let matter = self.fold.matter.as_ref();
        let (_, waiting) = matter.and_then(|it| it.waiting()).expect("it waits");
        let weight = waiting.weight;
        let expires_at = step.now.plus(step.timing.offer_ms);
        self.let_go(step, Withdrawn::Offered);
        let offered = Event::Offered {
            offer: offer.clone(),
            weight,
            expires_at,
        };
        self.record(step, offered);
        self.confirm(step, &offer);
    }

    fn transferred(&mut self, step: &mut Step<'_>, offer: OfferId) {
        let Some(matter) = &self.fold.matter else {
            return;
        };
        let weight = matter.weight(step.tenant);
        if let Some(former) = matter.phase.claim() {
            self.release(step, &former.offer, agent::Released::Over);
            self.unassigned(step, matter, former);
        }
        let transferred = Event::Transferred {
            offer: offer.clone(),
            weight,
        };
        self.record(step, transferred);
        self.assigned(step, &offer);
    }

    /// Stands by its current claim, and shows an offer again that may not have arrived.
    fn confirm(&self, step: &mut Step<'_>, offer: &OfferId) {
        let phase = self.fold.matter.as_ref().map(|it| &it.phase);
        let Some(Phase::Offered(held)) = phase else {
            let note = agent::Note::Confirm {
                offer: offer.clone(),
                accepted: true,
            };
            return self.tell_agent(step, &offer.agent, note);
        };
        let note = agent::Note::Confirm {
            offer: offer.clone(),
            accepted: false,
        };
        self.tell_agent(step, &offer.agent, note);
        let note = agent::Note::Offered {
            offer: offer.clone(),
            expires_at: held.until,
            context: Box::new(self.offer_context()),
        };
        self.tell_agent(step, &offer.agent, note);
    }

    fn offer_context(&self) -> OfferContext {
        let matter = self.fold.matter.as_ref().expect("offered means opened");
        let identity = matter.identity();
        let messages = self.fold.tail.iter().rev();
        let messages = messages.filter(|entry| matches!(entry.event, Event::Message(_)));
        let mut messages: Vec<_> = messages.take(limits::OFFER_MESSAGES).cloned().collect();
        messages.reverse();
        let note = matter.handed_with.as_ref().map(|entry| &entry.event);
        OfferContext {
            summary: self.summary().expect("offered means opened"),
            display_name: identity.display_name.clone(),
            attributes: identity.attributes.clone(),
            reason: matter.waited().map(|(_, waiting)| waiting.reason.clone()),
            bot: matter.bot_context(),
            messages,
            transfer_note: match note {
                Some(Event::Whisper { text, .. }) => Some(text.clone()),
                _ => None,
            },
        }
    }

    /// The claim of this agent that is an offer to be decided, if `offer` names exactly it.
    pub(super) fn offered_to(&self, agent: &AgentId, offer: &OfferId) -> bool {
        let phase = self.fold.matter.as_ref().map(|it| &it.phase);
        matches!(phase, Some(Phase::Offered(held))
            if held.hold.offer == *offer && offer.agent == *agent)
    }

    pub(super) fn wrap_up_over(&mut self, step: &mut Step<'_>) {
        let reason = self.fold.matter.as_ref().and_then(|it| it.ended);
        let reason = reason.map_or(CloseReason::Resolved, |(_, reason)| reason);
        self.close(step, reason, None, super::Author::System);
    }
}

impl Matter {
    fn verdict(&self, offer: &OfferId) -> Verdict {
        if self.phase.claim().is_some_and(|hold| hold.offer == *offer) {
            return Verdict::Current;
        }
        if offer.position == self.position {
            // What a position allows never changes, so a no given here is final too.
            return match &self.phase {
                Phase::Waiting => Verdict::Offerable,
                phase if phase.transfer().is_some_and(|it| it.offer == *offer) => {
                    Verdict::Transferable
                }
                _ => Verdict::Dead,
            };
        }
        // A closed log may be reopened, so even there nothing is known of a position to come.
        match offer.position < self.position {
            true => Verdict::Dead,
            false => Verdict::Undecided,
        }
    }
}
