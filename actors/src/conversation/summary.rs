//! The index row of a conversation: a fold of its log, stored beside it so that lists need not read logs.

use crate::ids::{AgentId, ChannelId, ConversationKey, CustomerId, GroupId, Millis, Seq};

use super::event::CloseReason;
use super::state::Conversation;

/// Which state a conversation is in, without its details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PhaseKind {
    BotServing,
    Waiting,
    Offered,
    Active,
    WrapUp,
    Closed,
}

/// One conversation at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Summary {
    pub key: ConversationKey,
    pub customer: CustomerId,
    pub channel: ChannelId,
    pub tier: u8,
    pub phase: PhaseKind,
    /// Seq of the newest state event.
    pub position: Seq,
    /// Where it waits, waited last, or would wait.
    pub group: GroupId,
    /// Who holds or last held it.
    pub agent: Option<AgentId>,
    /// A supervisor speaks in the agent's place.
    pub taken_over: bool,
    pub opened_at: Millis,
    /// When it entered its phase.
    pub phase_since: Millis,
    /// When it first began to wait in this opening.
    pub enqueued_at: Option<Millis>,
    pub closed_at: Option<Millis>,
    pub close_reason: Option<CloseReason>,
    /// 1 (不满意) to 4 (非常满意).
    pub rating: Option<u8>,
    /// A sweep must wake it after a restart: waiting, offered, active, or a timer ahead.
    pub awake: bool,
}

impl Conversation {
    /// The row as the log now says; `None` for an empty log.
    pub fn summary(&self) -> Option<Summary> {
        let matter = self.fold.matter.as_ref()?;
        let identity = matter.identity();
        let ended = matter.ended.filter(|_| !matter.awake());
        Some(Summary {
            key: self.key.clone(),
            customer: identity.customer.clone(),
            channel: identity.channel.clone(),
            tier: identity.tier,
            phase: matter.phase.kind(),
            position: matter.position,
            group: matter.group.clone(),
            agent: matter.agent.clone(),
            taken_over: matter.phase.taken_over().is_some(),
            opened_at: matter.opened_at(),
            phase_since: matter.phase_since,
            enqueued_at: matter.waited().map(|(_, waiting)| waiting.enqueued_at),
            closed_at: ended.map(|(at, _)| at),
            close_reason: matter.ended.map(|(_, reason)| reason),
            rating: matter.rating,
            awake: matter.awake(),
        })
    }
}
