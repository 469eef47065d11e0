//! The desk as actors see it.

use crest_actors::conversation;
use crest_actors::directory::{self, AgentProfile};
use crest_actors::ids::{AgentId, ChannelId, GroupId, Skill};

use super::records::{Group, Overflow, StaffMember, StaffRole, Tenant};

/// One tenant of the directory. Deactivated staff are not in it.
pub(super) fn tenant(
    tenant: Tenant,
    groups: Vec<Group>,
    staff: Vec<StaffMember>,
) -> directory::Tenant {
    let settings = tenant.settings;
    directory::Tenant {
        groups: groups
            .into_iter()
            .map(|profile| (profile.group_id(), group(profile)))
            .collect(),
        agents: staff
            .into_iter()
            .filter(|member| member.active)
            .map(|member| (AgentId::new(&member.id), profile(member)))
            .collect(),
        default_group: GroupId::new(&settings.default_group),
        timing: settings.timing.into(),
        boosts: settings.boosts.into(),
        channel_weights: settings
            .channel_weights
            .into_iter()
            .map(|(channel, weight)| (ChannelId::new(channel), weight))
            .collect(),
        bot_enabled: settings.bot_enabled,
        not_ready_reasons: settings.not_ready_reasons,
    }
}

fn group(group: Group) -> directory::Group {
    directory::Group {
        name: group.name,
        required: group.required.iter().map(Skill::new).collect(),
        preferred: group.preferred.iter().map(Skill::new).collect(),
        max_length: group.max_length,
        max_wait_ms: group.max_wait_ms,
        overflow: match group.overflow {
            Overflow::Group(to) => conversation::Overflow::Group(GroupId::new(to)),
            Overflow::Bot => conversation::Overflow::Bot,
            Overflow::LeaveMessage => conversation::Overflow::LeaveMessage,
        },
        expected_handling_ms: group.expected_handling_ms,
    }
}

fn profile(member: StaffMember) -> AgentProfile {
    AgentProfile {
        name: member.name,
        groups: member.groups.iter().map(GroupId::new).collect(),
        skills: member.skills.iter().map(Skill::new).collect(),
        capacity: member.capacity,
        role: member.role.into(),
    }
}

impl From<StaffRole> for directory::StaffRole {
    fn from(role: StaffRole) -> Self {
        match role {
            StaffRole::Agent => directory::StaffRole::Agent,
            StaffRole::Supervisor => directory::StaffRole::Supervisor,
            StaffRole::Admin => directory::StaffRole::Admin,
        }
    }
}
