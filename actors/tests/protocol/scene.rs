//! The shop in which it all happens: names, configuration, and what people send.

use std::sync::Arc;

use crest_actors::conversation::{Command, Note, Overflow, Role};
use crest_actors::customer::Identity;
use crest_actors::directory::{AgentProfile, Boosts, Directory, Group, StaffRole, Tenant, Timing};
use crest_actors::ids::{
    AgentId, AgentKey, ConversationId, ConversationKey, CustomerKey, GroupKey, Seq, SessionId,
};

pub const START: u64 = 1_000_000;
pub const CAPACITY: u32 = 1;
pub const AGENTS: [&str; 2] = ["ann", "bob"];
pub const CUSTOMERS: [&str; 2] = ["kim", "lee"];
/// Longer than any exploration settles: people's deadlines stand still.
pub const NEVER_MS: u64 = 1_000_000_000;

pub fn directory() -> Arc<Directory> {
    let group = Group {
        name: "Sales".into(),
        required: vec![],
        preferred: vec![],
        max_length: 0,
        max_wait_ms: 0,
        overflow: Overflow::Bot,
        expected_handling_ms: 60_000,
    };
    let profile = AgentProfile {
        name: "Agent".into(),
        groups: vec!["sales".into()],
        skills: vec![],
        capacity: CAPACITY,
        role: StaffRole::Agent,
    };
    let timing = Timing {
        offer_ms: NEVER_MS,
        abandon_grace_ms: NEVER_MS,
        agent_grace_ms: 0,
        silence_close_ms: 0,
        reopen_window_ms: NEVER_MS,
        wrap_up_ms: 0,
        sticky_days: 0,
        sticky_hold_ms: 0,
        starvation_ms: NEVER_MS,
        ..Timing::default()
    };
    let tenant = Tenant {
        groups: [("sales".into(), group)].into(),
        agents: AGENTS.map(|it| (it.into(), profile.clone())).into(),
        default_group: "sales".into(),
        timing,
        boosts: Boosts::default(),
        channel_weights: [].into(),
        bot_enabled: false,
        not_ready_reasons: vec![],
    };
    Arc::new(Directory {
        tenants: [("shop".into(), tenant)].into(),
        revision: 1,
    })
}

pub fn agent_key(agent: &AgentId) -> AgentKey {
    AgentKey {
        tenant: "shop".into(),
        agent: agent.clone(),
    }
}

pub fn customer_key(customer: &str) -> CustomerKey {
    CustomerKey {
        tenant: "shop".into(),
        customer: customer.into(),
    }
}

pub fn conversation_key(id: ConversationId) -> ConversationKey {
    ConversationKey {
        tenant: "shop".into(),
        id,
    }
}

pub fn queue_key() -> GroupKey {
    GroupKey {
        tenant: "shop".into(),
        group: "sales".into(),
    }
}

pub fn session(slot: u32) -> SessionId {
    SessionId {
        node: 0,
        arbiter: 0,
        slot,
        generation: 0,
    }
}

pub fn session_of(agent: &AgentId) -> SessionId {
    let slot = AGENTS.iter().position(|it| *it == agent.as_str());
    session(slot.map_or(0, |it| it as u32))
}

pub fn identity() -> Identity {
    Identity {
        channel: "web".into(),
        tier: 0,
        display_name: None,
        attributes: vec![],
        language: None,
        group: None,
    }
}

/// A session that comes, says one thing and goes.
pub fn visit(role: Role, command: Command) -> [Note; 3] {
    let (session, link) = (session(9), 0);
    [
        Note::Attach {
            session,
            link,
            role,
            after: Seq(0),
        },
        Note::Command {
            session,
            link,
            number: 0,
            reference: 0,
            command,
        },
        Note::Detach { session, link },
    ]
}
