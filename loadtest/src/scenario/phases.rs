//! When conversations begin: a rate that changes over time, and arrivals drawn from it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use rand::RngExt;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use super::traffic::Traffic;

/// Every arrival is fixed before the run, so that a slow server cannot slow its own load down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrivals {
    pub pace: Pace,
    /// One after the other.
    #[serde(default)]
    pub phases: Vec<Phase>,
    /// Instead of phases: a file of `crest-loadtest record`, beside the scenario or absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<PathBuf>,
    /// Multiplies every rate.
    #[serde(default = "once")]
    pub times: f64,
}

fn once() -> f64 {
    1.0
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// Independent of each other, as people are.
    Poisson,
    Constant,
}

/// A stretch of time with a rate that is constant or changes evenly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// For the report.
    #[serde(default)]
    pub name: String,
    pub for_s: f64,
    pub per_s: f64,
    /// The rate at its end; that of its beginning where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_per_s: Option<f64>,
}

impl Phase {
    fn ends_at(&self) -> f64 {
        self.to_per_s.unwrap_or(self.per_s)
    }

    /// Arrivals to be expected.
    fn expected(&self) -> f64 {
        self.for_s * (self.per_s + self.ends_at()) / 2.0
    }

    /// When so many are expected to have arrived, from the phase's start: the root of
    /// `per_s · t + (change / 2) · t²`.
    fn reached(&self, count: f64) -> f64 {
        let change = (self.ends_at() - self.per_s) / self.for_s;
        if change.abs() < 1e-12 {
            return count / self.per_s;
        }
        let root = (self.per_s * self.per_s + 2.0 * change * count).max(0.0);
        2.0 * count / (self.per_s + root.sqrt())
    }
}

impl Arrivals {
    /// Reads the recorded file, where one is named, into phases.
    pub(super) fn load(&mut self, folder: &Path) -> anyhow::Result<()> {
        let Some(recorded) = &self.recorded else {
            return Ok(());
        };
        anyhow::ensure!(
            self.phases.is_empty(),
            "arrivals has both recorded and phases: one of them is too many"
        );
        let path = folder.join(recorded);
        let traffic = Traffic::read(&path)
            .with_context(|| format!("the recorded traffic {}", path.display()))?;
        self.phases = traffic.phases();
        // What follows is a scenario of its own, and can be handed to another process.
        self.recorded = None;
        Ok(())
    }

    pub fn lasting_s(&self) -> f64 {
        self.phases.iter().map(|phase| phase.for_s).sum()
    }

    /// The highest rate, in arrivals a second.
    pub fn peak_per_s(&self) -> f64 {
        let rates = self.phases.iter().flat_map(|it| [it.per_s, it.ends_at()]);
        rates.fold(0.0, f64::max) * self.times
    }

    pub(super) fn check(&self, stairs: bool, wrong: &mut Vec<String>) {
        if stairs != self.phases.is_empty() {
            wrong.push("arrivals needs phases, or saturate instead of them".to_owned());
        }
        if !(self.times > 0.0 && self.times <= 1_000.0) {
            wrong.push("arrivals.times must be above 0 and at most 1000".to_owned());
        }
        for (index, phase) in self.phases.iter().enumerate() {
            if !(phase.for_s > 0.0 && phase.for_s <= 604_800.0) {
                wrong.push(format!(
                    "phase {}: for_s must be above 0 and at most a week",
                    index + 1
                ));
            }
            let rates = [phase.per_s, phase.ends_at()];
            if rates.iter().any(|rate| !(0.0..=10_000.0).contains(rate)) {
                wrong.push(format!("phase {}: rates must be 0 to 10000", index + 1));
            }
        }
        if self.phases.iter().map(Phase::expected).sum::<f64>() * self.times < 0.5
            && !self.phases.is_empty()
        {
            wrong.push("arrivals: nobody would arrive".to_owned());
        }
    }

    /// Every arrival from the run's start, in order: a process of rate 1 carried over to the rate
    /// that the phases give.
    pub fn times(&self, rng: &mut StdRng) -> Vec<Duration> {
        let mut all = Vec::new();
        let mut begun_s = 0.0;
        let mut expected = 0.0;
        let mut next = step(self.pace, rng);
        for phase in &self.phases {
            let here = phase.expected() * self.times;
            while next < expected + here {
                let at = phase.reached((next - expected) / self.times);
                all.push(Duration::from_secs_f64(
                    begun_s + at.clamp(0.0, phase.for_s),
                ));
                next += step(self.pace, rng);
            }
            begun_s += phase.for_s;
            expected += here;
        }
        all
    }
}

fn step(pace: Pace, rng: &mut StdRng) -> f64 {
    match pace {
        Pace::Constant => 1.0,
        Pace::Poisson => -(1.0 - rng.random_range(0.0..1.0_f64)).ln(),
    }
}
