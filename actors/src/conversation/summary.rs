//! The index row of a conversation: a fold of its log, stored beside it so that lists need not read logs.

use crate::ids::{AgentId, ChannelId, ConversationKey, CustomerId, GroupId, Millis, Seq};

use super::event::CloseReason;

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
