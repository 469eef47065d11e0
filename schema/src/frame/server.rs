//! Frames that the server sends. Types of a customer's connection hold nothing of the desk; their
//! twins for staff are named `Staff…`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Id;
use super::customer_view::{CustomerEntry, CustomerEvent, CustomerState, Speaker};
use super::desk::{AgentRow, Offer, OfferContext, OfferOutcome, Presence, QueueRow, Summary};
use super::staff_view::{Author, StaffEntry, StaffEvent};

/// Answer to `hello`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome<'a> {
    /// Names the connection in the server's logs; opaque.
    pub session: Cow<'a, str>,
    pub role: Role,
    pub tenant: Cow<'a, str>,
    /// Id of the customer or member of staff.
    pub name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<Cow<'a, str>>,
    /// The server's clock, Unix milliseconds.
    pub at: u64,
    pub heartbeat_ms: u32,
    pub limits: Limits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Customer,
    Agent,
    Supervisor,
    Admin,
}

/// Bounds a client keeps, so that it need not be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub frame_bytes: u32,
    pub text_bytes: u32,
    pub history_events: u32,
    /// Commands without an answer.
    pub unacked: u32,
}

/// A command with a durable event: it is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    pub conversation: Id,
    /// In the receiver's numbering.
    pub seq: u64,
    pub at: u64,
}

/// A command without an event of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Id>,
}

/// A command that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error<'a> {
    pub code: u16,
    pub name: Cow<'a, str>,
    /// Words for people: what is wrong and what to do.
    pub message: Cow<'a, str>,
    /// The same command may succeed later, unchanged.
    pub temporary: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Id>,
}

/// Last frame before the server closes with `code`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bye<'a> {
    pub code: u16,
    pub reason: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u32>,
}

/// Which conversation is the customer's: the open one, or the one closed last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routed {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Id>,
    pub opening: u32,
    pub open: bool,
}

/// Live from now on; everything up to `last` was or will be sent in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    pub conversation: Id,
    pub last: u64,
    pub state: CustomerState,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event<'a> {
    pub conversation: Id,
    pub seq: u64,
    pub at: u64,
    pub event: CustomerEvent<'a>,
}

/// To supervisors: events `from` to `to` were not and will not be sent here; the next is `to` + 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub conversation: Id,
    pub from: u64,
    pub to: u64,
    pub reason: GapReason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// Too far behind to be sent one by one.
    Far,
    /// The store could not be read.
    Unavailable,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typing<'a> {
    pub conversation: Id,
    pub from: Speaker<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read<'a> {
    pub conversation: Id,
    pub from: Speaker<'a>,
    /// In the receiver's numbering.
    pub up_to: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub conversation: Id,
    pub position: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_minutes: Option<u32>,
    pub call_back: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    pub conversation: Id,
    pub opening: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryPage<'a> {
    pub conversation: Id,
    pub events: Vec<CustomerEntry<'a>>,
    /// There are further ones in the direction asked for.
    pub more: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffAttached<'a> {
    pub conversation: Id,
    pub last: u64,
    pub state: Summary<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffEventFrame<'a> {
    pub conversation: Id,
    pub seq: u64,
    pub at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_seq: Option<u64>,
    pub event: StaffEvent<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffTyping<'a> {
    pub conversation: Id,
    pub from: Author<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffRead<'a> {
    pub conversation: Id,
    pub from: Author<'a>,
    pub up_to: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffHistoryPage<'a> {
    pub conversation: Id,
    pub events: Vec<StaffEntry<'a>>,
    pub more: bool,
}

/// A conversation is held for you until `expires_at`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferFrame<'a> {
    pub offer: Offer,
    pub expires_at: u64,
    pub context: OfferContext<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferGone {
    pub offer: Offer,
    pub outcome: OfferOutcome,
}

/// An agent's own state: on change, and the answer to `set_presence`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceFrame<'a> {
    pub state: AgentRow<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Presence<'a>>,
    pub held: Vec<Id>,
}

/// A board, or what changed of it since version `since`. A large one comes in several frames.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Board<'a> {
    pub version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    pub at: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conversations: Vec<Summary<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<AgentRow<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<QueueRow<'a>>,
    /// Further frames of this version follow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}
