//! All actors of one kind on one arbiter: finds them, starts them, restarts what died.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use actix::Actor;
use foldhash::fast::RandomState;

use crate::effect::Effect;
use crate::ids::{Millis, Seq, Shard, TenantId};
use crate::limits::LANE_NOTES;
use crate::ports::{Activation, StoreFailure};

use super::entity::{Entity, Life};
use super::guardian::{Guardian, Verdict};
use super::kind::Kind;
use super::lane::Lane;
use super::{Hub, Parcel};

/// Actors by key.
pub struct Region<A: Kind> {
    slots: RefCell<HashMap<A::Key, Slot<A>, RandomState>>,
    /// What those keep that rest out of memory; taken up when they are next disturbed.
    resting: RefCell<HashMap<A::Key, Box<A::Rest>, RandomState>>,
    guardian: RefCell<Guardian<A::Key>>,
}

struct Slot<A: Kind> {
    lane: Rc<Lane<A::Note>>,
    /// Tells one life of the actor from the next.
    instance: u64,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Its log is being read; notes gather in the lane.
    Loading,
    Up,
    /// Died too often, or its log cannot be read: refuses until then.
    Aside(Millis),
}

/// A region as `GET /admin/actors` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionView {
    pub kind: &'static str,
    pub up: usize,
    pub loading: usize,
    pub aside: usize,
    pub queued_notes: usize,
    pub longest_lane: usize,
    pub restarts: u64,
}

/// One actor as `GET /admin/actors` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActorView {
    pub kind: &'static str,
    /// Its name within the tenant.
    pub id: String,
    pub shard: Shard,
    /// Notes in its lane.
    pub waiting: usize,
    pub last: Seq,
    /// Deaths within the guardian's window.
    pub restarts: u32,
    /// `loading`, `up` or `aside`.
    pub phase: &'static str,
}

impl<A: Kind> Default for Region<A> {
    fn default() -> Self {
        Self {
            slots: RefCell::default(),
            resting: RefCell::default(),
            guardian: RefCell::default(),
        }
    }
}

impl<A: Kind> Region<A> {
    /// Puts a note into the actor's lane, starting the actor where it is not in memory.
    /// Gives the note back where the lane is full or the actor is put aside.
    pub fn tell(&self, hub: &Rc<Hub>, key: &A::Key, note: A::Note) -> Result<(), A::Note> {
        let mut slots = self.slots.borrow_mut();
        if let Some(slot) = slots.get_mut(key) {
            match slot.phase {
                Phase::Loading | Phase::Up => return slot.lane.push(note),
                Phase::Aside(until) if hub.now() < until => return Err(note),
                Phase::Aside(_) => {}
            }
        }
        let resting = self.resting.borrow();
        if resting
            .get(key)
            .is_some_and(|rest| A::undisturbed(rest, &note))
        {
            return Ok(());
        }
        drop(resting);
        let slot = Slot {
            lane: Lane::new(LANE_NOTES),
            instance: hub.next_instance(),
            phase: Phase::Loading,
        };
        let pushed = slot.lane.push(note);
        let instance = slot.instance;
        slots.insert(key.clone(), slot);
        drop(slots);
        self.load(hub, key, instance);
        pushed
    }

    /// Wakes an actor whose deadline has come, reading it back from its log if need be.
    pub fn wake(&self, hub: &Rc<Hub>, key: &A::Key) {
        let in_memory = |slot: &&Slot<A>| !matches!(slot.phase, Phase::Aside(_));
        if let Some(slot) = self.slots.borrow().get(key).filter(in_memory) {
            return slot.lane.check();
        }
        let _ = self.tell(hub, key, A::wake());
    }

    /// Is its log being read?
    pub fn is_loading(&self, key: &A::Key) -> bool {
        let slots = self.slots.borrow();
        slots
            .get(key)
            .is_some_and(|slot| slot.phase == Phase::Loading)
    }

