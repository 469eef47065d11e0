//! Who may speak, and how staff hand a conversation on: transfer, takeover, give back (rule 6).

use crate::ids::{AgentId, ClientMsgId, GroupId, Millis};
use crate::limits;
use crate::queue::Withdrawn;

use super::event::{Event, WaitReason};
use super::note::{Refusal, Role};
use super::phase::Phase;
use super::state::Conversation;
use super::step::Step;

impl Conversation {
    /// The holder, unless a supervisor took over; a supervisor only then.
    pub(super) fn may_speak(&self, role: &Role) -> Result<(), Refusal> {
        let Phase::Active(active) = self.phase() else {
            return Err(Refusal::WrongState);
        };
        let speaks = match role {
            Role::Supervisor(supervisor) => active.taken_over.as_ref() == Some(supervisor),
            Role::Agent(agent) => active.taken_over.is_none() && self.phase().held_by(agent),
            Role::Customer => true,
        };
        if speaks {
            Ok(())
        } else {
            Err(Refusal::NotHolder)
        }
    }

    /// Supervisors always, the holder to its supervisors.
    pub(super) fn may_whisper(&self, role: &Role) -> Result<(), Refusal> {
        match role {
            Role::Supervisor(_) => Ok(()),
            Role::Agent(agent) if self.phase().held_by(agent) => Ok(()),
            Role::Agent(_) => Err(Refusal::NotHolder),
            Role::Customer => Err(Refusal::NotAllowed),
        }
    }

    /// Supervisors always, the holder unless one took over.
    pub(super) fn may_steer(&self, role: &Role) -> Result<(), Refusal> {
        let taken_over = self.phase().taken_over().is_some();
        match role {
            Role::Supervisor(_) => Ok(()),
            Role::Agent(agent) if self.phase().held_by(agent) && !taken_over => Ok(()),
            Role::Agent(_) => Err(Refusal::NotHolder),
            Role::Customer => Err(Refusal::NotAllowed),
        }
    }

    pub(super) fn transfer_to_agent(
        &mut self,
        step: &mut Step<'_>,
        role: &Role,
        to: AgentId,
        forced: bool,
        note: Option<String>,
    ) -> Result<(), Refusal> {
        let by = self.steersman(role)?;
        check_note(&note)?;
        if forced && !matches!(role, Role::Supervisor(_)) {
            return Err(Refusal::NotAllowed);
        }
        let known = step.tenant.is_some_and(|it| it.agents.contains_key(&to));
        if !known {
            return Err(Refusal::NoSuchTarget);
        }
        let Phase::Active(active) = self.phase() else {
            return Err(Refusal::WrongState);
        };
        if active.transfer.is_some() || self.phase().held_by(&to) {
            return Err(Refusal::WrongState);
        }
        let requested = Event::TransferRequested {
            by,
            to,
            forced,
            note,
        };
        self.record(step, requested);
        self.ask_target(step);
        Ok(())
    }

    pub(super) fn transfer_to_group(
        &mut self,
        step: &mut Step<'_>,
        role: &Role,
        to: GroupId,
        note: Option<String>,
    ) -> Result<(), Refusal> {
        let by = self.steersman(role)?;
        check_note(&note)?;
        if !step.tenant.is_some_and(|it| it.groups.contains_key(&to)) {
            return Err(Refusal::NoSuchTarget);
        }
        match self.phase() {
            Phase::Active(_) => {}
            Phase::Waiting if matches!(role, Role::Supervisor(_)) => {}
            _ => return Err(Refusal::WrongState),
        }
        if let Some(text) = note {
            // Kept as what it is, a word among staff: no event a customer sees could hold it.
            let id = self.own_id(step);
            let author = by.clone();
            self.record(step, Event::Whisper { author, id, text });
        }
        self.hand_back(step, WaitReason::Transfer(by), Some(&to));
        Ok(())
    }

