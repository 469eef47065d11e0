//! Pictures for staff: conversations at a glance, agents, queues, what comes with an offer.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::staff_view::{BotContext, StaffEntry, WaitReason};
use super::{CloseReason, Id};

/// Names an offer to the agent it was made to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Offer {
    pub conversation: Id,
    /// Seq of the state event at which the claim was made.
    pub position: u64,
}

/// Which state a conversation is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    BotServing,
    Waiting,
    Offered,
    Active,
    WrapUp,
    Closed,
}

/// One conversation at a glance. Times are Unix milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary<'a> {
    pub conversation: Id,
    pub customer: Cow<'a, str>,
    pub channel: Cow<'a, str>,
    pub tier: u8,
    pub phase: Phase,
    pub position: u64,
    pub group: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<Cow<'a, str>>,
    pub taken_over: bool,
    pub opened_at: u64,
    pub phase_since: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enqueued_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub close_reason: Option<CloseReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rating: Option<u8>,
}

/// An agent's own word on whether it takes work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence<'a> {
    Offline,
    NotReady(Cow<'a, str>),
    Ready,
}

/// An agent as it stands now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentRow<'a> {
    pub agent: Cow<'a, str>,
    pub presence: Presence<'a>,
    pub load: u32,
    pub capacity: u32,
    pub idle_since: u64,
    pub offerable: bool,
}

/// A queue as it stands now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueRow<'a> {
    pub group: Cow<'a, str>,
    pub length: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_since: Option<u64>,
    pub assigned_120s: u32,
    pub abandoned_120s: u32,
    pub ready_agents: u32,
}

/// What an agent sees before it accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferContext<'a> {
    pub summary: Summary<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<WaitReason<'a>>,
    pub bot: BotContext<'a>,
    /// The newest, in order; older ones are left out where the frame would grow too large.
    pub messages: Vec<StaffEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer_note: Option<Cow<'a, str>>,
}

/// How an offer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferOutcome {
    Accepted,
    Declined,
    Missed,
    Rescinded,
}
