//! A scenario file. Unknown keys are refused, so that a slip of the pen never runs as something else.

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

/// A whole run. Durations in the unit of their name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub name: String,
    pub tenant: String,
    pub seed: u64,
    /// How long customers arrive.
    pub duration_s: u64,
    pub arrivals: Arrivals,
    pub customers: Customers,
    pub agents: Agents,
    pub supervisor: Supervisor,
    pub curfew: Curfew,
}

/// When conversations begin; every arrival is fixed before the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrivals {
    pub pace: Pace,
    pub per_s: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// Independent of each other, as people are.
    Poisson,
    Constant,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Customers {
    /// Share of conversations that need a person at some turn; the rest stay with the bot.
    pub human_share: f64,
    /// Mean pause before the next words, exponential, at most five times the mean.
    pub think_ms: u64,
    /// Between the messages of one burst.
    pub burst_ms: u64,
    /// Longest wait for a reply before going on, and for a person before giving up.
    pub patience_ms: u64,
    /// Share of those served who rate.
    pub rate_share: f64,
    /// Turns of a dialogue above this are cut, so that a short run ends.
    pub turns_max: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agents {
    pub login: Vec<Login>,
    /// Mean time to read and write a reply, exponential, at most five times the mean.
    pub think_ms: u64,
    /// From offer to accept.
    pub accept_ms: u64,
    /// Paperwork after the end.
    pub wrap_up_ms: u64,
    /// Further agents, made over the admin interface before the run.
    pub hire: Option<Hire>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    pub login: String,
    pub password: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hire {
    pub admin: Login,
    pub count: u32,
    pub capacity: u32,
    pub groups: Vec<String>,
    pub skills: Vec<String>,
    /// Password of those hired.
    pub password: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supervisor {
    pub login: String,
    pub password: String,
    /// Conversations watched at once.
    pub watch: usize,
    /// Whispers to the agents of watched conversations.
    pub whispers_per_s: f64,
}

/// When a run that does not end by itself is ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Curfew {
    /// After the last arrival: what is still open then is left as it is.
    pub after_s: u64,
    /// Quiet before viewers must have seen everything.
    pub quiet_ms: u64,
}

impl Scenario {
    /// Reads and checks a file's text.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let scenario: Scenario = ::toml::from_str(text).context("the scenario cannot be read")?;
        scenario.check()?;
        Ok(scenario)
    }

    fn check(&self) -> anyhow::Result<()> {
        let share = |share: f64| (0.0..=1.0).contains(&share);
        let rules = [
            (self.duration_s > 0, "duration_s must be at least 1"),
            (
                self.arrivals.per_s > 0.0 && self.arrivals.per_s <= 10_000.0,
                "arrivals.per_s must be above 0 and at most 10000",
            ),
            (
                share(self.customers.human_share),
                "customers.human_share must lie within 0 and 1",
            ),
            (
                share(self.customers.rate_share),
                "customers.rate_share must lie within 0 and 1",
            ),
            (
                self.customers.turns_max >= 1,
                "customers.turns_max must be at least 1",
            ),
            (
                self.supervisor.whispers_per_s >= 0.0,
                "supervisor.whispers_per_s must not be negative",
            ),
            (
                self.supervisor.watch <= 500,
                "supervisor.watch is at most 500",
            ),
            (
                !self.agents.login.is_empty() || self.agents.hire.is_some(),
                "agents need a login or somebody hired",
            ),
        ];
        for (kept, words) in rules {
            if !kept {
                bail!("{words}");
            }
        }
        Ok(())
    }
}
