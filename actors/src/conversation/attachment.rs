//! Sessions attached to a conversation: who sees it live, and in which order their commands count.

use crate::effect::{CustomerState, Push};
use crate::ids::{AgentId, Millis, Seq, SessionId};
use crate::limits;

use super::customer_event::CustomerEntry;
use super::fold::Fold;
use super::matter::Shown;
use super::note::{Refusal, Role};
use super::state::Conversation;
use super::step::Step;

/// One session's registration.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub session: SessionId,
    pub number: u32,
    pub role: Role,
    /// Number of the command that comes next.
    pub expected: u32,
    /// The newest number seen ahead of `expected` when it was last asked for again.
    pub asked_at: Option<u32>,
    /// The newest seq it was told of apart from publications.
    pub tailed: Seq,
}

/// In order of arrival; at most [`limits::ATTACHED_MAX`].
#[derive(Clone, Debug, Default)]
pub(super) struct Links(Vec<Link>);

impl Link {
    pub fn is_customer(&self) -> bool {
        matches!(self.role, Role::Customer)
    }

    /// A missing number is asked for once, and again each time a window's worth has piled up.
    pub fn must_ask_again(&mut self, ahead: u32) -> bool {
        let asked = self.asked_at;
        let must = asked.is_none_or(|asked| ahead >= asked.saturating_add(limits::COMMAND_WINDOW));
        if must {
            self.asked_at = Some(ahead);
        }
        must
    }
}

impl Links {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn customers(&self) -> Vec<SessionId> {
        self.sessions(Link::is_customer)
    }

    pub fn staff(&self) -> Vec<SessionId> {
        self.sessions(|link| !link.is_customer())
    }

    /// Staff except this session.
    pub fn staff_but(&self, session: SessionId) -> Vec<SessionId> {
        self.sessions(|link| !link.is_customer() && link.session != session)
    }

    /// Does any of them owe a command that was asked for again?
    pub fn await_commands(&self) -> bool {
        self.0.iter().any(|link| link.asked_at.is_some())
    }

    pub fn any_customer(&self) -> bool {
        self.0.iter().any(Link::is_customer)
    }

    pub fn any_supervisor(&self, supervisor: &AgentId) -> bool {
        let is = |link: &Link| matches!(&link.role, Role::Supervisor(it) if it == supervisor);
        self.0.iter().any(is)
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Link> {
        self.0.iter_mut()
    }

    pub fn of_session(&self, session: SessionId) -> Option<&Link> {
        self.0.iter().find(|link| link.session == session)
    }

    pub fn get_mut(&mut self, session: SessionId, number: u32) -> Option<&mut Link> {
        self.0
            .iter_mut()
            .find(|link| link.session == session && link.number == number)
    }

    fn sessions(&self, which: impl Fn(&Link) -> bool) -> Vec<SessionId> {
        let chosen = self.0.iter().filter(|link| which(link));
        chosen.map(|link| link.session).collect()
    }

    fn remove(&mut self, session: SessionId) {
        self.0.retain(|link| link.session != session);
    }

    /// Makes room for one more and says who lost its place.
    fn evict(&mut self) -> Option<SessionId> {
        if self.0.len() < limits::ATTACHED_MAX {
            return None;
        }
        let agent = |link: &Link| matches!(link.role, Role::Agent(_));
        let oldest = self.0.iter().position(|link| !agent(link)).unwrap_or(0);
        Some(self.0.remove(oldest).session)
    }

    /// Removes the agents it no longer concerns and says whose sessions they were.
    pub fn lapse(&mut self, concerns: impl Fn(&AgentId) -> bool) -> Vec<SessionId> {
        let mut lapsed = Vec::new();
        self.0.retain(|link| match &link.role {
            Role::Agent(agent) if !concerns(agent) => {
                lapsed.push(link.session);
                false
            }
            _ => true,
        });
        lapsed
    }
}

impl Conversation {
    /// History and registration in one turn, so that live events can neither miss nor repeat it.
    pub(super) fn attach(
        &mut self,
        step: &mut Step<'_>,
        session: SessionId,
        number: u32,
        role: Role,
        after: Seq,
    ) {
        if self
            .links
            .of_session(session)
            .is_some_and(|link| link.number > number)
        {
            return;
        }
        if let Some(refusal) = self.attach_refusal(&role, after) {
            let refused = Push::Refused {
                reference: 0,
                conversation: Some(self.key.id),
                number: None,
                refusal,
                id: None,
            };
            return step.reply(session, refused);
        }
        let customer = matches!(role, Role::Customer);
        let forgotten = self.fold.forgotten(customer);
        if after < forgotten {
            let behind = Push::Behind {
                link: number,
                conversation: self.key.id,
                tail: forgotten,
            };
            return step.reply(session, behind);
        }
        let attached = match customer {
            true => self.attached_customer(number, after, step),
            false => self.attached_staff(number, after),
        };
        step.reply(session, attached);
        self.register(step, session, number, role);
    }

