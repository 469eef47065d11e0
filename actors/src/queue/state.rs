//! The queue itself: one entry a conversation, matched as soon as anything changes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::convert::Infallible;
use std::sync::Arc;

use crate::agent::Availability;
use crate::aggregate::{Aggregate, Context};
use crate::conversation::{self, Entry as LogEntry, Place, Waiting};
use crate::ids::{AgentId, ConversationId, GroupKey, Millis, OfferId, Seq, Skill};
use crate::limits::{PLACE_REPEAT_MS, PLACES_HEAD, QUEUE_WARM_UP_MS};
use crate::skill_group;

use super::desk::{Desk, Spot};
use super::estimate::Flow;
use super::line::Line;
use super::note::{Note, Policy, QueueStats, Withdrawn};
use super::order::OrderKey;
use super::rates::Rates;
use super::seat::SeatIx;
use super::withdrawals::Withdrawals;

pub(super) type Turn = crate::aggregate::Turn<Infallible>;

/// Conversations waiting for one group. Owns nothing durable: after a restart it lives on what
/// conversations and agents announce again.
#[derive(Clone)]
pub struct Queue {
    pub(super) key: GroupKey,
    /// Tells this life from every other.
    pub(super) run: u64,
    pub(super) warm_at: Millis,
    pub(super) warm: bool,
    pub(super) policy: Policy,
    pub(super) entries: HashMap<ConversationId, Entry>,
    pub(super) line: Line,
    pub(super) desk: Desk,
    /// How many entries are picked.
    pub(super) picks: usize,
    /// How many wait since when.
    pub(super) ages: BTreeMap<Millis, u32>,
    pub(super) withdrawals: Withdrawals,
    pub(super) alarms: BinaryHeap<Reverse<(Millis, Alarm)>>,
    pub(super) rates: Rates,
    /// As it was in the second it was last asked for.
    pub(super) flow: Option<(u64, Arc<Flow>)>,
    pub(super) tick_at: Millis,
    /// Rank the round of publication has come to.
    pub(super) round: usize,
    pub(super) told: Option<QueueStats>,
}

/// Something to look at again when its time has come; harmless when it is no longer true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alarm {
    Entry(ConversationId),
    Seat(SeatIx),
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) id: Seq,
    pub(super) key: OrderKey,
    pub(super) waiting: Waiting,
    pub(super) standing: Standing,
    pub(super) published: Option<(Place, Millis)>,
    /// Announced then, or asked then whether it still waits.
    pub(super) heard_at: Millis,
    pub(super) overflowing: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Not looked at yet: the queue is warming up.
    Unplaced,
    Placed(Spot),
    Picked {
        seat: SeatIx,
        at: Millis,
        /// What the seat had announced, and all that it took with this pick.
        version: u64,
        used: u32,
    },
}

impl Aggregate for Queue {
    type Key = GroupKey;
    type Event = Infallible;
    type Note = Note;

    fn empty(key: GroupKey) -> Self {
        Self {
            key,
            run: 0,
            warm_at: Millis(0),
            warm: false,
            policy: Policy::unset(),
            entries: HashMap::new(),
            line: Line::default(),
            desk: Desk::default(),
            picks: 0,
            ages: BTreeMap::new(),
            withdrawals: Withdrawals::default(),
            alarms: BinaryHeap::new(),
            rates: Rates::new(Millis(0)),
            flow: None,
            tick_at: Millis(0),
            round: PLACES_HEAD,
            told: None,
        }
    }

    fn replay(&mut self, entry: &Arc<LogEntry<Infallible>>) {
        match entry.event {}
    }

    fn recovered(&mut self, context: &Context, turn: &mut Turn) {
        self.run = context.now.0;
        self.warm_at = context.now.plus(QUEUE_WARM_UP_MS);
        self.tick_at = self.warm_at;
        self.rates = Rates::new(context.now);
        if let Some(policy) = Policy::configured(&context.directory, &self.key) {
            self.policy = policy;
        }
        turn.effects.push(self.to_group(skill_group::Note::Resend));
    }

    fn apply(&mut self, context: &Context, note: Note, turn: &mut Turn) {
        let now = context.now;
        let mut newcomer = None;
        match note {
            Note::Announce {
                conversation,
                entry,
                tier: _,
                waiting,
            } => {
                if self.announced(now, conversation, entry, waiting, turn) {
                    newcomer = Some(conversation);
                }
            }
            Note::Withdraw {
                conversation,
                entry,
                why,
            } => self.withdrawn(now, conversation, entry, why),
            Note::Agent {
                agent,
                availability,
                skills,
            } => self.heard(now, &agent, availability, Some(skills)),
            Note::AgentGone { agent } => self.gone(now, &agent),
            Note::Refused {
                offer,
                availability,
            } => self.refused(now, &offer, availability),
            Note::Policy(policy) => self.follow(now, policy),
            Note::Wake => {}
        }
        self.warm_up(now);
        self.ring(now, turn);
        self.match_ready(now, turn);
        if let Some(conversation) = newcomer {
            self.welcome(now, conversation, turn);
        }
        self.tick(now, turn);
    }

    fn wake() -> Note {
        Note::Wake
    }

    fn wake_at(&self) -> Option<Millis> {
        if !self.warm {
            return Some(self.warm_at);
        }
        let alarm = self.alarms.peek().map(|Reverse((at, _))| *at);
        let tick = (!self.is_quiet()).then_some(self.tick_at);
        alarm.into_iter().chain(tick).min()
    }

