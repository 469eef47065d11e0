//! What a tenant may set about its service, as stored and as the HTTP interface shows it.

use std::collections::BTreeMap;

use crest_actors::directory::{Boosts, Timing};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::failure::DeskRefusal;
use super::limits::{CAPACITY_MAX, DURATION_MAX_MS, STICKY_DAYS_MAX, TIERS_MAX};
use super::records::{check_list, check_title, invalid};

/// A tenant's settings. Absent fields take their defaults, unknown ones are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantSettings {
    pub name: String,
    /// Where a conversation waits unless something says otherwise.
    pub default_group: String,
    /// Off: every conversation waits for a person at its first message.
    #[serde(default = "yes")]
    pub bot_enabled: bool,
    /// May customers come without a token of the shop?
    #[serde(default)]
    pub anonymous_visitors: bool,
    #[serde(default)]
    pub timing: TimingSettings,
    #[serde(default)]
    pub boosts: BoostSettings,
    /// Capacity a conversation of this channel takes; 1 where not listed.
    #[serde(default)]
    pub channel_weights: BTreeMap<String, u32>,
    /// Reasons an agent may give for not being ready.
    #[serde(default = "usual_reasons")]
    pub not_ready_reasons: Vec<String>,
}

fn yes() -> bool {
    true
}

fn usual_reasons() -> Vec<String> {
    ["break", "lunch", "training", "meeting"]
        .map(str::to_owned)
        .into()
}

impl TenantSettings {
    /// Defaults for everything but the name and the group.
    pub fn new(name: &str, default_group: &str) -> Self {
        Self {
            name: name.to_owned(),
            default_group: default_group.to_owned(),
            bot_enabled: yes(),
            anonymous_visitors: false,
            timing: TimingSettings::default(),
            boosts: BoostSettings::default(),
            channel_weights: BTreeMap::new(),
            not_ready_reasons: usual_reasons(),
        }
    }
}

impl TenantSettings {
    /// Form and bounds; whether the default group exists, the store says.
    pub fn check(&self) -> Result<(), DeskRefusal> {
        check_title("name", &self.name)?;
        check_list("not_ready_reasons", &self.not_ready_reasons)?;
        self.timing.check()?;
        self.boosts.check()?;
        if self
            .channel_weights
            .values()
            .any(|weight| !(1..=CAPACITY_MAX).contains(weight))
        {
            return Err(invalid("channel_weights", "must be 1 to 1000 each"));
        }
        Ok(())
    }
}

impl TimingSettings {
    /// Times without a meaning of 0 must be above it, or nothing could ever be done in them.
    fn check(&self) -> Result<(), DeskRefusal> {
        let needed = [self.offer_ms, self.bot_timeout_ms, self.starvation_ms];
        if needed.contains(&0) {
            return Err(invalid(
                "timing",
                "needs offer_ms, bot_timeout_ms and starvation_ms above 0",
            ));
        }
        let others = [
            self.abandon_grace_ms,
            self.agent_grace_ms,
            self.silence_close_ms,
            self.reopen_window_ms,
            self.wrap_up_ms,
            self.rate_window_ms,
            self.recall_window_ms,
            self.edit_window_ms,
            self.sticky_hold_ms,
            self.preferred_skill_ms,
            self.bot_burst_ms,
        ];
        let too_long = |ms: &u64| *ms > DURATION_MAX_MS;
        if needed.iter().chain(&others).any(too_long) || self.sticky_days > STICKY_DAYS_MAX {
            return Err(invalid("timing", "must be at most 90 days each"));
        }
        Ok(())
    }
}

impl BoostSettings {
    fn check(&self) -> Result<(), DeskRefusal> {
        let rising = self.tier_ms.is_sorted();
        if !rising || !(1..=TIERS_MAX).contains(&self.tier_ms.len()) {
            return Err(invalid(
                "boosts",
                "needs 1 to 10 tiers, each at least the one before",
            ));
        }
        let all = [self.recontact_ms, self.transfer_ms, self.max_ms];
        if self
            .tier_ms
            .iter()
            .chain(&all)
            .any(|ms| *ms > DURATION_MAX_MS)
        {
            return Err(invalid("boosts", "must be at most 90 days each"));
        }
        Ok(())
    }
}

/// The stored twin of a type of the domain, which knows no serde: same fields, same defaults.
macro_rules! twin {
    ($(#[$doc:meta])* $name:ident of $domain:ident { $($field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $(pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                $domain::default().into()
            }
        }

        impl From<$domain> for $name {
            fn from($domain { $($field,)* }: $domain) -> Self {
                Self { $($field,)* }
            }
        }

        impl From<$name> for $domain {
            fn from($name { $($field,)* }: $name) -> Self {
                Self { $($field,)* }
            }
        }
    };
}

twin! {
    /// Durations in milliseconds unless the name says otherwise; 0 means what
    /// [`crest_actors::directory::Timing`] says of it.
    TimingSettings of Timing {
        offer_ms: u64,
        abandon_grace_ms: u64,
        agent_grace_ms: u64,
        silence_close_ms: u64,
        reopen_window_ms: u64,
        wrap_up_ms: u64,
        rate_window_ms: u64,
        recall_window_ms: u64,
        edit_window_ms: u64,
        sticky_days: u32,
        sticky_hold_ms: u64,
        preferred_skill_ms: u64,
        bot_burst_ms: u64,
        bot_timeout_ms: u64,
        starvation_ms: u64,
    }
}

twin! {
    /// Head start in a queue, in milliseconds of waiting time; `tier_ms[0]` is the standard tier.
    BoostSettings of Boosts {
        tier_ms: Vec<u64>,
        recontact_ms: u64,
        transfer_ms: u64,
        max_ms: u64,
    }
}
