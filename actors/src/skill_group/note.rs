//! The whole input alphabet of a skill group.

use crate::agent::Availability;
use crate::ids::{AgentId, GroupId, SessionId};
use crate::queue::QueueStats;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Note {
    /// An agent of this group as it stands now.
    Agent {
        agent: AgentId,
        availability: Availability,
    },
    /// A conversation of this group was handled for so long (accept to end of wrap-up).
    Handled {
        handling_ms: u64,
    },
    /// From its queue, at most once a second and on change.
    Queue(QueueStats),
    /// The queue has just started and asks for everything.
    Resend,
    /// The directory changed.
    Reconfigured,
    /// A supervisor asks for the group's state.
    Look {
        session: SessionId,
        reference: u32,
    },
    Wake,
}

/// A group as a supervisor sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupView {
    pub group: GroupId,
    pub ready: u32,
    pub not_ready: u32,
    pub offline: u32,
    /// Sums over the agents who are ready.
    pub load: u32,
    pub capacity: u32,
    /// Mean, in milliseconds.
    pub handling_ms: u64,
    pub queue: Option<QueueStats>,
    /// By id.
    pub agents: Vec<(AgentId, Availability)>,
}