    pub(super) fn take_over(&mut self, step: &mut Step<'_>, role: &Role) -> Result<(), Refusal> {
        let Role::Supervisor(supervisor) = role else {
            return Err(Refusal::NotAllowed);
        };
        match self.phase() {
            Phase::Active(active) => match &active.taken_over {
                Some(other) if other == supervisor => return Ok(()),
                Some(_) => return Err(Refusal::WrongState),
                None => self.cancel_transfer(step),
            },
            Phase::BotServing | Phase::Waiting | Phase::Offered(_) => {
                self.let_go(step, Withdrawn::Left);
            }
            Phase::WrapUp(_) | Phase::Closed => return Err(Refusal::WrongState),
        }
        let supervisor = supervisor.clone();
        self.record(step, Event::TakenOver { supervisor });
        Ok(())
    }

    /// To the agent who still holds it, else back into the queue. Any supervisor may end the
    /// takeover of one who went away.
    pub(super) fn give_back(&mut self, step: &mut Step<'_>, role: &Role) -> Result<(), Refusal> {
        let Role::Supervisor(supervisor) = role else {
            return Err(Refusal::NotAllowed);
        };
        let active = self.phase().active().ok_or(Refusal::WrongState)?;
        if active.taken_over.is_none() {
            return Err(Refusal::WrongState);
        }
        self.end_takeover(step, supervisor.clone());
        Ok(())
    }

    /// The supervisor who took over has been away for the grace an agent has: nobody else may
    /// speak, so the conversation is given back for it.
    pub(super) fn takeover_lapsed(&mut self, step: &mut Step<'_>) {
        let supervisor = self.phase().taken_over();
        let supervisor = supervisor.expect("only a takeover lapses").clone();
        self.end_takeover(step, supervisor);
    }

    /// Remembers since when nobody of the supervisor who took over has been attached.
    pub(super) fn note_speaker(&mut self, now: Millis) {
        let matter = self.fold.matter.as_ref();
        let speaker = matter.and_then(|it| it.phase.taken_over());
        let away = speaker.is_some_and(|it| !self.links.any_supervisor(it));
        if away {
            let beats = self.beats.get_or_insert_default();
            beats.speaker_left_at.get_or_insert(now);
        } else if let Some(beats) = &mut self.beats {
            beats.speaker_left_at = None;
        }
    }

    fn end_takeover(&mut self, step: &mut Step<'_>, supervisor: AgentId) {
        self.cancel_transfer(step);
        match self.phase().claim() {
            Some(_) => {
                self.record(step, Event::GivenBack { supervisor });
            }
            None => self.wait_for_agent(step, WaitReason::GivenBack(supervisor), None),
        }
    }

    /// Lets go of whoever has a part in it and waits anew.
    fn hand_back(&mut self, step: &mut Step<'_>, reason: WaitReason, group: Option<&GroupId>) {
        self.let_go(step, Withdrawn::Left);
        self.wait_for_agent(step, reason, group);
    }

    fn steersman(&self, role: &Role) -> Result<AgentId, Refusal> {
        self.may_steer(role)?;
        match role {
            Role::Agent(agent) | Role::Supervisor(agent) => Ok(agent.clone()),
            Role::Customer => Err(Refusal::NotAllowed),
        }
    }

    /// An id for a whisper that no client sent: the turn's randomness, made the event's own.
    fn own_id(&self, step: &Step<'_>) -> ClientMsgId {
        let seq = self.fold.last.next().0.to_be_bytes();
        let mut id = step.random;
        for (byte, of_seq) in id.iter_mut().zip(seq) {
            *byte ^= of_seq;
        }
        ClientMsgId(id)
    }
}

impl Phase {
    fn held_by(&self, agent: &AgentId) -> bool {
        // An offer is not held until it is accepted.
        !matches!(self, Phase::Offered(_))
            && self.claim().is_some_and(|hold| hold.offer.agent == *agent)
    }
}

fn check_note(note: &Option<String>) -> Result<(), Refusal> {
    match note {
        Some(note) if note.len() > limits::COMMENT_MAX_BYTES => Err(Refusal::TooLong),
        _ => Ok(()),
    }
}
