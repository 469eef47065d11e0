//! Who gets whom: entries are placed, picked as soon as somebody can take them, and opened again.

use std::cmp::Reverse;

use crate::agent;
use crate::conversation::Waiting;
use crate::effect::{Effect, Envelope};
use crate::ids::{AgentKey, ConversationId, Millis, OfferId};
use crate::limits::{AVAILABILITY_STALE_MS, PICK_TIMEOUT_MS};

use super::desk::{Desk, Spot};
use super::order::OrderKey;
use super::seat::SeatIx;
use super::state::{Alarm, Entry, Queue, Standing, Turn};

impl Queue {
    /// Ends the warm-up: everything announced so far is placed, and matched in order.
    pub(super) fn warm_up(&mut self, now: Millis) {
        if self.warm || now < self.warm_at {
            return;
        }
        self.warm = true;
        let waiting: Vec<ConversationId> = self.entries.keys().copied().collect();
        for conversation in waiting {
            self.place(now, conversation);
        }
    }

    pub(super) fn ring(&mut self, now: Millis, turn: &mut Turn) {
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
    pub(super) fn revisit(&mut self, now: Millis, conversation: ConversationId, turn: &mut Turn) {
        let Some(entry) = self.entries.get(&conversation) else {
            return;
        };
        if let Standing::Picked { seat, at, .. } = entry.standing {
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
    pub(super) fn watch(&mut self, now: Millis, index: SeatIx) {
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

    pub(super) fn match_ready(&mut self, now: Millis, turn: &mut Turn) {
        if !self.warm {
            return;
        }
        while let Some((key, chosen)) = self.desk.next() {
            let seat = self.preferred(now, key.conversation).unwrap_or(chosen);
            self.pick(now, key.conversation, seat, turn);
        }
    }

    /// The sticky agent, while its deadline is ahead and it can take the entry now.
    pub(super) fn preferred(&self, now: Millis, conversation: ConversationId) -> Option<SeatIx> {
        let entry = &self.entries[&conversation];
        let (agent, until) = entry.waiting.sticky.as_ref()?;
        let seat = self.desk.known(agent)?;
        let Standing::Placed(spot) = &entry.standing else {
            return None;
        };
        (*until > now && self.desk.fits(spot, seat)).then_some(seat)
    }

    pub(super) fn pick(
        &mut self,
        now: Millis,
        conversation: ConversationId,
        seat: SeatIx,
        turn: &mut Turn,
    ) {
        self.unplace(conversation);
        let entry = self
            .entries
            .get_mut(&conversation)
            .expect("what is placed is an entry");
        let (position, weight) = (entry.id, entry.waiting.weight);
        let chosen = self.desk.seat(seat);
        entry.standing = Standing::Picked {
            seat,
            at: now,
            version: chosen.availability.version,
            used: chosen.used() + weight.max(1),
        };
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
    pub(super) fn reopen(&mut self, now: Millis, conversation: ConversationId) {
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

    pub(super) fn drop_entry(&mut self, now: Millis, conversation: ConversationId) {
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
        if let Standing::Picked {
            seat,
            version,
            used,
            ..
        } = entry.standing
        {
            self.picks -= 1;
            let weight = entry.waiting.weight.max(1);
            // The agent may hold it: unless it has said so, its room stays taken until it says how
            // things stand.
            let freed = self.desk.change(seat, |seat| {
                seat.picked -= weight;
                if !seat.has_shown(version, used) {
                    seat.settling += weight;
                }
            });
            self.replace(now, freed);
        }
    }

    pub(super) fn replace(&mut self, now: Millis, freed: Vec<OrderKey>) {
        for key in freed {
            if let Some(entry) = self.entries.get_mut(&key.conversation) {
                entry.standing = Standing::Unplaced;
                self.place(now, key.conversation);
            }
        }
    }

    /// Puts an entry where it waits at this moment, wherever it was before.
    pub(super) fn place(&mut self, now: Millis, conversation: ConversationId) {
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

    pub(super) fn unplace(&mut self, conversation: ConversationId) {
        let Some(entry) = self.entries.get_mut(&conversation) else {
            return;
        };
        if let Standing::Placed(spot) = &entry.standing {
            self.desk.remove(spot, &entry.key);
            entry.standing = Standing::Unplaced;
        }
    }

    pub(super) fn arm(&mut self, now: Millis, conversation: ConversationId, entry: &Entry) {
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
