//! What a skill group is told.

use serde::{Deserialize, Serialize};

use super::{Availability, QueueStats, Text};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkillGroupNote<'a> {
    Agent {
        agent: Text<'a>,
        availability: Availability<'a>,
    },
    Handled {
        handling_ms: u64,
    },
    Queue(QueueStats),
    Resend,
    Reconfigured,
    Wake,
}
