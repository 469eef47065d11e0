//! Where a conversation stands, with what each state must know.

use crate::ids::{AgentId, Millis, OfferId};

use super::summary::PhaseKind;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    BotServing,
    Waiting,
    Offered(Box<Held>),
    Active(Box<Active>),
    WrapUp(Box<Held>),
    Closed,
}

/// An agent's claim with the time that ends it (offer or wrap-up).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub hold: Hold,
    pub until: Millis,
}

/// An agent's claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hold {
    pub offer: OfferId,
    pub weight: u32,
    /// When the offer was made, or the agent began.
    pub since: Millis,
}

/// A person speaks: an agent, or a supervisor in its place or alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Active {
    pub hold: Option<Hold>,
    pub taken_over: Option<AgentId>,
    pub transfer: Option<Transfer>,
}

/// A transfer that was asked for; `offer` is the claim it would become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Transfer {
    pub offer: OfferId,
    pub forced: bool,
    pub requested_at: Millis,
}

impl Phase {
    pub fn kind(&self) -> PhaseKind {
        match self {
            Phase::BotServing => PhaseKind::BotServing,
            Phase::Waiting => PhaseKind::Waiting,
            Phase::Offered(_) => PhaseKind::Offered,
            Phase::Active(_) => PhaseKind::Active,
            Phase::WrapUp(_) => PhaseKind::WrapUp,
            Phase::Closed => PhaseKind::Closed,
        }
    }

    /// The one claim an agent has on it.
    pub fn claim(&self) -> Option<&Hold> {
        match self {
            Phase::Offered(held) | Phase::WrapUp(held) => Some(&held.hold),
            Phase::Active(active) => active.hold.as_ref(),
            Phase::BotServing | Phase::Waiting | Phase::Closed => None,
        }
    }

    pub fn active(&self) -> Option<&Active> {
        match self {
            Phase::Active(active) => Some(active),
            _ => None,
        }
    }

    pub fn transfer(&self) -> Option<&Transfer> {
        self.active()?.transfer.as_ref()
    }

    pub fn taken_over(&self) -> Option<&AgentId> {
        self.active()?.taken_over.as_ref()
    }

    /// May this agent see it: it holds it, is offered it, or shall get it?
    pub fn concerns(&self, agent: &AgentId) -> bool {
        self.claim().is_some_and(|hold| hold.offer.agent == *agent)
            || self
                .transfer()
                .is_some_and(|transfer| transfer.offer.agent == *agent)
    }

    /// Waiting for a person, from the customer's point of view.
    pub fn awaits_agent(&self) -> bool {
        matches!(self, Phase::Waiting | Phase::Offered(_))
    }

    /// Over for the customer.
    pub fn ended(&self) -> bool {
        matches!(self, Phase::WrapUp(_) | Phase::Closed)
    }
}
