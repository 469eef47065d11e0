//! An agent as the queue believes it to be: what it announced, less what was picked for it since.

use std::collections::{BTreeMap, BTreeSet};

use crate::agent::{Availability, Presence};
use crate::ids::{AgentId, Millis, Skill};

use super::order::OrderKey;

/// Index of a seat in its desk; given once to an agent and never to another.
pub type SeatIx = u32;
/// Index of a lane in its desk.
pub type LaneIx = usize;

/// Order in which agents are chosen: not in doubt, least loaded fraction, longest idle, then id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Preference {
    doubtful: bool,
    fraction: u64,
    idle_since: Millis,
    agent: AgentId,
    pub seat: SeatIx,
}

#[derive(Clone, Debug)]
pub struct Seat {
    pub agent: AgentId,
    pub availability: Availability,
    /// Sorted.
    pub skills: Vec<Skill>,
    pub heard_at: Millis,
    /// Heard of within [`crate::limits::AVAILABILITY_STALE_MS`].
    pub fresh: bool,
    /// Weight of picks not yet answered.
    pub picked: u32,
    /// Weight of picks that ended since the last announcement, which may not show them yet.
    pub settling: u32,
    /// Let a pick time out: chosen last until it is heard of again.
    pub doubtful: bool,
    /// Refused what its own announcement allows: not chosen until it announces anew.
    pub balked: bool,
    pub watched: bool,
    /// Lanes whose skills it has.
    pub lanes: Vec<LaneIx>,
    /// Entries that wait for this agent in particular, by lane.
    pub holds: BTreeMap<LaneIx, BTreeSet<OrderKey>>,
    /// As it stands in the lanes' indexes.
    pub filed: Option<(Preference, u32)>,
}

impl Seat {
    /// Of somebody named, but never heard of.
    pub fn new(agent: AgentId) -> Self {
        Self {
            agent,
            availability: Availability {
                presence: Presence::Offline,
                load: 0,
                capacity: 0,
                idle_since: Millis(0),
                offerable: false,
                version: 0,
            },
            skills: Vec::new(),
            heard_at: Millis(0),
            fresh: false,
            picked: 0,
            settling: 0,
            doubtful: false,
            balked: false,
            watched: false,
            lanes: Vec::new(),
            holds: BTreeMap::new(),
            filed: None,
        }
    }

    /// May it be given work that fits?
    pub fn capable(&self) -> bool {
        self.availability.offerable && self.fresh && !self.balked
    }

    /// Ready as far as known. An agent without free capacity need not announce itself, so silence
    /// says nothing about it.
    pub fn present(&self) -> bool {
        self.availability.offerable && (self.fresh || self.free() == 0)
    }

    /// Capacity that nothing announced or picked takes.
    pub fn free(&self) -> u32 {
        self.availability.capacity.saturating_sub(self.used())
    }

    pub fn has(&self, needs: &[Skill]) -> bool {
        needs
            .iter()
            .all(|skill| self.skills.binary_search(skill).is_ok())
    }

    pub fn preference(&self, seat: SeatIx) -> Preference {
        let capacity = u64::from(self.availability.capacity.max(1));
        Preference {
            doubtful: self.doubtful,
            fraction: (u64::from(self.used()) << 32) / capacity,
            idle_since: self.availability.idle_since,
            agent: self.agent.clone(),
            seat,
        }
    }

    /// Has it announced, since it stood at `version`, that all of `used` is taken?
    pub fn has_shown(&self, version: u64, used: u32) -> bool {
        self.availability.version > version && self.availability.load >= used
    }

    /// Capacity that is taken as far as known.
    pub fn used(&self) -> u32 {
        self.availability
            .load
            .saturating_add(self.picked)
            .saturating_add(self.settling)
    }
}
