//! Waiting for an agent (rules 7 and 10): the order in the queue, announcements, overflow.

use crate::directory::{Group, Tenant};
use crate::ids::{AgentId, GroupId, Seq};
use crate::queue::{self, Withdrawn};
use crate::{effect::Push, limits};

use super::event::{Author, Body, CloseReason, Event, Message, WaitReason, Waiting};
use super::matter::Matter;
use super::note::{Overflow, Place};
use super::state::Conversation;
use super::step::Step;
use super::timers::Beats;

/// Attribute of a verified identity that says the customer wrote about this matter before.
const RECONTACT: &str = "recontact";

impl Conversation {
    /// Waits in `group`, or in its own; keeps the time at which it first waited in this opening.
    pub(super) fn wait_for_agent(
        &mut self,
        step: &mut Step<'_>,
        reason: WaitReason,
        group: Option<&GroupId>,
    ) {
        let Some(matter) = &self.fold.matter else {
            return;
        };
        let waiting = matter.fresh_wait(step, reason, group);
        self.wait(step, waiting);
    }

    /// Waits again where it waited, as old as it was and without the agent it was held for.
    pub(super) fn wait_again(
        &mut self,
        step: &mut Step<'_>,
        reason: WaitReason,
        excluded: Option<&AgentId>,
    ) {
        let waited = self.fold.matter.as_ref().and_then(|it| it.waited());
        let (_, waited) = waited.expect("what was offered has waited");
        let mut waiting = Waiting {
            reason,
            ..waited.clone()
        };
        if let Some(agent) = excluded {
            waiting.excluded.retain(|other| other != agent);
            if waiting.excluded.len() == limits::EXCLUDED_MAX {
                waiting.excluded.remove(0);
            }
            waiting.excluded.push(agent.clone());
            waiting.sticky = waiting.sticky.filter(|(sticky, _)| sticky != agent);
        }
        self.wait(step, waiting);
    }

    fn wait(&mut self, step: &mut Step<'_>, waiting: Waiting) {
        self.record(step, Event::Waiting(waiting));
        let beats = self.beats.get_or_insert_default();
        beats.listed = false;
        beats.place = None;
        self.announce(step);
    }

    /// Tells its queue that it waits, if it does, and when it will say so again.
    pub(super) fn announce(&mut self, step: &mut Step<'_>) {
        let Some(matter) = &self.fold.matter else {
            return;
        };
        let Some((entry, waiting)) = matter.waiting() else {
            return;
        };
        let note = queue::Note::Announce {
            conversation: self.key.id,
            entry,
            tier: matter.identity().tier,
            waiting: waiting.clone(),
        };
        self.tell_queue(step, &waiting.group, note);
        let beats = self.beats.get_or_insert_default();
        beats.announce_at = Some(step.now.plus(beats.announce_ms()));
    }

    pub(super) fn listed(&mut self, step: &mut Step<'_>, entry: Seq) {
        if !self.is_entry(step, entry) {
            return;
        }
        let beats = self.beats.get_or_insert_default();
        beats.listed = true;
        beats.announce_at = Some(step.now.plus(beats.announce_ms()));
    }

    pub(super) fn placed(&mut self, step: &mut Step<'_>, entry: Seq, place: Place) {
        if !self.is_entry(step, entry) {
            return;
        }
        let beats = self.beats.get_or_insert_default();
        if beats.place.replace(place) == Some(place) {
            return;
        }
        let conversation = self.key.id;
        for session in self.links.customers() {
            let place = Push::Place {
                conversation,
                place,
            };
            step.push(session, place);
        }
    }

    /// Its queue cannot keep it.
    pub(super) fn overflow(&mut self, step: &mut Step<'_>, entry: Seq, to: Overflow) {
        if !self.is_entry(step, entry) {
            return;
        }
        let Some(matter) = &self.fold.matter else {
            return;
        };
        let from = matter.group.clone();
        match to {
            Overflow::Group(group) if matter.may_overflow_to(step.tenant, &group) => {
                let reason = WaitReason::Overflow(from);
                self.let_go(step, Withdrawn::Left);
                self.wait_for_agent(step, reason, Some(&group));
            }
            Overflow::Bot if step.tenant.is_some_and(|tenant| tenant.bot_enabled) => {
                self.let_go(step, Withdrawn::Left);
                self.record(step, Event::BotResumed { from });
            }
            Overflow::Group(_) | Overflow::Bot | Overflow::LeaveMessage => {
                let language = matter.identity().language.as_deref();
                let text = Body::Text(overflow_words(language).into());
                self.record(step, system_message(text));
                self.end(step, CloseReason::Overflow, Author::System);
            }
        }
    }

    /// Is that the wait it is in? A queue that speaks of one that is over is told so (rule 4).
    fn is_entry(&self, step: &mut Step<'_>, entry: Seq) -> bool {
        let Some(matter) = &self.fold.matter else {
            return false;
        };
        if matter.waiting().is_some_and(|(own, _)| own == entry) {
            return true;
        }
        if entry <= matter.position {
            self.withdraw_everywhere(step, entry);
        }
        false
    }

