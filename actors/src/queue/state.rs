//! The queue itself: one entry a conversation, matched as soon as anything changes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::convert::Infallible;
use std::sync::Arc;

use crate::agent::{self, Availability};
use crate::aggregate::{Aggregate, Context};
use crate::board;
use crate::conversation::{self, Entry as LogEntry, Overflow, Place, WaitReason, Waiting};
use crate::effect::{Effect, Envelope};
use crate::ids::{
    AgentId, AgentKey, ConversationId, ConversationKey, GroupKey, Millis, OfferId, Seq, Skill,
};
use crate::limits::{
    AVAILABILITY_STALE_MS, PICK_TIMEOUT_MS, PLACE_REPEAT_MS, PLACES_HEAD, PLACES_ROUND,
    QUEUE_TICK_MS, QUEUE_WARM_UP_MS,
};
use crate::skill_group;

use super::desk::{Desk, Spot};
use super::estimate::{Desks, Flow};
use super::line::Line;
use super::note::{Note, Policy, QueueStats, Withdrawn};
use super::order::OrderKey;
use super::rates::Rates;
use super::seat::SeatIx;
use super::withdrawals::Withdrawals;

type Turn = crate::aggregate::Turn<Infallible>;

/// Conversations waiting for one group. Owns nothing durable: after a restart it lives on what
/// conversations and agents announce again.
#[derive(Clone)]
pub struct Queue {
    key: GroupKey,
    /// Tells this life from every other.
    run: u64,
    warm_at: Millis,
    warm: bool,
    policy: Policy,
    entries: HashMap<ConversationId, Entry>,
    line: Line,
    desk: Desk,
    /// Entries that are picked, and since when all wait.
    picks: usize,
    ages: BTreeMap<Millis, u32>,
    withdrawals: Withdrawals,
    alarms: BinaryHeap<Reverse<(Millis, Alarm)>>,
    rates: Rates,
    tick_at: Millis,
    /// Rank the round of publication has come to.
    round: usize,
    told: Option<QueueStats>,
}

/// Something to look at again when its time has come; harmless when it is no longer true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Alarm {
    Entry(ConversationId),
    Seat(SeatIx),
}

