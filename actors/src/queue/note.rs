//! The whole input alphabet of a queue.

use crate::agent::Availability;
use crate::conversation::{Overflow, Waiting};
use crate::directory::Directory;
use crate::ids::{AgentId, ConversationId, GroupKey, Millis, OfferId, Seq, Skill};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Note {
    /// A conversation waits at `entry`; repeated for as long as it does.
    Announce {
        conversation: ConversationId,
        entry: Seq,
        tier: u8,
        waiting: Waiting,
    },
    /// That entry is over; `why` feeds the rates.
    Withdraw {
        conversation: ConversationId,
        entry: Seq,
        why: Withdrawn,
    },
    /// From the skill group: an agent of it as it stands now, with its skills.
    Agent {
        agent: AgentId,
        availability: Availability,
        skills: Vec<Skill>,
    },
    /// An agent is no longer of this group.
    AgentGone {
        agent: AgentId,
    },
    /// An agent will not hold it; `availability` tells why.
    Refused {
        offer: OfferId,
        availability: Availability,
    },
    /// From the skill group: handling time and what to do with too much.
    Policy(Policy),
    Wake,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Withdrawn {
    /// Offered to an agent.
    Offered,
    /// The customer gave up.
    Abandoned,
    /// Left otherwise (closed, taken over, moved to another group, can never apply).
    Left,
}

/// What the skill group tells its queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    /// Mean handling time of the group, measured, in milliseconds.
    pub handling_ms: u64,
    /// Longest queue; 0 means no limit.
    pub max_length: u32,
    /// Longest wait; 0 means no limit.
    pub max_wait_ms: u64,
    pub overflow: Overflow,
    /// Nobody may be passed over longer than this (see `queue/order.rs`).
    pub starvation_ms: u64,
    /// Grows with each change; an older one is ignored.
    pub revision: u64,
}

impl Policy {
    /// Before anything is known: no limits.
    pub(super) fn unset() -> Self {
        let timing = crate::directory::Timing::default();
        Self {
            handling_ms: 5 * 60_000,
            max_length: 0,
            max_wait_ms: 0,
            overflow: Overflow::LeaveMessage,
            starvation_ms: timing.starvation_ms,
            revision: 0,
        }
    }

    /// As the directory has it, with the handling time expected; `None` where it has no such group.
    pub fn configured(directory: &Directory, key: &GroupKey) -> Option<Self> {
        let tenant = directory.tenant(&key.tenant)?;
        let group = tenant.groups.get(&key.group)?;
        Some(Self {
            handling_ms: group.expected_handling_ms,
            max_length: group.max_length,
            max_wait_ms: group.max_wait_ms,
            overflow: group.overflow.clone(),
            starvation_ms: tenant.timing.starvation_ms,
            revision: 0,
        })
    }
}

/// A line of the queue as supervisors and metrics see it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QueueStats {
    pub length: u32,
    pub oldest_since: Option<Millis>,
    /// Assignments in the last 120 s.
    pub assigned_120s: u32,
    pub abandoned_120s: u32,
    pub ready_agents: u32,
}