    pub fn keys(&self) -> Vec<A::Key> {
        self.slots.borrow().keys().cloned().collect()
    }

    /// Keys of those that rest out of memory.
    pub fn resting(&self) -> Vec<A::Key> {
        self.resting.borrow().keys().cloned().collect()
    }

    /// The actor left memory in good order; notes that came meanwhile start it again.
    pub(super) fn passivated(
        &self,
        hub: &Rc<Hub>,
        key: &A::Key,
        instance: u64,
        rest: Option<Box<A::Rest>>,
    ) {
        let Some(left) = self.remove(key, instance) else {
            return;
        };
        if let Some(rest) = rest {
            self.resting.borrow_mut().insert(key.clone(), rest);
        }
        for note in left {
            let _ = self.tell(hub, key, note);
        }
    }

    /// The actor died. Its guardian decides; what waits in its lane goes to its next life.
    pub(super) fn died(&self, hub: &Rc<Hub>, key: &A::Key, instance: u64) {
        if self
            .slots
            .borrow()
            .get(key)
            .is_none_or(|slot| slot.instance != instance)
        {
            return;
        }
        let shard = A::address(key).shard();
        let verdict = self.guardian.borrow_mut().died(hub.now(), key, shard);
        tracing::error!(kind = A::NAME, address = ?A::address(key), ?verdict, "actor died");
        match verdict {
            Verdict::RestartEntity => self.passivated(hub, key, instance, None),
            Verdict::PutAside { until } => self.put_aside(hub, key, until),
            Verdict::RestartShard(shard) => {
                self.drop_where(hub, |key| A::address(key).shard() == shard)
            }
            Verdict::RestartRegion => self.drop_where(hub, |_| true),
            Verdict::EndProcess => hub.end_process(A::NAME),
        }
    }

    /// Throws the value away (its append failed); the next note replays it from the log.
    pub(super) fn discard(&self, hub: &Rc<Hub>, key: &A::Key) {
        let instance = self.slots.borrow().get(key).map(|slot| slot.instance);
        if let Some(instance) = instance {
            hub.bury(instance);
            self.passivated(hub, key, instance, None);
        }
    }

    /// Drops every actor that matches; each is read again when it is next told something.
    pub fn drop_where(&self, hub: &Rc<Hub>, matches: impl Fn(&A::Key) -> bool) {
        for key in self.keys() {
            if matches(&key) {
                self.discard(hub, &key);
            }
        }
    }

    /// Those shards have another owner, or may have: nothing is decided for them here any more. What
    /// waited in lanes goes where they are now.
    pub(super) fn leave(&self, hub: &Rc<Hub>, gone: &dyn Fn(Shard) -> bool) {
        self.resting
            .borrow_mut()
            .retain(|key, _| !gone(A::shard(key)));
        for key in self.keys() {
            let instance = self.slots.borrow().get(&key).map(|slot| slot.instance);
            let Some(instance) = instance.filter(|_| gone(A::shard(&key))) else {
                continue;
            };
            hub.bury(instance);
            let left = self.remove(&key, instance).into_iter().flatten();
            hub.run(left.map(|note| Effect::Tell(A::envelope(key.clone(), note))));
        }
    }

    /// At most `limit` actors of a tenant, in no order.
    pub fn actors(&self, tenant: &TenantId, limit: usize) -> Vec<ActorView> {
        let slots = self.slots.borrow();
        let guardian = self.guardian.borrow();
        let named = slots
            .iter()
            .filter_map(|(key, slot)| Some((key, slot, A::address(key).name_within(tenant)?)));
        let view = |(key, slot, id): (&A::Key, &Slot<A>, String)| ActorView {
            kind: A::NAME,
            id,
            shard: A::address(key).shard(),
            waiting: slot.lane.len(),
            last: Seq(slot.lane.last.get()),
            restarts: guardian.deaths(key) as u32,
            phase: match slot.phase {
                Phase::Loading => "loading",
                Phase::Up => "up",
                Phase::Aside(_) => "aside",
            },
        };
        named.take(limit).map(view).collect()
    }