#[derive(Clone, Debug)]
struct Entry {
    id: Seq,
    key: OrderKey,
    waiting: Waiting,
    standing: Standing,
    published: Option<(Place, Millis)>,
    overflowing: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Standing {
    /// Not looked at yet: the queue is warming up.
    Unplaced,
    Placed(Spot),
    Picked {
        seat: SeatIx,
        at: Millis,
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

/// What it is told.
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

/// What it does about it.
impl Queue {
    /// Ends the warm-up: everything announced so far is placed, and matched in order.
    fn warm_up(&mut self, now: Millis) {
        if self.warm || now < self.warm_at {
            return;
        }
        self.warm = true;
        let waiting: Vec<ConversationId> = self.entries.keys().copied().collect();
        for conversation in waiting {
            self.place(now, conversation);
        }
    }

    fn ring(&mut self, now: Millis, turn: &mut Turn) {
        while let Some(Reverse((at, alarm))) = self.alarms.peek().copied() {
            if at > now {
                return;
            }
            self.alarms.pop();
            match alarm {
                Alarm::Entry(conversation) => self.revisit(now, conversation, turn),
                Alarm::Seat(index) => {
                    self.desk.change(index, |seat| seat.watched = false);
                    self.watch(now, index);
                }
            }
        }
    }

    /// A deadline of this entry may have come: of its pick, its preferences, its wait.
    fn revisit(&mut self, now: Millis, conversation: ConversationId, turn: &mut Turn) {
        let Some(entry) = self.entries.get(&conversation) else {
            return;
        };
        if let Standing::Picked { seat, at } = entry.standing {
            if now.since(at) < PICK_TIMEOUT_MS {
                return;
            }
            self.reopen(now, conversation);
            let freed = self.desk.change(seat, |seat| seat.doubtful = true);
            self.replace(now, freed);
        } else {
            self.place(now, conversation);
        }
        let (entry, limit) = (&self.entries[&conversation], self.policy.max_wait_ms);
        if limit > 0 && now.since(entry.waiting.enqueued_at) >= limit && self.warm {
            self.overflow(conversation, turn);
        }
    }

    /// Arms or takes the deadline after which an agent that was not heard of is not believed.
    fn watch(&mut self, now: Millis, index: SeatIx) {
        let seat = self.desk.seat(index);
        if seat.watched || !seat.fresh {
            return;
        }
        let stale_at = seat.heard_at.plus(AVAILABILITY_STALE_MS);
        if stale_at > now {
            self.alarms.push(Reverse((stale_at, Alarm::Seat(index))));
            self.desk.change(index, |seat| seat.watched = true);
        } else {
            let freed = self.desk.change(index, |seat| seat.fresh = false);
            self.replace(now, freed);
        }
    }

    fn match_ready(&mut self, now: Millis, turn: &mut Turn) {
        if !self.warm {
            return;
        }
        while let Some((key, chosen)) = self.desk.next() {
            let seat = self.preferred(now, key.conversation).unwrap_or(chosen);
            self.pick(now, key.conversation, seat, turn);
        }
    }

    /// The sticky agent, while its deadline is ahead and it can take the entry now.
    fn preferred(&self, now: Millis, conversation: ConversationId) -> Option<SeatIx> {
        let entry = &self.entries[&conversation];
        let (agent, until) = entry.waiting.sticky.as_ref()?;
        let seat = self.desk.known(agent)?;
        let Standing::Placed(spot) = &entry.standing else {
            return None;
        };
        (*until > now && self.desk.fits(spot, seat)).then_some(seat)
    }

    fn pick(&mut self, now: Millis, conversation: ConversationId, seat: SeatIx, turn: &mut Turn) {
        self.unplace(conversation);
        let entry = self
            .entries
            .get_mut(&conversation)
            .expect("what is placed is an entry");
        entry.standing = Standing::Picked { seat, at: now };
        let (position, weight) = (entry.id, entry.waiting.weight);
        self.picks += 1;
        let freed = self.desk.change(seat, |seat| seat.picked += weight.max(1));
        self.replace(now, freed);
        let alarm = Alarm::Entry(conversation);
        self.alarms
            .push(Reverse((now.plus(PICK_TIMEOUT_MS), alarm)));
        let agent = self.desk.seat(seat).agent.clone();
        let note = agent::Note::Reserve {
            offer: OfferId {
                conversation,
                position,
                agent: agent.clone(),
            },
            weight,
            queue: Some(self.key.group.clone()),
            forced: false,
        };
        let key = AgentKey {
            tenant: self.key.tenant.clone(),
            agent,
        };
        turn.effects.push(Effect::Tell(Envelope::Agent(key, note)));
    }

    /// A pick that came to nothing: the entry may be picked again, where it stood.
    fn reopen(&mut self, now: Millis, conversation: ConversationId) {
        let Some(entry) = self.entries.get_mut(&conversation) else {
            return;
        };
        let Standing::Picked { seat, .. } = entry.standing else {
            return;
        };
        entry.standing = Standing::Unplaced;
        let weight = entry.waiting.weight.max(1);
        self.picks -= 1;
        let freed = self.desk.change(seat, |seat| seat.picked -= weight);
        self.replace(now, freed);
        self.place(now, conversation);
    }

    fn drop_entry(&mut self, now: Millis, conversation: ConversationId) {
        self.unplace(conversation);
        let Some(entry) = self.entries.remove(&conversation) else {
            return;
        };
        self.line.remove(&entry.key);
        if let Some(count) = self.ages.get_mut(&entry.waiting.enqueued_at) {
            *count -= 1;
            if *count == 0 {
                self.ages.remove(&entry.waiting.enqueued_at);
            }
        }
        if let Standing::Picked { seat, .. } = entry.standing {
            self.picks -= 1;
            let weight = entry.waiting.weight.max(1);
            // The agent may hold it: its room stays taken until it says how things stand.
            let freed = self.desk.change(seat, |seat| {
                seat.picked -= weight;
                seat.settling += weight;
            });
            self.replace(now, freed);
        }
    }

    fn replace(&mut self, now: Millis, freed: Vec<OrderKey>) {
        for key in freed {
            if let Some(entry) = self.entries.get_mut(&key.conversation) {
                entry.standing = Standing::Unplaced;
                self.place(now, key.conversation);
            }
        }
    }

    /// Puts an entry where it waits at this moment, wherever it was before.
    fn place(&mut self, now: Millis, conversation: ConversationId) {
        if !self.warm {
            return;
        }
        self.unplace(conversation);
        let Some(entry) = self.entries.get_mut(&conversation) else {
            return;
        };
        if entry.standing != Standing::Unplaced {
            return;
        }
        let spot = spot(&mut self.desk, now, &entry.waiting);
        self.desk.place(&spot, entry.key);
        entry.standing = Standing::Placed(spot);
    }

    fn unplace(&mut self, conversation: ConversationId) {
        let Some(entry) = self.entries.get_mut(&conversation) else {
            return;
        };
        if let Standing::Placed(spot) = &entry.standing {
            self.desk.remove(spot, &entry.key);
            entry.standing = Standing::Unplaced;
        }
    }

    fn arm(&mut self, now: Millis, conversation: ConversationId, entry: &Entry) {
        let waiting = &entry.waiting;
        let sticky = waiting.sticky.as_ref().map(|(_, until)| *until);
        let preferred = (!waiting.preferred.is_empty()).then_some(waiting.preferred_until);
        let limit = (self.policy.max_wait_ms > 0)
            .then(|| waiting.enqueued_at.plus(self.policy.max_wait_ms).max(now));
        let ahead = sticky.into_iter().chain(preferred).filter(|at| *at > now);
        for at in ahead.chain(limit) {
            self.alarms.push(Reverse((at, Alarm::Entry(conversation))));
        }
    }

    /// First words to a new entry that nobody took at once: its place, or that it is too much.
    fn welcome(&mut self, now: Millis, conversation: ConversationId, turn: &mut Turn) {
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
    fn overflow(&mut self, conversation: ConversationId, turn: &mut Turn) {
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
}

/// What it lets others know.
impl Queue {
    fn tick(&mut self, now: Millis, turn: &mut Turn) {
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

    /// Publishes what changed: the head of the line at every tick, those behind in turns.
    fn sweep(&mut self, now: Millis, turn: &mut Turn) {
        if self.line.is_empty() {
            return;
        }
        if self.round >= self.line.len() {
            self.round = PLACES_HEAD;
        }
        let flow = self.flow(now);
        let head = self.line.from_rank(0).take(PLACES_HEAD).enumerate();
        let behind = (self.round..).zip(self.line.from_rank(self.round).take(PLACES_ROUND));
        let looked_at: Vec<(usize, OrderKey)> = head.chain(behind).collect();
        for (rank, key) in looked_at {
            self.publish(now, key.conversation, rank, &flow, turn);
        }
        self.round += PLACES_ROUND;
    }

    fn publish(
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

    fn flow(&mut self, now: Millis) -> Flow {
        let desks = Desks {
            slots: self.desk.presences().capacity as f64,
            handling_ms: self.policy.handling_ms,
        };
        Flow::of(&self.rates.observed(now), desks)
    }

    /// Entries that are not picked.
    fn open(&self) -> usize {
        self.line.len() - self.picks
    }

    /// Nothing waits, and the numbers last told will stay true.
    fn is_quiet(&self) -> bool {
        let told = self.told.as_ref();
        self.line.is_empty()
            && told.is_some_and(|told| {
                told.length == 0
                    && told.assigned_120s == 0
                    && told.abandoned_120s == 0
                    && told.ready_agents == self.desk.presences().agents
            })
    }

    fn listed(&self, conversation: ConversationId, entry: Seq) -> Effect {
        let queue_run = self.run;
        self.to_conversation(
            conversation,
            conversation::Note::Listed { entry, queue_run },
        )
    }

    fn to_conversation(&self, id: ConversationId, note: conversation::Note) -> Effect {
        let tenant = self.key.tenant.clone();
        Effect::Tell(Envelope::Conversation(ConversationKey { tenant, id }, note))
    }

    fn to_group(&self, note: skill_group::Note) -> Effect {
        Effect::Tell(Envelope::SkillGroup(self.key.clone(), note))
    }
}

/// Where an entry waits now. A sticky agent is waited for while it is there, even without room; once
/// its deadline has passed, or it is away, anybody may have the entry.
fn spot(desk: &mut Desk, now: Millis, waiting: &Waiting) -> Spot {
    let mut needs = waiting.required.clone();
    if waiting.preferred_until > now {
        needs.extend_from_slice(&waiting.preferred);
    }
    needs.sort_unstable();
    needs.dedup();
    let lane = desk.lane_of(needs, waiting.weight);
    let sticky = waiting
        .sticky
        .as_ref()
        .filter(|(agent, until)| *until > now && !waiting.excluded.contains(agent));
    if let Some(seat) = sticky.and_then(|(agent, _)| desk.known(agent))
        && desk.may_hold(lane, seat)
    {
        return Spot::Held(lane, seat);
    }
    let mut excluded: Vec<SeatIx> = waiting
        .excluded
        .iter()
        .map(|agent| desk.seat_of(agent))
        .collect();
    excluded.sort_unstable();
    excluded.dedup();
    Spot::Open(lane, excluded)
}