    /// Which queue had it is not always known any more, and a withdrawal names the entry anyway.
    pub(super) fn withdraw_everywhere(&self, step: &mut Step<'_>, entry: Seq) {
        let Some(matter) = &self.fold.matter else {
            return;
        };
        for group in matter.left_groups.iter().chain([&matter.group]) {
            self.withdraw(step, group, entry, Withdrawn::Left);
        }
    }

    pub(super) fn withdraw(
        &self,
        step: &mut Step<'_>,
        group: &GroupId,
        entry: Seq,
        why: Withdrawn,
    ) {
        let conversation = self.key.id;
        let note = queue::Note::Withdraw {
            conversation,
            entry,
            why,
        };
        self.tell_queue(step, group, note);
    }
}

impl Beats {
    fn announce_ms(&self) -> u64 {
        match self.listed {
            true => limits::ANNOUNCE_SLOW_MS,
            false => limits::ANNOUNCE_REPEAT_MS,
        }
    }
}

impl Matter {
    fn fresh_wait(&self, step: &Step<'_>, reason: WaitReason, group: Option<&GroupId>) -> Waiting {
        let (group, settings) = self.destination(step.tenant, group);
        let enqueued_at = match self.waited() {
            Some((_, waited)) => waited.enqueued_at,
            None => step.now,
        };
        let identity = self.identity();
        let holder = self.phase.claim().map(|hold| &hold.offer.agent);
        let sticky = match identity.opening {
            0 => identity.sticky.as_ref(),
            _ => self.agent.as_ref().or(identity.sticky.as_ref()),
        };
        let sticky = sticky.filter(|agent| Some(*agent) != holder);
        let hold_until = enqueued_at.plus(step.timing.sticky_hold_ms);
        Waiting {
            group,
            enqueued_at,
            boost_ms: self.boost_ms(step.tenant, &reason),
            required: settings.map_or_else(Vec::new, |it| it.required.clone()),
            preferred: settings.map_or_else(Vec::new, |it| it.preferred.clone()),
            preferred_until: step.now.plus(step.timing.preferred_skill_ms),
            sticky: sticky.map(|agent| (agent.clone(), hold_until)),
            excluded: holder.cloned().into_iter().collect(),
            weight: self.weight(step.tenant),
            reason,
        }
    }

    /// The group asked for, else its own, else the tenant's default, whichever exists first.
    fn destination<'t>(
        &self,
        tenant: Option<&'t Tenant>,
        asked: Option<&GroupId>,
    ) -> (GroupId, Option<&'t Group>) {
        let Some(tenant) = tenant else {
            return (self.group.clone(), None);
        };
        let wanted = asked
            .into_iter()
            .chain([&self.group, &tenant.default_group]);
        let mut known = wanted.filter_map(|group| Some((group, tenant.groups.get(group)?)));
        match known.next() {
            Some((group, settings)) => (group.clone(), Some(settings)),
            None => (self.group.clone(), None),
        }
    }

    fn boost_ms(&self, tenant: Option<&Tenant>, reason: &WaitReason) -> u64 {
        let Some(boosts) = tenant.map(|tenant| &tenant.boosts) else {
            return 0;
        };
        let identity = self.identity();
        let tier = usize::from(identity.tier).min(boosts.tier_ms.len().saturating_sub(1));
        let mut boost = boosts.tier_ms.get(tier).copied().unwrap_or(0);
        if identity.opening > 0
            || identity
                .attributes
                .iter()
                .any(|(name, _)| name == RECONTACT)
        {
            boost = boost.saturating_add(boosts.recontact_ms);
        }
        if matches!(reason, WaitReason::Transfer(_) | WaitReason::AgentLost(_)) {
            boost = boost.saturating_add(boosts.transfer_ms);
        }
        // Moving to another queue or back from a supervisor never costs what it had.
        let had = self.waited().map_or(0, |(_, waited)| waited.boost_ms);
        boost.max(had).min(boosts.max_ms)
    }

    /// Capacity it takes of an agent.
    pub(super) fn weight(&self, tenant: Option<&Tenant>) -> u32 {
        let weights = tenant.map(|tenant| &tenant.channel_weights);
        let weight = weights.and_then(|weights| weights.get(&self.identity().channel));
        weight.copied().unwrap_or(1)
    }

    /// Two full queues would hand it to and fro for ever: what came by overflow goes on only to
    /// where it never was.
    fn may_overflow_to(&self, tenant: Option<&Tenant>, group: &GroupId) -> bool {
        let exists = tenant.is_some_and(|tenant| tenant.groups.contains_key(group));
        let waited = self.waited().map(|(_, waiting)| &waiting.reason);
        let moved = matches!(waited, Some(WaitReason::Overflow(_)));
        exists && *group != self.group && !(moved && self.left_groups.contains(group))
    }
}

pub(super) fn system_message(body: Body) -> Event {
    Event::Message(Message {
        author: Author::System,
        id: None,
        body,
    })
}

/// Chinese unless the customer's client announced one of the other two languages.
fn overflow_words(language: Option<&str>) -> &'static str {
    match language.map(|it| it.get(..2).unwrap_or(it)) {
        Some("en") => "Everybody is busy right now. Please write again and leave us a message.",
        Some("ja") => {
            "ただいま大変混み合っております。恐れ入りますが、改めてメッセージをお送りください。"
        }
        _ => "当前咨询人数较多，暂时无法接入人工客服，请稍后再次留言，我们会尽快回复您。",
    }
}