    pub fn view(&self) -> RegionView {
        let slots = self.slots.borrow();
        let count =
            |wanted: fn(Phase) -> bool| slots.values().filter(|slot| wanted(slot.phase)).count();
        RegionView {
            kind: A::NAME,
            up: count(|phase| phase == Phase::Up),
            loading: count(|phase| phase == Phase::Loading),
            aside: count(|phase| matches!(phase, Phase::Aside(_))),
            queued_notes: slots.values().map(|slot| slot.lane.len()).sum(),
            longest_lane: slots
                .values()
                .map(|slot| slot.lane.len())
                .max()
                .unwrap_or(0),
            restarts: self.guardian.borrow().restarts,
        }
    }

    fn load(&self, hub: &Rc<Hub>, key: &A::Key, instance: u64) {
        let Some(log) = A::log(key) else {
            return self.activated(hub, key, instance, Ok(Activation::default()));
        };
        let inbox = hub.inbox();
        let key = key.clone();
        hub.store().activate(
            log,
            Box::new(move |result| {
                inbox.post(Parcel::Job(Box::new(move |hub| {
                    A::region(hub).activated(hub, &key, instance, result);
                })));
            }),
        );
    }

    fn activated(
        &self,
        hub: &Rc<Hub>,
        key: &A::Key,
        instance: u64,
        result: Result<Activation, StoreFailure>,
    ) {
        let mut slots = self.slots.borrow_mut();
        let Some(slot) = slots.get_mut(key).filter(|slot| slot.instance == instance) else {
            return; // put aside or restarted while its log was read
        };
        match result {
            Ok(activation) => {
                slot.phase = Phase::Up;
                let lane = slot.lane.clone();
                drop(slots);
                let life = Life {
                    instance,
                    token: activation.token,
                };
                let rest = self.resting.borrow_mut().remove(key);
                Entity::<A>::new(
                    hub.clone(),
                    key.clone(),
                    life,
                    lane,
                    activation.records,
                    rest,
                )
                .start();
            }
            Err(failure) => {
                drop(slots);
                if hub.world().placement.may_show(|| A::shard(key)) {
                    tracing::error!(kind = A::NAME, address = ?A::address(key), %failure, "log cannot be read");
                }
                self.put_aside(hub, key, hub.now().plus(failure.retry_after_ms()));
            }
        }
    }

    /// Answers everything that waits with "unavailable" and refuses until then.
    fn put_aside(&self, hub: &Rc<Hub>, key: &A::Key, until: Millis) {
        let mut slots = self.slots.borrow_mut();
        let Some(slot) = slots.get_mut(key) else {
            return;
        };
        slot.phase = Phase::Aside(until);
        slot.lane.close();
        let waiting = slot.lane.drain();
        slot.lane = Lane::new(LANE_NOTES);
        drop(slots);
        // Who is not the owner any more has nothing to refuse: sessions ask the next one.
        if hub.world().placement.may_show(|| A::shard(key)) {
            hub.run(waiting.iter().filter_map(|note| A::refuse(key, note)));
        }
        // Whoever must be awake is tried again without waiting for a note.
        hub.arm(None, until, || A::address(key));
    }

    fn remove(&self, key: &A::Key, instance: u64) -> Option<std::collections::VecDeque<A::Note>> {
        let mut slots = self.slots.borrow_mut();
        if slots.get(key)?.instance != instance {
            return None;
        }
        let slot = slots.remove(key)?;
        if slots.capacity() > 8 * slots.len().max(128) {
            let len = slots.len();
            slots.shrink_to(2 * len);
        }
        slot.lane.close();
        Some(slot.lane.drain())
    }
}

/// What one conversation costs its region's table, the half that may be empty apart.
#[cfg(test)]
pub(super) const SLOT_BYTES: usize = size_of::<(
    crate::ids::ConversationKey,
    Slot<crate::conversation::Conversation>,
)>();
