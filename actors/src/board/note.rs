//! The whole input alphabet of a board: a tenant's live picture for its supervisors.

use crate::agent::Availability;
use crate::conversation::Summary;
use crate::ids::{AgentId, GroupId, Millis, SessionId};
use crate::queue::QueueStats;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Note {
    Conversation(Summary),
    Agent {
        agent: AgentId,
        availability: Availability,
    },
    Queue {
        group: GroupId,
        stats: QueueStats,
    },
    /// Snapshot now, diffs at most 5 a second until `Unwatch`. Repeated by the session as a beat:
    /// `have` is the version it holds.
    Watch {
        session: SessionId,
        scope: Scope,
        have: Option<u64>,
    },
    Unwatch {
        session: SessionId,
    },
    Wake,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    Tenant,
    Group(GroupId),
}

/// A board, or what changed of it since `since`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BoardView {
    /// The version this view leads to; a diff applies only on top of `since`.
    pub version: u64,
    pub since: Option<u64>,
    pub at: Millis,
    /// Changed or all rows. A closed conversation appears once more as closed, then leaves.
    pub conversations: Vec<Summary>,
    pub agents: Vec<(AgentId, Availability)>,
    pub queues: Vec<(GroupId, QueueStats)>,
}
