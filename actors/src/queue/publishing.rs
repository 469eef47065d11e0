//! What a queue lets others know: places, statistics, and that it cannot keep an entry.

use std::sync::Arc;

use crate::board;
use crate::conversation::{self, Overflow, Place, WaitReason};
use crate::effect::{Effect, Envelope};
use crate::ids::{ConversationId, ConversationKey, Millis, Seq};
use crate::limits::{ANNOUNCE_MISSED_MS, PLACES_HEAD, PLACES_ROUND, QUEUE_TICK_MS};
use crate::skill_group;

use super::estimate::{Desks, Flow};
use super::note::QueueStats;
use super::order::OrderKey;
use super::state::{Queue, Standing, Turn};

impl Queue {
    /// First words to a new entry that nobody took at once: its place, or that it is too much.
    pub(super) fn welcome(&mut self, now: Millis, conversation: ConversationId, turn: &mut Turn) {
        if !self.warm {
            return;
        }
        let Some(entry) = self.entries.get(&conversation) else {
            return;
        };
        if matches!(entry.standing, Standing::Picked { .. }) {
            return;
        }
        let limit = self.policy.max_length as usize;
        if limit > 0 && self.line.len() > limit {
            self.overflow(conversation, turn);
        }
        let rank = self.line.rank(&self.entries[&conversation].key);
        let flow = self.flow(now);
        self.publish(now, conversation, rank, &flow, turn);
    }

    /// Tells an entry that it is not wanted here. It stays until it withdraws; one that was passed
    /// on before is kept, so that two full queues never throw one to and fro.
    pub(super) fn overflow(&mut self, conversation: ConversationId, turn: &mut Turn) {
        let Some(entry) = self.entries.get_mut(&conversation) else {
            return;
        };
        let passed_on = matches!(entry.waiting.reason, WaitReason::Overflow(_));
        if passed_on || matches!(entry.standing, Standing::Picked { .. }) {
            return;
        }
        entry.overflowing = true;
        let (entry, to): (Seq, Overflow) = (entry.id, self.policy.overflow.clone());
        let note = conversation::Note::Overflow { entry, to };
        turn.effects.push(self.to_conversation(conversation, note));
    }

    pub(super) fn tick(&mut self, now: Millis, turn: &mut Turn) {
        if !self.warm || now < self.tick_at {
            return;
        }
        self.tick_at = now.plus(QUEUE_TICK_MS);
        let open = self.open();
        self.rates.tick(now, open);
        self.sweep(now, turn);
        let stats = QueueStats {
            length: u32::try_from(self.line.len()).unwrap_or(u32::MAX),
            oldest_since: self.ages.keys().next().copied(),
            assigned_120s: self.rates.assigned_sum(now),
            abandoned_120s: self.rates.abandoned_sum(now),
            ready_agents: self.desk.presences().agents,
        };
        if self.told.as_ref() != Some(&stats) {
            turn.effects
                .push(self.to_group(skill_group::Note::Queue(stats.clone())));
            let note = board::Note::Queue {
                group: self.key.group.clone(),
                stats: stats.clone(),
            };
            let envelope = Envelope::Board(self.key.tenant.clone(), note);
            turn.effects.push(Effect::Tell(envelope));
            self.told = Some(stats);
        }
    }

    /// Publishes what changed, and asks who has fallen silent: the head of the line at every tick,
    /// those behind in turns.
    pub(super) fn sweep(&mut self, now: Millis, turn: &mut Turn) {
        if self.line.is_empty() {
            return;
        }
        if self.round >= self.line.len() {
            self.round = PLACES_HEAD;
        }
        let flow = self.flow(now);
        let head = self.line.starting_at(0).take(PLACES_HEAD).enumerate();
        let behind = (self.round..).zip(self.line.starting_at(self.round).take(PLACES_ROUND));
        let looked_at: Vec<(usize, OrderKey)> = head.chain(behind).collect();
        for (rank, key) in looked_at {
            self.publish(now, key.conversation, rank, &flow, turn);
            self.ask_if_silent(now, key.conversation, turn);
        }
        self.round += PLACES_ROUND;
    }

    /// A conversation that does not wait at this entry answers `Listed` with a withdrawal (rule 4);
    /// the queue itself never drops one (rule 7).
    fn ask_if_silent(&mut self, now: Millis, conversation: ConversationId, turn: &mut Turn) {
        let Some(entry) = self.entries.get_mut(&conversation) else {
            return;
        };
        if now.since(entry.heard_at) >= ANNOUNCE_MISSED_MS {
            entry.heard_at = now;
            let id = entry.id;
            turn.effects.push(self.listed(conversation, id));
        }
    }

    pub(super) fn publish(
        &mut self,
        now: Millis,
        conversation: ConversationId,
        rank: usize,
        flow: &Flow,
        turn: &mut Turn,
    ) {
        let Some(entry) = self.entries.get_mut(&conversation) else {
            return;
        };
        let place = Place {
            position: u32::try_from(rank + 1).unwrap_or(u32::MAX),
            wait_minutes: flow.wait_minutes(rank, entry.key.head_start_ms(now)),
        };
        let due = entry
            .published
            .is_none_or(|(told, at)| told != place && now.since(at) >= QUEUE_TICK_MS);
        if !due {
            return;
        }
        entry.published = Some((place, now));
        let entry = entry.id;
        let note = conversation::Note::Place { entry, place };
        turn.effects.push(self.to_conversation(conversation, note));
    }

    pub(super) fn flow(&mut self, now: Millis) -> Arc<Flow> {
        let second = now.0 / 1_000;
        if let Some((of, flow)) = &self.flow
            && *of == second
        {
            return flow.clone();
        }
        let desks = Desks {
            slots: self.desk.presences().capacity as f64,
            handling_ms: self.policy.handling_ms,
        };
        let flow = Arc::new(Flow::of(self.rates.observed(now), desks));
        self.flow = Some((second, flow.clone()));
        flow
    }

    /// Entries that are not picked.
    pub(super) fn open(&self) -> usize {
        self.line.len() - self.picks
    }

    /// Nothing waits, and the numbers last told will stay true.
    pub(super) fn is_quiet(&self) -> bool {
        let told = self.told.as_ref();
        self.line.is_empty()
            && told.is_some_and(|told| {
                told.length == 0
                    && told.assigned_120s == 0
                    && told.abandoned_120s == 0
                    && told.ready_agents == self.desk.presences().agents
            })
    }

    pub(super) fn listed(&self, conversation: ConversationId, entry: Seq) -> Effect {
        let queue_run = self.run;
        self.to_conversation(
            conversation,
            conversation::Note::Listed { entry, queue_run },
        )
    }

    pub(super) fn to_conversation(&self, id: ConversationId, note: conversation::Note) -> Effect {
        let tenant = self.key.tenant.clone();
        Effect::Tell(Envelope::Conversation(ConversationKey { tenant, id }, note))
    }

    pub(super) fn to_group(&self, note: skill_group::Note) -> Effect {
        Effect::Tell(Envelope::SkillGroup(self.key.clone(), note))
    }
}