    fn may_passivate(&self, _now: Millis) -> bool {
        self.warm && self.is_quiet() && self.desk.presences().agents == 0
    }

    fn last(&self) -> Seq {
        Seq(0)
    }
}

/// What it is told. Matching and publishing have files of their own.
impl Queue {
    /// True where the entry is new.
    fn announced(
        &mut self,
        now: Millis,
        conversation: ConversationId,
        id: Seq,
        waiting: Waiting,
        turn: &mut Turn,
    ) -> bool {
        if self.withdrawals.covers(conversation, id) {
            return false;
        }
        let known = self.entries.get(&conversation).map(|entry| entry.id);
        match known {
            Some(known) if known > id => return false,
            Some(known) if known == id => {
                self.announced_again(now, conversation, turn);
                return false;
            }
            Some(_) => {
                self.drop_entry(now, conversation);
            }
            None => {}
        }
        let key = OrderKey::of(conversation, &waiting, self.policy.starvation_ms);
        if self.warm {
            self.rates.arrived(now, key.head_start_ms(now));
        }
        self.line.insert(key);
        *self.ages.entry(waiting.enqueued_at).or_default() += 1;
        let entry = Entry {
            id,
            key,
            waiting,
            standing: Standing::Unplaced,
            published: None,
            heard_at: now,
            overflowing: false,
        };
        self.arm(now, conversation, &entry);
        self.entries.insert(conversation, entry);
        self.place(now, conversation);
        turn.effects.push(self.listed(conversation, id));
        true
    }

    fn announced_again(&mut self, now: Millis, conversation: ConversationId, turn: &mut Turn) {
        let Some(entry) = self.entries.get_mut(&conversation) else {
            return;
        };
        entry.heard_at = now;
        let id = entry.id;
        let repeat = match &mut entry.published {
            Some((place, at)) if now.since(*at) >= PLACE_REPEAT_MS => {
                *at = now;
                Some(*place)
            }
            _ => None,
        };
        let overflowing = entry.overflowing;
        turn.effects.push(self.listed(conversation, id));
        if let Some(place) = repeat {
            let note = conversation::Note::Place { entry: id, place };
            turn.effects.push(self.to_conversation(conversation, note));
        }
        if overflowing {
            self.overflow(conversation, turn);
        }
    }

    fn withdrawn(&mut self, now: Millis, conversation: ConversationId, id: Seq, why: Withdrawn) {
        self.withdrawals.remember(now, conversation, id);
        if self
            .entries
            .get(&conversation)
            .is_none_or(|entry| entry.id != id)
        {
            return;
        }
        self.drop_entry(now, conversation);
        match why {
            Withdrawn::Offered => self.rates.assigned(now, self.open()),
            Withdrawn::Abandoned => self.rates.abandoned(now),
            Withdrawn::Left => {}
        }
    }

    /// Takes what an agent says of itself, unless something newer is known.
    fn heard(
        &mut self,
        now: Millis,
        agent: &AgentId,
        availability: Availability,
        skills: Option<Vec<Skill>>,
    ) {
        let index = self.desk.seat_of(agent);
        if availability.version < self.desk.seat(index).availability.version {
            return;
        }
        let present = self.desk.presences();
        let freed = self.desk.change(index, |seat| {
            if availability.version > seat.availability.version {
                seat.settling = 0;
                seat.doubtful = false;
                seat.balked = false;
            }
            seat.availability = availability;
            if let Some(mut skills) = skills {
                skills.sort_unstable();
                skills.dedup();
                seat.skills = skills;
            }
            seat.heard_at = now;
            seat.fresh = true;
        });
        if self.desk.presences() != present {
            self.flow = None;
        }
        self.watch(now, index);
        self.replace(now, freed);
    }

    fn gone(&mut self, now: Millis, agent: &AgentId) {
        let Some(index) = self.desk.known(agent) else {
            return;
        };
        let freed = self.desk.change(index, |seat| {
            seat.availability.offerable = false;
            seat.skills.clear();
        });
        self.replace(now, freed);
    }

    fn refused(&mut self, now: Millis, offer: &OfferId, availability: Availability) {
        let version = availability.version;
        self.heard(now, &offer.agent, availability, None);
        let index = self.desk.seat_of(&offer.agent);
        let Some(entry) = self.entries.get(&offer.conversation) else {
            return;
        };
        let picked = matches!(entry.standing, Standing::Picked { seat, .. } if seat == index);
        if entry.id != offer.position || !picked {
            return;
        }
        let weight = entry.waiting.weight.max(1);
        self.reopen(now, offer.conversation);
        // By its own words it could have taken it: without this the two would go on for ever.
        let freed = self.desk.change(index, |seat| {
            seat.balked |= version >= seat.availability.version && seat.free() >= weight;
        });
        self.replace(now, freed);
    }

    fn follow(&mut self, now: Millis, policy: Policy) {
        if policy.revision < self.policy.revision {
            return;
        }
        self.flow = None;
        let rearm = policy.max_wait_ms != self.policy.max_wait_ms && policy.max_wait_ms > 0;
        self.policy = policy;
        if rearm {
            for (conversation, entry) in &self.entries {
                let at = entry.waiting.enqueued_at.plus(self.policy.max_wait_ms);
                self.alarms
                    .push(Reverse((at.max(now), Alarm::Entry(*conversation))));
            }
        }
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
