//! Configuration of tenants as actors see it: an immutable value, replaced as a whole.

use std::collections::HashMap;

use crate::conversation::Overflow;
use crate::ids::{AgentId, ChannelId, GroupId, Skill, TenantId};

/// Every tenant this node serves.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    pub tenants: HashMap<TenantId, Tenant>,
    pub revision: u64,
}

#[derive(Clone, Debug)]
pub struct Tenant {
    pub groups: HashMap<GroupId, Group>,
    pub agents: HashMap<AgentId, AgentProfile>,
    pub default_group: GroupId,
    pub timing: Timing,
    pub boosts: Boosts,
    /// Capacity a conversation of this channel takes; 1 where not listed.
    pub channel_weights: HashMap<ChannelId, u32>,
    /// Off: every conversation waits for a person at its first message.
    pub bot_enabled: bool,
    /// Reasons an agent may give for `NotReady`.
    pub not_ready_reasons: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Group {
    pub name: String,
    pub required: Vec<Skill>,
    pub preferred: Vec<Skill>,
    /// 0: no limit.
    pub max_length: u32,
    /// 0: no limit.
    pub max_wait_ms: u64,
    pub overflow: Overflow,
    /// Taken until the group has handled enough to measure its own.
    pub expected_handling_ms: u64,
}

#[derive(Clone, Debug)]
pub struct AgentProfile {
    pub name: String,
    pub groups: Vec<GroupId>,
    pub skills: Vec<Skill>,
    pub capacity: u32,
    pub role: StaffRole,
}

impl AgentProfile {
    /// May conversations be given to it? Not to those who only watch.
    pub fn takes_work(&self) -> bool {
        self.role == StaffRole::Agent || self.capacity > 0
    }
}

/// What a member of staff may do; the table of operations is the gateway's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StaffRole {
    Agent,
    Supervisor,
    Admin,
}

/// All in milliseconds; the meaning of 0 is said where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    pub offer_ms: u64,
    pub abandon_grace_ms: u64,
    pub agent_grace_ms: u64,
    /// 0: never closes by itself.
    pub silence_close_ms: u64,
    /// 0: a closed conversation is never reopened.
    pub reopen_window_ms: u64,
    /// 0: no wrap-up.
    pub wrap_up_ms: u64,
    /// How long the customer may rate after the end.
    pub rate_window_ms: u64,
    pub recall_window_ms: u64,
    pub edit_window_ms: u64,
    pub sticky_days: u32,
    pub sticky_hold_ms: u64,
    pub preferred_skill_ms: u64,
    /// Messages of one burst are given to the bot together after this silence.
    pub bot_burst_ms: u64,
    /// A bot that has not answered by then is passed over.
    pub bot_timeout_ms: u64,
    pub starvation_ms: u64,
}

/// What moves a conversation forward in a queue, in milliseconds of waiting time. The sum is capped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boosts {
    /// By tier: index 0 is standard.
    pub tier_ms: Vec<u64>,
    /// The customer closed a conversation in the last 72 hours.
    pub recontact_ms: u64,
    pub transfer_ms: u64,
    pub max_ms: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            offer_ms: 30_000,
            abandon_grace_ms: 30_000,
            agent_grace_ms: 60_000,
            silence_close_ms: 15 * 60_000,
            reopen_window_ms: 60 * 60_000,
            wrap_up_ms: 60_000,
            rate_window_ms: 24 * 60 * 60_000,
            recall_window_ms: 2 * 60_000,
            edit_window_ms: 5 * 60_000,
            sticky_days: 7,
            sticky_hold_ms: 20_000,
            preferred_skill_ms: 60_000,
            bot_burst_ms: 300,
            bot_timeout_ms: 3_000,
            starvation_ms: 15 * 60_000,
        }
    }
}

impl Default for Boosts {
    fn default() -> Self {
        Self {
            // A boost of b keeps VIPs at a third of the standard wait while that is up to 1.5 b.
            tier_ms: vec![0, 12 * 60_000, 15 * 60_000],
            recontact_ms: 60_000,
            transfer_ms: 120_000,
            max_ms: 15 * 60_000,
        }
    }
}

impl Directory {
    pub fn tenant(&self, tenant: &TenantId) -> Option<&Tenant> {
        self.tenants.get(tenant)
    }
}
