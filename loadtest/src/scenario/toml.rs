//! A scenario file. Unknown keys are refused, so that a slip of the pen never runs as something else.

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use super::people::{Agents, Customers, Login, Supervisors};
use super::phases::Arrivals;
use super::tenants::Tenants;

/// A whole run. Durations in the unit of their name; shares within 0 and 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub name: String,
    /// One sentence for the report: what is rehearsed.
    pub about: String,
    /// The busiest tenant, where there are several.
    pub tenant: String,
    pub seed: u64,
    #[serde(default)]
    pub tenants: Tenants,
    #[serde(default)]
    pub harness: Harness,
    /// Who hires agents and sets the key that customers' tokens are signed with.
    pub admin: Option<Login>,
    pub arrivals: Arrivals,
    pub customers: Customers,
    pub agents: Agents,
    pub supervisors: Supervisors,
    /// All customers' sockets are cut at these times, and come back with a resume.
    pub storm: Option<Storm>,
    /// Arrivals rise step by step instead of by phases, until the objective breaks.
    pub saturate: Option<Saturate>,
    /// Where a staircase has none, 100 ms.
    pub objective: Option<Objective>,
    pub curfew: Curfew,
}

/// How the load is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Harness {
    /// Processes that play customers; each holds at most 19,000 sockets.
    pub processes: u32,
    /// Addresses 127.0.0.1, 127.0.0.2, … that customers connect from, for a server on this machine:
    /// each has its own 28,000 ports, and its own place in the server's back-off by address.
    pub addresses: u8,
}

impl Default for Harness {
    fn default() -> Self {
        Self {
            processes: 1,
            addresses: 1,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storm {
    /// Seconds from the first arrival.
    pub at_s: Vec<f64>,
}

/// The staircase: each step is `times` the one before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saturate {
    pub from_per_s: f64,
    pub times: f64,
    /// The first half of a step settles, the second half is judged.
    pub step_s: f64,
    pub steps_max: u32,
}

/// What a run must keep to: a miss ends it with exit code 4, and ends a staircase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Acknowledgement of a customer's message from its intended sending, 99th percentile.
    pub ack_p99_ms: f64,
}

impl Default for Objective {
    fn default() -> Self {
        Self { ack_p99_ms: 100.0 }
    }
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
    /// Reads and checks a file's text. `folder` is where files named in it are looked for.
    pub fn read(text: &str, folder: &std::path::Path) -> anyhow::Result<Self> {
        let mut scenario: Scenario =
            ::toml::from_str(text).context("the scenario cannot be read")?;
        scenario.arrivals.load(folder)?;
        scenario.check()?;
        Ok(scenario)
    }

    /// The same with every rate of arrivals multiplied, and perhaps another seed.
    pub fn scaled(mut self, times: f64, seed: Option<u64>) -> anyhow::Result<Self> {
        self.arrivals.times *= times;
        if let Some(stairs) = &mut self.saturate {
            stairs.from_per_s *= times;
        }
        self.seed = seed.unwrap_or(self.seed);
        self.check()?;
        Ok(self)
    }

    /// How long customers arrive, at most.
    pub fn lasting_s(&self) -> f64 {
        match &self.saturate {
            Some(stairs) => stairs.step_s * f64::from(stairs.steps_max),
            None => self.arrivals.lasting_s(),
        }
    }

    pub fn objective_or_default(&self) -> Objective {
        self.objective.clone().unwrap_or_default()
    }

    /// Agents of each tenant, the busiest first.
    pub fn agents_by_tenant(&self) -> Vec<usize> {
        self.tenants.spread(self.agents.people())
    }

    fn check(&self) -> anyhow::Result<()> {
        let mut wrong = Vec::new();
        self.tenants.check(&mut wrong);
        self.arrivals.check(self.saturate.is_some(), &mut wrong);
        self.customers.check(&mut wrong);
        self.agents.check(&mut wrong);
        self.supervisors.check(&mut wrong);
        let mut must = |kept: bool, words: &str| {
            if !kept {
                wrong.push(words.to_owned());
            }
        };
        must(
            (1..=16).contains(&self.harness.processes),
            "harness.processes must be 1 to 16",
        );
        must(
            (1..=250).contains(&self.harness.addresses),
            "harness.addresses must be 1 to 250",
        );
        must(
            self.objective_or_default().ack_p99_ms > 0.0,
            "objective.ack_p99_ms must be above 0",
        );
        must(
            self.admin.is_some()
                || self.agents.hire.is_none() && self.customers.signed_share == 0.0,
            "agents.hire and customers.signed_share need an admin",
        );
        must(
            self.agents.people() >= self.tenants.count as usize,
            "agents: each tenant needs one, so set agents.hire.count higher or tenants.count lower",
        );
        if let Some(storm) = &self.storm {
            must(
                storm.at_s.iter().all(|at| *at > 0.0),
                "storm.at_s must lie after the start",
            );
        }
        if let Some(stairs) = &self.saturate {
            must(
                stairs.from_per_s > 0.0 && stairs.times > 1.0,
                "saturate needs from_per_s above 0 and times above 1",
            );
            must(
                stairs.step_s >= 2.0 && (1..=100).contains(&stairs.steps_max),
                "saturate needs step_s of at least 2 and steps_max of 1 to 100",
            );
            must(
                self.harness.processes == 1,
                "saturate runs in one process: it looks at each step before it begins the next",
            );
        }
        if !wrong.is_empty() {
            bail!("the scenario {:?}: {}", self.name, wrong.join("; "));
        }
        Ok(())
    }
}