    fn register(&mut self, step: &mut Step<'_>, session: SessionId, number: u32, role: Role) {
        let tailed = self.fold.newest(matches!(role, Role::Customer));
        if let Some(link) = self.links.get_mut(session, number) {
            // A doubled attach: its commands go on counting.
            link.tailed = tailed;
            return;
        }
        self.links.remove(session);
        if let Some(evicted) = self.links.evict() {
            let conversation = self.key.id;
            step.reply(evicted, Push::Evicted { conversation });
            if !self.links.any_customer() {
                self.left_at = step.now;
            }
        }
        // Most have one session for life, and there are millions of them.
        self.links.0.reserve_exact(1);
        self.links.0.push(Link {
            session,
            number,
            role,
            expected: 0,
            asked_at: None,
            tailed,
        });
    }

    pub(super) fn detach(&mut self, now: Millis, session: SessionId, number: u32) {
        if self.links.get_mut(session, number).is_none() {
            return;
        }
        let before = self.links.any_customer();
        self.links.remove(session);
        if before && !self.links.any_customer() {
            self.left_at = now;
        }
    }

    pub(super) fn beat(&mut self, step: &mut Step<'_>, session: SessionId, number: u32, has: Seq) {
        let conversation = self.key.id;
        let Some(link) = self.links.get_mut(session, number) else {
            return step.reply(session, Push::Unknown { conversation });
        };
        if link.asked_at.is_some() {
            let resend = Push::Resend {
                conversation,
                link: number,
                from: link.expected,
            };
            step.reply(session, resend);
        }
        let last = self.fold.newest(link.is_customer());
        if has < last {
            link.tailed = last;
            step.reply(session, Push::Tail { conversation, last });
        }
    }

    /// Tells every session that may have missed the last event of a burst how far the log is.
    pub(super) fn repeat_tail(&mut self, step: &mut Step<'_>) {
        let conversation = self.key.id;
        for link in self.links.iter_mut() {
            let last = self.fold.newest(link.is_customer());
            if link.tailed < last {
                link.tailed = last;
                step.push(link.session, Push::Tail { conversation, last });
            }
        }
    }

    fn attach_refusal(&self, role: &Role, after: Seq) -> Option<Refusal> {
        // A position from another life of the log says nothing about this one.
        let beyond = after > self.fold.newest(matches!(role, Role::Customer));
        match (role, &self.fold.matter) {
            (_, Some(_)) if beyond => Some(Refusal::NoSuchEvent),
            // It may arrive before the customer actor's `Open` does.
            (Role::Customer, _) => None,
            (_, None) => Some(Refusal::NotOpen),
            (Role::Supervisor(_), Some(_)) => None,
            (Role::Agent(agent), Some(matter)) => {
                (!matter.phase.concerns(agent)).then_some(Refusal::NotAllowed)
            }
        }
    }

    fn attached_customer(&self, link: u32, after: Seq, step: &Step<'_>) -> Push {
        let history = self.fold.tail.iter().filter_map(|it| CustomerEntry::of(it));
        Push::AttachedCustomer {
            link,
            conversation: self.key.id,
            history: history.filter(|entry| entry.seq > after).collect(),
            last: self.fold.customer_last,
            state: self.customer_state(step),
        }
    }

    fn attached_staff(&self, link: u32, after: Seq) -> Push {
        let history = self.fold.tail.iter().filter(|entry| entry.seq > after);
        Push::AttachedStaff {
            link,
            conversation: self.key.id,
            history: history.cloned().collect(),
            last: self.fold.last,
            summary: Box::new(self.summary().expect("staff attach to what was opened")),
        }
    }

    fn customer_state(&self, step: &Step<'_>) -> CustomerState {
        let Fold {
            matter: Some(matter),
            ..
        } = &self.fold
        else {
            return CustomerState {
                opening: 0,
                open: false,
                waiting: false,
                may_rate: false,
                place: None,
            };
        };
        CustomerState {
            opening: matter.identity().opening,
            open: !matter.phase.ended(),
            // What it was shown: a takeover leaves no trace here either.
            waiting: matter.shown == Shown::Waiting,
            may_rate: matter.may_rate(step.now, &step.timing).is_ok(),
            place: self.beats.as_ref().and_then(|beats| beats.place),
        }
    }
}
