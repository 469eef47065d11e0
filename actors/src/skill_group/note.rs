//! The whole input alphabet of a skill group.

use crate::agent::Availability;
use crate::ids::AgentId;
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
    Wake,
}
