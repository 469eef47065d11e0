//! Frames that clients send.

use serde::{Deserialize, Serialize};

use super::desk::{Offer, Presence};
use super::{Body, Id, level, non_empty};

/// First frame of every connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// From `POST /v1/tickets`: one use, 30 seconds.
    pub ticket: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientSoftware>,
    /// BCP 47, what the customer reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The skill group a customer asks for, should a person be needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resume: Vec<Resume>,
}

/// For logs and statistics only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientSoftware {
    pub name: String,
    pub version: String,
}

/// A conversation the client has every event of up to `after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    pub conversation: Id,
    pub after: u64,
}

/// A frame without fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Send {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Id>,
    pub id: Id,
    pub body: Body<'static>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Id>,
    pub id: Id,
    /// Seq of the message, in the sender's numbering.
    pub of: u64,
    pub body: Body<'static>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recall {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Id>,
    pub id: Id,
    pub of: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typing {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Id>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Id>,
    pub up_to: u64,
}

/// Asks for events with `after` < seq < `before`: the oldest of them, or with `before` alone the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// 1 to [`crate::limits::HISTORY_MAX`]; more is taken for the most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaveMessage {
    pub id: Id,
    #[serde(deserialize_with = "non_empty")]
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallBack {
    #[serde(deserialize_with = "non_empty")]
    pub contact: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// 1 (不满意) to 4 (非常满意).
    #[serde(deserialize_with = "level")]
    pub level: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attach {
    pub conversation: Id,
    pub after: u64,
}

/// A frame that names a conversation and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    pub conversation: Id,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetPresence {
    /// A supervisor may set another's; one's own where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    pub presence: Presence<'static>,
    /// Taken on once the load is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Presence<'static>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferAnswer {
    pub offer: Offer,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whisper {
    pub conversation: Id,
    pub id: Id,
    #[serde(deserialize_with = "non_empty")]
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    pub conversation: Id,
    pub to: TransferTarget,
    /// Above the agent's capacity, flagged; supervisors only, to an agent only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forced: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferTarget {
    Agent(String),
    Group(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrapUpDone {
    pub conversation: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchBoard {
    pub scope: Scope,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Tenant,
    Group(String),
}
