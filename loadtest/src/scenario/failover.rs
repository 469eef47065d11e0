//! A scenario of one fault under steady load. Unknown keys are refused.

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use super::people::Login;

/// Durations in the unit of their name; shares within 0 and 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failover {
    pub name: String,
    /// One sentence for the report.
    pub about: String,
    pub tenant: String,
    pub seed: u64,
    /// Open when the fault happens, at most 19,000: a process has 20,000 file descriptors.
    pub conversations: u32,
    /// Between two messages of one conversation.
    pub say_every_s: f64,
    /// They are opened evenly over so long.
    pub fill_s: f64,
    /// From the last opening to the fault.
    pub steady_s: f64,
    /// From the fault to the end of the load.
    pub after_s: f64,
    /// Chance of asking for a person after a message.
    pub ask_share: f64,
    pub agents: Vec<Login>,
    pub supervisor: Watcher,
    pub objective: Within,
}

/// A supervisor who looks on and whispers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watcher {
    pub login: String,
    pub password: String,
    /// Conversations, at most 500.
    pub watch: usize,
    pub whispers_per_s: f64,
}

/// Shares of conversations that must accept messages again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Within {
    pub within_5_s: f64,
    pub within_10_s: f64,
}

impl Failover {
    /// Reads and checks a file's text.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let scenario: Self = ::toml::from_str(text).context("the scenario cannot be read")?;
        scenario.check()?;
        Ok(scenario)
    }

    /// The same with another number of conversations, spoken in as often altogether, and perhaps
    /// another seed.
    pub fn scaled(mut self, conversations: Option<u32>, seed: Option<u64>) -> anyhow::Result<Self> {
        if let Some(conversations) = conversations {
            let times = f64::from(conversations) / f64::from(self.conversations);
            self.say_every_s *= times;
            self.fill_s *= times;
            self.conversations = conversations;
        }
        self.seed = seed.unwrap_or(self.seed);
        self.check()?;
        Ok(self)
    }

    fn check(&self) -> anyhow::Result<()> {
        let mut wrong = Vec::new();
        if !(1..=19_000).contains(&self.conversations) {
            wrong.push("conversations: 1 to 19,000");
        }
        let times = [self.say_every_s, self.after_s];
        if !times.iter().all(|it| (0.05..=3_600.0).contains(it)) {
            wrong.push("say_every_s, after_s: 0.05 to 3,600");
        }
        let times = [self.fill_s, self.steady_s];
        if !times.iter().all(|it| (0.0..=3_600.0).contains(it)) {
            wrong.push("fill_s, steady_s: 0 to 3,600");
        }
        let Within {
            within_5_s,
            within_10_s,
        } = self.objective;
        let shares = [self.ask_share, within_5_s, within_10_s];
        if !shares.iter().all(|it| (0.0..=1.0).contains(it)) {
            wrong.push("ask_share, objective: 0 to 1");
        }
        if self.supervisor.watch > 500 {
            wrong.push("supervisor.watch: at most 500");
        }
        if !(0.0..=1_000.0).contains(&self.supervisor.whispers_per_s) {
            wrong.push("supervisor.whispers_per_s: 0 to 1,000");
        }
        match wrong.is_empty() {
            true => Ok(()),
            false => bail!("{}", wrong.join("; ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_is_read_and_scaled_without_more_messages_a_second() {
        let text = include_str!("../../scenarios/failover.toml");
        let ours = Failover::read(text).expect("ours");
        let rate = |it: &Failover| f64::from(it.conversations) / it.say_every_s;
        let five = ours.clone().scaled(Some(10_000), Some(3)).expect("fits");
        assert!((rate(&ours) - rate(&five)).abs() < 1e-9);
        assert_eq!((five.conversations, five.seed), (10_000, 3));
        assert!(ours.scaled(Some(20_000), None).is_err());
    }
}
