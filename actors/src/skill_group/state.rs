//! The roster and the measured handling time; whatever of it the queue needs is passed on at once.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use crate::agent::{self, Availability};
use crate::aggregate::{Aggregate, Context};
use crate::conversation::Entry;
use crate::directory::AgentProfile;
use crate::effect::{Effect, Envelope};
use crate::ids::{AgentId, AgentKey, GroupKey, Millis, Seq, Skill};
use crate::limits::{AVAILABILITY_STALE_MS, POLICY_REPEAT_MS};
use crate::queue::{self, Policy, QueueStats};

use super::note::Note;

type Turn = crate::aggregate::Turn<Infallible>;

/// Weight of one conversation in the mean handling time. A smaller number follows sooner, but
/// handling times differ so much that the mean, and every estimate of a wait, would jump about.
const HANDLED_SHARE: u64 = 64;
/// The configured time counts as so many conversations: enough that the first, which end first because
/// they are short, do not speak for all, and few enough that a wrong guess is soon outvoted.
const CONFIGURED_COUNTS: u64 = 4;
/// The queue is told of a new mean once it is off by more than this share.
const HANDLING_TOLD_SHARE: u64 = 50;

/// One group. Owns nothing durable: members announce themselves, the rest is configuration.
pub struct SkillGroup {
    key: GroupKey,
    roster: BTreeMap<AgentId, Member>,
    /// Mean in milliseconds; `None` until something was handled.
    handling_ms: Option<u64>,
    /// How many the mean is of, at most [`HANDLED_SHARE`].
    handled: u64,
    queue: Option<QueueStats>,
    policy: Option<Policy>,
    policy_at: Millis,
}

/// A member by the directory; `heard` once it has announced itself.
#[derive(Clone, Debug)]
struct Member {
    skills: Vec<Skill>,
    heard: Option<(Availability, Millis)>,
}

impl Aggregate for SkillGroup {
    type Key = GroupKey;
    type Event = Infallible;
    type Note = Note;

    fn empty(key: GroupKey) -> Self {
        Self {
            key,
            roster: BTreeMap::new(),
            handling_ms: None,
            handled: 0,
            queue: None,
            policy: None,
            policy_at: Millis(0),
        }
    }

    fn replay(&mut self, entry: &Arc<Entry<Infallible>>) {
        match entry.event {}
    }

    fn recovered(&mut self, context: &Context, turn: &mut Turn) {
        self.reconfigure(context, turn);
        self.call_members(turn);
    }

    fn apply(&mut self, context: &Context, note: Note, turn: &mut Turn) {
        match note {
            Note::Agent {
                agent,
                availability,
            } => self.heard(context.now, agent, availability, turn),
            Note::Handled { handling_ms } => self.handled(context, handling_ms, turn),
            Note::Queue(stats) => {
                self.queue = Some(stats);
                if context.now.since(self.policy_at) >= POLICY_REPEAT_MS {
                    self.tell_policy(context, true, turn);
                }
            }
            Note::Resend => self.resend(context, turn),
            Note::Reconfigured => self.reconfigure(context, turn),
            Note::Wake => {}
        }
    }

    fn wake() -> Note {
        Note::Wake
    }

    fn wake_at(&self) -> Option<Millis> {
        None
    }

    fn may_passivate(&self, _now: Millis) -> bool {
        self.handling_ms.is_none() && self.roster.values().all(|member| member.heard.is_none())
    }

    fn last(&self) -> Seq {
        Seq(0)
    }
}

impl SkillGroup {
    fn heard(&mut self, now: Millis, agent: AgentId, availability: Availability, turn: &mut Turn) {
        // Only the directory makes members: a late note of somebody dropped changes nothing.
        let Some(member) = self.roster.get_mut(&agent) else {
            return;
        };
        let known = member.heard.as_ref().map(|(known, _)| known.version);
        if known.is_some_and(|known| known >= availability.version) {
            return;
        }
        member.heard = Some((availability.clone(), now));
        let skills = member.skills.clone();
        turn.effects.push(self.to_queue(queue::Note::Agent {
            agent,
            availability,
            skills,
        }));
    }

    fn handled(&mut self, context: &Context, handling_ms: u64, turn: &mut Turn) {
        let mean = self.mean_handling_ms(context);
        self.handled = (self.handled + 1).min(HANDLED_SHARE);
        let counts = (self.handled + CONFIGURED_COUNTS).min(HANDLED_SHARE);
        let moved = mean - mean / counts + handling_ms / counts;
        self.handling_ms = Some(moved.max(1));
        self.tell_policy(context, false, turn);
    }

