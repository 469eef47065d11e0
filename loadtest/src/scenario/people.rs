//! How customers, agents and supervisors behave.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Customers {
    /// Share of conversations that need a person at some turn; the rest stay with the bot.
    pub human_share: f64,
    /// Mean pause before the next words, exponential, at most five times the mean. All pauses are
    /// drawn before the run: words go out at their time, whether or not the last ones were answered.
    pub think_ms: u64,
    /// Between the messages of one burst.
    pub burst_ms: u64,
    /// Longest wait for a person; for how long an end is waited for, too.
    pub patience_ms: u64,
    /// Share of those served who rate.
    pub rate_share: f64,
    /// Turns of a dialogue above this are cut, so that a short run ends.
    pub turns_max: u32,
    /// Share of messages before which the customer is seen typing.
    #[serde(default)]
    pub typing_share: f64,
    /// Share whose shop signed who they are; the rest are anonymous visitors.
    #[serde(default)]
    pub signed_share: f64,
    /// Share of the signed who are of tier `vip_tier`.
    #[serde(default)]
    pub vip_share: f64,
    #[serde(default = "first_tier")]
    pub vip_tier: u8,
    /// Share that stops reading its socket for `slow_ms` after each message of its own.
    #[serde(default)]
    pub slow_share: f64,
    #[serde(default)]
    pub slow_ms: u64,
    /// Share whose network vanishes once without a word, half-way: the old socket stays open and
    /// silent, the customer comes back on another.
    #[serde(default)]
    pub half_open_share: f64,
}

fn first_tier() -> u8 {
    1
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
    /// Share of offers that are left to run out; the agent is made ready again.
    #[serde(default)]
    pub miss_share: f64,
    #[serde(default)]
    pub decline_share: f64,
    /// Share of conversations passed on to `transfer_group` once, after the first reply.
    #[serde(default)]
    pub transfer_share: f64,
    #[serde(default)]
    pub transfer_group: String,
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
    pub count: u32,
    /// Conversations each may hold.
    pub capacity: u32,
    pub groups: Vec<String>,
    pub skills: Vec<String>,
    /// Password of those hired.
    pub password: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supervisors {
    pub login: String,
    pub password: String,
    /// Connections of this login, each a supervisor of its own.
    #[serde(default = "one")]
    pub count: usize,
    /// Conversations each watches at once.
    pub watch: usize,
    /// Whispers of each to the agents of watched conversations.
    pub whispers_per_s: f64,
}

fn one() -> usize {
    1
}

impl Customers {
    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        for (name, share) in [
            ("human_share", self.human_share),
            ("rate_share", self.rate_share),
            ("typing_share", self.typing_share),
            ("signed_share", self.signed_share),
            ("vip_share", self.vip_share),
            ("slow_share", self.slow_share),
            ("half_open_share", self.half_open_share),
        ] {
            check_share("customers", name, share, wrong);
        }
        if self.turns_max == 0 {
            wrong.push("customers.turns_max must be at least 1".to_owned());
        }
        if !(1..=9).contains(&self.vip_tier) {
            wrong.push("customers.vip_tier must be 1 to 9".to_owned());
        }
        if self.vip_share > 0.0 && self.signed_share == 0.0 {
            wrong.push("customers.vip_share needs signed_share: a tier is signed".to_owned());
        }
        if self.slow_share > 0.0 && self.slow_ms == 0 {
            wrong.push("customers.slow_share needs slow_ms".to_owned());
        }
    }
}

impl Agents {
    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        for (name, share) in [
            ("miss_share", self.miss_share),
            ("decline_share", self.decline_share),
            ("transfer_share", self.transfer_share),
        ] {
            check_share("agents", name, share, wrong);
        }
        if self.login.is_empty() && self.hire.is_none() {
            wrong.push("agents need a login or somebody hired".to_owned());
        }
        if self.transfer_share > 0.0 && self.transfer_group.is_empty() {
            wrong.push("agents.transfer_share needs transfer_group".to_owned());
        }
    }
}

impl Agents {
    /// Everybody who works, those to be hired included.
    pub fn people(&self) -> usize {
        let hired = self.hire.as_ref().map_or(0, |hire| hire.count as usize);
        self.login.len() + hired
    }

    /// So many of them in one tenant: who logs in, and how many are to be hired beside them.
    pub fn crew(&self, people: usize) -> (&[Login], usize) {
        let known = people.min(self.login.len());
        (&self.login[..known], people - known)
    }
}

impl Supervisors {
    pub fn as_login(&self) -> Login {
        Login {
            login: self.login.clone(),
            password: self.password.clone(),
        }
    }

    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        if !self.whispers_per_s.is_finite() || self.whispers_per_s < 0.0 {
            wrong.push("supervisors.whispers_per_s must not be negative".to_owned());
        }
        if self.watch > 500 {
            wrong.push("supervisors.watch is at most 500".to_owned());
        }
        if !(1..=50).contains(&self.count) {
            wrong.push("supervisors.count must be 1 to 50".to_owned());
        }
    }
}

fn check_share(of: &str, name: &str, share: f64, wrong: &mut Vec<String>) {
    if !(0.0..=1.0).contains(&share) {
        wrong.push(format!("{of}.{name} must lie within 0 and 1"));
    }
}
