//! What people do: taken in the order of their numbers, answered once, refused as data.

use crate::effect::Push;
use crate::ids::{AgentId, OfferId, SessionId};
use crate::{agent, effect::OfferOutcome, limits};

use super::event::{Author, Body, CloseReason, Event, Message, WaitReason};
use super::known::{First, Voice, content_of_command};
use super::note::{Command, Refusal, Role};
use super::phase::Phase;
use super::state::Conversation;
use super::step::{Asked, Step};

impl Conversation {
    /// One command of a session. Only the next number of its link is carried out (G11).
    pub(super) fn command(
        &mut self,
        step: &mut Step<'_>,
        session: SessionId,
        number: u32,
        asked: Asked,
        command: Command,
    ) {
        let conversation = self.key.id;
        let Some(link) = self.links.get_mut(session, number) else {
            return step.reply(session, Push::Unknown { conversation });
        };
        let role = link.role.clone();
        if asked.number > link.expected {
            if link.must_ask_again(asked.number) {
                let resend = Push::Resend {
                    conversation,
                    link: number,
                    from: link.expected,
                };
                step.reply(session, resend);
            }
            return;
        }
        if asked.number < link.expected {
            // Seen before: only what is durable for certain is acknowledged again.
            if let Some(Ok(first)) = self.known(&role, &command) {
                step.reply(session, self.ack(&asked, first));
            }
            return;
        }
        link.expected += 1;
        link.asked_at = None;
        step.asked = Some(asked);
        self.answer(step, &role, asked, command);
    }

    fn answer(&mut self, step: &mut Step<'_>, role: &Role, asked: Asked, command: Command) {
        let before = step.entries().len();
        let answer = match self.known(role, &command) {
            Some(Ok(first)) => self.ack(&asked, first),
            Some(Err(refusal)) => self.refused(&asked, refusal),
            None if self.is_over_for(role, &command) => {
                self.tell_ended(step);
                self.ended_push()
            }
            None => match self.carry_out(step, role, command) {
                Err(refusal) => self.refused(&asked, refusal),
                Ok(()) => {
                    let customer = matches!(role, Role::Customer);
                    let first = step.entries()[before..].iter().find_map(|entry| {
                        let seq = match customer {
                            true => entry.customer_seq?,
                            false => entry.seq,
                        };
                        Some(First { seq, at: entry.at })
                    });
                    first.map_or_else(|| self.done(&asked), |first| self.ack(&asked, first))
                }
            },
        };
        step.reply(asked.session, answer);
    }

    /// Was this client message id stored before? A conflict if with other content (G3).
    fn known(&self, role: &Role, command: &Command) -> Option<Result<First, Refusal>> {
        let id = command.client_id()?;
        let content = || content_of_command(command);
        let (first, same) = self.fold.known.find(role.voice(), id, content)?;
        Some(if same {
            Ok(first)
        } else {
            Err(Refusal::Conflict)
        })
    }

    /// A customer's command after the end goes back to the customer actor; a rating does not.
    fn is_over_for(&self, role: &Role, command: &Command) -> bool {
        let matter = self.fold.matter.as_ref();
        matches!(role, Role::Customer)
            && !matches!(command, Command::Rate { .. })
            && matter.is_some_and(|it| it.phase.ended())
    }

    fn carry_out(
        &mut self,
        step: &mut Step<'_>,
        role: &Role,
        command: Command,
    ) -> Result<(), Refusal> {
        if self.fold.matter.is_none() {
            return Err(Refusal::NotOpen);
        }
        if step.tenant.is_none() {
            return Err(Refusal::NoSuchTarget);
        }
        match role {
            Role::Customer => self.customer_command(step, command),
            Role::Agent(agent) | Role::Supervisor(agent) => {
                if matches!(self.phase(), Phase::Closed) {
                    return Err(Refusal::Closed);
                }
                self.staff_command(step, role, agent, command)
            }
        }
    }

    fn customer_command(&mut self, step: &mut Step<'_>, command: Command) -> Result<(), Refusal> {
        match command {
            Command::Say { id, body } => self.say(step, Author::Customer, id, body),
            Command::Edit { id, of, body } => self.edit(step, Author::Customer, id, of, body),
            Command::Recall { id, of } => self.recall(step, Author::Customer, id, of),
            Command::AskHuman => {
                // Asking again while a person is coming or there changes nothing.
                if matches!(self.phase(), Phase::BotServing) {
                    self.wait_for_agent(step, WaitReason::Asked, None);
                }
                Ok(())
            }
            Command::LeaveMessage { id, text } => {
                if matches!(self.phase(), Phase::Active(_)) {
                    return Err(Refusal::WrongState);
                }
                self.leave_words(step, Some(id), text, CloseReason::LeftMessage)
            }
            Command::CallBack { contact } => {
                if !self.phase().awaits_agent() {
                    return Err(Refusal::WrongState);
                }
                self.leave_words(step, None, contact, CloseReason::CallBack)
            }
            Command::Leave => {
                self.end(step, CloseReason::CustomerLeft, Author::Customer);
                Ok(())
            }
            Command::Rate { level, comment } => self.rate(step, level, comment),
            Command::Accept { .. }
            | Command::Decline { .. }
            | Command::Whisper { .. }
            | Command::TransferToAgent { .. }
            | Command::TransferToGroup { .. }
            | Command::TakeOver
            | Command::GiveBack
            | Command::End
            | Command::WrapUpDone { .. } => Err(Refusal::NotAllowed),
        }
    }