    /// Members as the directory has them now: leavers are reported, newcomers are asked.
    fn reconfigure(&mut self, context: &Context, turn: &mut Turn) {
        let tenant = context.directory.tenant(&self.key.tenant);
        let profiles = tenant.into_iter().flat_map(|tenant| &tenant.agents);
        let members: BTreeMap<&AgentId, &AgentProfile> = profiles
            .filter(|(_, profile)| profile.groups.contains(&self.key.group))
            .collect();
        let gone: Vec<AgentId> = self
            .roster
            .keys()
            .filter(|agent| !members.contains_key(agent))
            .cloned()
            .collect();
        for agent in gone {
            self.roster.remove(&agent);
            turn.effects
                .push(self.to_queue(queue::Note::AgentGone { agent }));
        }
        for (agent, profile) in members {
            self.enrol(context.now, agent, profile, turn);
        }
        self.tell_policy(context, false, turn);
    }

    fn enrol(&mut self, now: Millis, agent: &AgentId, profile: &AgentProfile, turn: &mut Turn) {
        let Some(member) = self.roster.get_mut(agent) else {
            let member = Member {
                skills: profile.skills.clone(),
                heard: None,
            };
            self.roster.insert(agent.clone(), member);
            turn.effects.push(self.call(agent));
            return;
        };
        if member.skills == profile.skills {
            return;
        }
        member.skills = profile.skills.clone();
        turn.effects.extend(self.pass_on(now, agent));
    }

    /// Everything the queue needs, from what is known and from the members themselves.
    fn resend(&mut self, context: &Context, turn: &mut Turn) {
        self.tell_policy(context, true, turn);
        let known = self
            .roster
            .keys()
            .filter_map(|agent| self.pass_on(context.now, agent));
        turn.effects.extend(known);
        self.call_members(turn);
    }

    fn call_members(&self, turn: &mut Turn) {
        turn.effects
            .extend(self.roster.keys().map(|agent| self.call(agent)));
    }

    fn call(&self, agent: &AgentId) -> Effect {
        let key = AgentKey {
            tenant: self.key.tenant.clone(),
            agent: agent.clone(),
        };
        let queue = self.key.group.clone();
        Effect::Tell(Envelope::Agent(key, agent::Note::Announce { queue }))
    }

    /// What is known of a member, unless it is too old to be passed on as news.
    fn pass_on(&self, now: Millis, agent: &AgentId) -> Option<Effect> {
        let member = self.roster.get(agent)?;
        let (availability, at) = member.heard.as_ref()?;
        let full = availability.load >= availability.capacity;
        if now.since(*at) >= AVAILABILITY_STALE_MS && !full {
            return None;
        }
        Some(self.to_queue(queue::Note::Agent {
            agent: agent.clone(),
            availability: availability.clone(),
            skills: member.skills.clone(),
        }))
    }

    fn mean_handling_ms(&self, context: &Context) -> u64 {
        let configured = Policy::configured(&context.directory, &self.key);
        let expected = configured.map_or(1, |policy| policy.handling_ms);
        self.handling_ms.unwrap_or(expected)
    }

    /// Tells the queue its policy: when it changed in earnest, or in any case if `repeat`.
    fn tell_policy(&mut self, context: &Context, repeat: bool, turn: &mut Turn) {
        let Some(mut policy) = Policy::configured(&context.directory, &self.key) else {
            return;
        };
        policy.handling_ms = self.mean_handling_ms(context);
        if let Some(told) = &self.policy {
            policy.revision = told.revision;
            let drift_ms = told.handling_ms.abs_diff(policy.handling_ms);
            if drift_ms <= told.handling_ms / HANDLING_TOLD_SHARE {
                policy.handling_ms = told.handling_ms;
            }
            if *told == policy && !repeat {
                return;
            }
        }
        // Grows over restarts too: a later life starts from a later time.
        policy.revision = context.now.0.max(policy.revision + 1);
        self.policy_at = context.now;
        self.policy = Some(policy.clone());
        turn.effects
            .push(self.to_queue(queue::Note::Policy(policy)));
    }

    fn to_queue(&self, note: queue::Note) -> Effect {
        Effect::Tell(Envelope::Queue(self.key.clone(), note))
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
