//! What a queue is told, and what it says of itself.

use serde::{Deserialize, Serialize};

use super::{Availability, Overflow, Text};
use crate::frame::Id;
use crate::stored::conversation::{Offer, Waiting};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueNote<'a> {
    Announce {
        conversation: Id,
        entry: u64,
        tier: u8,
        waiting: Waiting<'a>,
    },
    Withdraw {
        conversation: Id,
        entry: u64,
        why: Withdrawn,
    },
    Agent {
        agent: Text<'a>,
        availability: Availability<'a>,
        skills: Vec<Text<'a>>,
    },
    AgentGone {
        agent: Text<'a>,
    },
    Refused {
        offer: Offer<'a>,
        availability: Availability<'a>,
    },
    Policy(Policy<'a>),
    Wake,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Withdrawn {
    Offered,
    Abandoned,
    Left,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy<'a> {
    pub handling_ms: u64,
    pub max_length: u32,
    pub max_wait_ms: u64,
    pub overflow: Overflow<'a>,
    pub starvation_ms: u64,
    pub revision: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueStats {
    pub length: u32,
    pub oldest_since: Option<u64>,
    pub assigned_120s: u32,
    pub abandoned_120s: u32,
    pub ready_agents: u32,
}