    fn leave_words(
        &mut self,
        step: &mut Step<'_>,
        id: Option<crate::ids::ClientMsgId>,
        text: String,
        reason: CloseReason,
    ) -> Result<(), Refusal> {
        let body = Body::Text(text.into());
        body.check()?;
        let author = Author::Customer;
        self.record(step, Event::Message(Message { author, id, body }));
        self.end(step, reason, Author::Customer);
        Ok(())
    }

    fn staff_command(
        &mut self,
        step: &mut Step<'_>,
        role: &Role,
        by: &AgentId,
        command: Command,
    ) -> Result<(), Refusal> {
        match command {
            Command::Say { id, body } => {
                self.may_speak(role)?;
                self.say(step, role.author(), id, body)
            }
            Command::Edit { id, of, body } => self.edit(step, role.author(), id, of, body),
            Command::Recall { id, of } => self.recall(step, role.author(), id, of),
            Command::Accept { offer } => self.accept(step, by, &offer),
            Command::Decline { offer } => self.decline(step, by, &offer),
            Command::Whisper { id, text } => {
                self.may_whisper(role)?;
                self.whisper(step, by, id, text)
            }
            Command::TransferToAgent { to, forced, note } => {
                self.transfer_to_agent(step, role, to, forced, note)
            }
            Command::TransferToGroup { to, note } => self.transfer_to_group(step, role, to, note),
            Command::TakeOver => self.take_over(step, role),
            Command::GiveBack => self.give_back(step, role),
            Command::End => {
                self.may_steer(role)?;
                if self.phase().ended() {
                    return Err(Refusal::WrongState);
                }
                self.end(step, CloseReason::Resolved, role.author());
                Ok(())
            }
            Command::WrapUpDone { code } => self.wrap_up_done(step, role, code),
            Command::AskHuman
            | Command::LeaveMessage { .. }
            | Command::CallBack { .. }
            | Command::Leave
            | Command::Rate { .. } => Err(Refusal::NotAllowed),
        }
    }

    /// Decided here alone and by the full offer id (rule 5).
    fn accept(
        &mut self,
        step: &mut Step<'_>,
        by: &AgentId,
        offer: &OfferId,
    ) -> Result<(), Refusal> {
        if !self.offered_to(by, offer) {
            // Resent after its answer was lost: it holds exactly that.
            let held = self
                .phase()
                .claim()
                .is_some_and(|hold| hold.offer == *offer);
            return match held && offer.agent == *by {
                true => Ok(()),
                false => Err(Refusal::Gone),
            };
        }
        let offer = offer.clone();
        self.offer_gone(step, &offer, OfferOutcome::Accepted);
        self.assigned(step, &offer);
        self.record(step, Event::Accepted { offer });
        Ok(())
    }

    fn decline(
        &mut self,
        step: &mut Step<'_>,
        by: &AgentId,
        offer: &OfferId,
    ) -> Result<(), Refusal> {
        if !self.offered_to(by, offer) {
            return Err(Refusal::Gone);
        }
        self.offer_refused(step, agent::Released::Declined, OfferOutcome::Declined);
        Ok(())
    }

    fn wrap_up_done(
        &mut self,
        step: &mut Step<'_>,
        role: &Role,
        code: Option<String>,
    ) -> Result<(), Refusal> {
        if !matches!(self.phase(), Phase::WrapUp(_)) {
            return Err(Refusal::WrongState);
        }
        self.may_steer(role)?;
        if code
            .as_ref()
            .is_some_and(|it| it.len() > limits::COMMENT_MAX_BYTES)
        {
            return Err(Refusal::TooLong);
        }
        let reason = self.fold.matter.as_ref().and_then(|it| it.ended);
        let reason = reason.map_or(CloseReason::Resolved, |(_, reason)| reason);
        self.close(step, reason, code, role.author());
        Ok(())
    }

    /// The state of a conversation that was opened.
    pub(super) fn phase(&self) -> &Phase {
        let matter = self.fold.matter.as_ref();
        &matter
            .expect("commands are carried out on what was opened")
            .phase
    }

    fn ack(&self, asked: &Asked, first: First) -> Push {
        Push::Ack {
            reference: asked.reference,
            id: asked.id,
            conversation: self.key.id,
            number: Some(asked.number),
            seq: first.seq,
            at: first.at,
        }
    }

    fn done(&self, asked: &Asked) -> Push {
        Push::Done {
            reference: asked.reference,
            conversation: Some(self.key.id),
            number: Some(asked.number),
        }
    }

    fn refused(&self, asked: &Asked, refusal: Refusal) -> Push {
        Push::Refused {
            reference: asked.reference,
            conversation: Some(self.key.id),
            number: Some(asked.number),
            refusal,
            id: asked.id,
        }
    }
}

impl Role {
    pub(super) fn voice(&self) -> Voice<'_> {
        match self {
            Role::Customer => Voice::Customer,
            Role::Agent(agent) | Role::Supervisor(agent) => Voice::Staff(agent),
        }
    }

    pub(super) fn author(&self) -> Author {
        match self {
            Role::Customer => Author::Customer,
            Role::Agent(agent) => Author::Agent(agent.clone()),
            Role::Supervisor(agent) => Author::Supervisor(agent.clone()),
        }
    }
}
