//! The shop that in-process benches play in: one tenant with one group.

use std::collections::HashMap;

use crest_actors::conversation::{Opened, Overflow};
use crest_actors::directory::{Boosts, Directory, Group, Tenant, Timing};
use crest_actors::ids::{CustomerId, TenantId};

/// A visitor's first conversation with the shop.
pub fn opened(customer: impl AsRef<str>) -> Opened {
    Opened {
        opening: 0,
        customer: CustomerId::new(customer),
        channel: "web".into(),
        tier: 0,
        display_name: None,
        attributes: Vec::new(),
        language: None,
        group: "sales".into(),
        sticky: None,
    }
}

/// Without agents and without bot.
pub fn tenant() -> Tenant {
    let group = Group {
        name: "Sales".to_owned(),
        required: Vec::new(),
        preferred: Vec::new(),
        max_length: 0,
        max_wait_ms: 0,
        overflow: Overflow::LeaveMessage,
        expected_handling_ms: 60_000,
    };
    Tenant {
        groups: HashMap::from([("sales".into(), group)]),
        agents: HashMap::new(),
        default_group: "sales".into(),
        timing: Timing::default(),
        boosts: Boosts::default(),
        channel_weights: HashMap::new(),
        bot_enabled: false,
        not_ready_reasons: Vec::new(),
    }
}

pub fn directory(shop: Tenant) -> Directory {
    Directory {
        tenants: HashMap::from([(TenantId::new("shop"), shop)]),
        revision: 1,
    }
}
