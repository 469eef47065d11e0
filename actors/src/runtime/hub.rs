//! Everything one arbiter shares: its actors, the batch being built, effects waiting for the store,
//! deadlines, and what is on its way to other arbiters. Single-threaded; reached by `Rc`.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::agent::Agent;
use crate::aggregate::{Context, Turn};
use crate::board::Board;
use crate::conversation::Conversation;
use crate::customer::Customer;
use crate::directory::Directory;
use crate::effect::{Address, Effect, Envelope, Publication, Push};
use crate::ids::{Millis, SessionId, TenantId};
use crate::ports::{Append, BatchOutcome, BotPort, Codec, LogStore, Outlet};
use crate::queue::Queue;
use crate::skill_group::SkillGroup;

use super::clock::Clock;
use super::entity::Life;
use super::inbox::{Parcel, Post, Traffic};
use super::kind::Kind;
use super::region::{ActorView, Region, RegionView};
use super::timers::{Armed, Timers};

/// What every arbiter is given: the ports, and the others' inboxes.
#[derive(Clone)]
pub struct World {
    pub node: u16,
    pub clock: Clock,
    pub store: Arc<dyn LogStore>,
    pub codec: Arc<dyn Codec>,
    pub bot: Arc<dyn BotPort>,
    pub post: Post,
    /// 16 random bytes a turn.
    pub entropy: fn() -> [u8; 16],
    /// Called where guardians give up.
    pub end_process: fn(&'static str) -> !,
}

/// Effects that wait until a batch is durable.
struct Pending {
    batch: u64,
    instance: u64,
    owner: Address,
    effects: Vec<Effect>,
    on_failure: Vec<Effect>,
}

/// Counters of one arbiter, read by metrics and tests.
#[derive(Default)]
pub struct Counters {
    pub turns: Cell<u64>,
    pub events: Cell<u64>,
    pub lane_full: Cell<u64>,
    pub inbox_full: Cell<u64>,
    pub failed_appends: Cell<u64>,
    /// Notes of single-threaded deadlines that fired, and the worst lateness in milliseconds.
    pub timers_fired: Cell<u64>,
    pub timer_late_max_ms: Cell<u64>,
}

/// One arbiter's share of the node.
pub struct Hub {
    world: World,
    arbiter: u16,
    directory: RefCell<Arc<Directory>>,
    outlet: RefCell<Option<Rc<dyn Outlet>>>,
    pub(super) customers: Region<Customer>,
    pub(super) conversations: Region<Conversation>,
    pub(super) agents: Region<Agent>,
    pub(super) queues: Region<Queue>,
    pub(super) skill_groups: Region<SkillGroup>,
    pub(super) boards: Region<Board>,
    instances: Cell<u64>,
    /// Lives that ended with something in flight, each with the last batch that can hold it: what
    /// they had decided is not carried out.
    buried: RefCell<HashMap<u64, u64>>,
    batch: RefCell<Vec<Append>>,
    /// Number of the batch being built, and of the newest that is settled.
    building: Cell<u64>,
    released: Cell<u64>,
    pending: RefCell<VecDeque<Pending>>,
    outbound: RefCell<Vec<Traffic>>,
    timers: RefCell<Timers>,
    pub(super) timers_changed: Notify,
    pub(super) dirty: Notify,
    pub counters: Counters,
}

/// Batches submitted and not settled: more only deepen the store's queue, so later appends gather
/// in the batch being built.
const BATCHES_IN_FLIGHT: u64 = 4;

fn add(counter: &Cell<u64>, amount: u64) {
    counter.set(counter.get() + amount);
}

impl Hub {
    pub(super) fn new(world: World, arbiter: u16, directory: Arc<Directory>) -> Rc<Self> {
        let arbiters = world.post.arbiters();
        Rc::new(Self {
            world,
            arbiter,
            directory: RefCell::new(directory),
            outlet: RefCell::new(None),
            customers: Region::default(),
            conversations: Region::default(),
            agents: Region::default(),
            queues: Region::default(),
            skill_groups: Region::default(),
            boards: Region::default(),
            instances: Cell::new(0),
            buried: RefCell::default(),
            batch: RefCell::default(),
            building: Cell::new(1),
            released: Cell::new(0),
            pending: RefCell::default(),
            outbound: RefCell::new((0..arbiters).map(|_| Traffic::default()).collect()),
            timers: RefCell::default(),
            timers_changed: Notify::new(),
            dirty: Notify::new(),
            counters: Counters::default(),
        })
    }

    pub fn arbiter(&self) -> u16 {
        self.arbiter
    }

    pub fn world(&self) -> &World {
        &self.world
    }

    pub fn now(&self) -> Millis {
        self.world.clock.now()
    }

    pub fn directory(&self) -> Arc<Directory> {
        self.directory.borrow().clone()
    }

    /// Installs where pushes go; until then they are dropped, as for sessions that are gone.
    pub fn set_outlet(&self, outlet: Rc<dyn Outlet>) {
        *self.outlet.borrow_mut() = Some(outlet);
    }

    /// Tells an actor, here or on another arbiter. `Err` gives the envelope back where the lane of a
    /// local actor is full; to another arbiter it may be lost silently.
    #[allow(clippy::result_large_err)] // the envelope is given back, not described
    pub fn tell(self: &Rc<Self>, envelope: Envelope) -> Result<(), Envelope> {
        let to = self.world.post.arbiter_of(envelope.address().shard());
        if to != self.arbiter {
            self.outbound.borrow_mut()[usize::from(to)]
                .envelopes
                .push(envelope);
            self.dirty.notify_one();
            return Ok(());
        }
        macro_rules! local {
            ($region:ident, $variant:ident, $key:ident, $note:ident) => {
                self.$region
                    .tell(self, &$key, $note)
                    .map_err(|note| Envelope::$variant($key, note))
            };
        }
        match envelope {
            Envelope::Customer(key, note) => local!(customers, Customer, key, note),
            Envelope::Conversation(key, note) => local!(conversations, Conversation, key, note),
            Envelope::Agent(key, note) => local!(agents, Agent, key, note),
            Envelope::Queue(key, note) => local!(queues, Queue, key, note),
            Envelope::SkillGroup(key, note) => local!(skill_groups, SkillGroup, key, note),
            Envelope::Board(key, note) => local!(boards, Board, key, note),
        }
    }

    /// Carries effects out, in order.
    pub fn run(self: &Rc<Self>, effects: impl IntoIterator<Item = Effect>) {
        for effect in effects {
            match effect {
                Effect::Tell(envelope) => {
                    if self.tell(envelope).is_err() {
                        add(&self.counters.lane_full, 1); // repeated by its sender
                    }
                }
                Effect::Push(session, push) => self.push(session, push),
                Effect::Publish(publication) => self.publish(publication),
                Effect::AskBot(turn) => self.world.bot.ask(turn),
                Effect::Rally(tenant) => self.rally(&tenant),
            }
        }
    }

    /// A push to a session, on whichever arbiter it lives.
    pub fn push(&self, session: SessionId, push: Push) {
        if session.arbiter != self.arbiter {
            self.outbound.borrow_mut()[usize::from(session.arbiter)]
                .pushes
                .push((session, push));
            self.dirty.notify_one();
        } else if let Some(outlet) = self.outlet.borrow().as_ref() {
            outlet.push(session, push);
        }
    }

    fn publish(&self, mut publication: Publication) {
        if publication.reads(|session| session.arbiter != self.arbiter) {
            let mut outbound = self.outbound.borrow_mut();
            for (arbiter, traffic) in (0..).zip(outbound.iter_mut()) {
                let theirs = |session: &SessionId| session.arbiter == arbiter;
                if arbiter != self.arbiter && publication.reads(theirs) {
                    traffic.publications.push(publication.only(theirs));
                }
            }
            publication = publication.only(|session| session.arbiter == self.arbiter);
            self.dirty.notify_one();
        }
        if let Some(outlet) = self.outlet.borrow().as_ref() {
            outlet.publish(publication);
        }
    }

    /// Every awake conversation and agent of the tenant, on every arbiter, says how it stands.
    fn rally(self: &Rc<Self>, tenant: &TenantId) {
        for arbiter in 0..self.world.post.arbiters() {
            let tenant = tenant.clone();
            self.world
                .post
                .run_on(arbiter, move |hub| super::start::describe_all(hub, &tenant));
        }
    }

    /// Puts a turn's events into the batch being built and holds its effects back until they, and
    /// everything earlier of this log, are durable. Returns the actor's new `in_flight`.
    pub(super) fn commit<A: Kind>(
        self: &Rc<Self>,
        key: &A::Key,
        life: Life,
        in_flight: u64,
        turn: Turn<A::Event>,
    ) -> u64 {
        add(&self.counters.turns, 1);
        let mut in_flight = in_flight;
        if let Some(first) = turn.events.first() {
            let log = A::log(key).expect("only actors with a log record events");
            let records = turn
                .events
                .iter()
                .map(|entry| A::encode(self.codec(), entry))
                .collect();
            add(&self.counters.events, turn.events.len() as u64);
            let append = Append {
                log,
                token: life.token,
                first: first.seq,
                records,
                summary: turn.summary,
            };
            self.batch.borrow_mut().push(append);
            self.dirty.notify_one();
            in_flight = self.building.get();
        }
        if in_flight <= self.released.get() {
            self.run(turn.effects);
        } else if !turn.effects.is_empty() || !turn.on_failure.is_empty() || !turn.events.is_empty()
        {
            self.pending.borrow_mut().push_back(Pending {
                batch: in_flight,
                instance: life.instance,
                owner: A::address(key),
                effects: turn.effects,
                on_failure: turn.on_failure,
            });
        }
        in_flight
    }

    /// Sends the batch to the store and the traffic to the other arbiters. Called once a tick.
    pub(super) fn flush(&self) {
        let unsettled = self.building.get() - 1 - self.released.get();
        if unsettled < BATCHES_IN_FLIGHT && !self.batch.borrow().is_empty() {
            let batch = self.batch.take();
            let number = self.building.get();
            self.building.set(number + 1);
            let inbox = self.inbox();
            self.world.store.submit(
                batch,
                Box::new(move |outcome| {
                    inbox.post(Parcel::Batch { number, outcome });
                }),
            );
        }
        for (arbiter, traffic) in self.outbound.borrow_mut().iter_mut().enumerate() {
            if !traffic.is_empty()
                && !self
                    .world
                    .post
                    .inbox(arbiter as u16)
                    .post(Parcel::Traffic(std::mem::take(traffic)))
            {
                add(&self.counters.inbox_full, 1);
            }
        }
    }

    /// A batch is settled: release what waited for it. Batches settle in the order submitted.
    fn settle(self: &Rc<Self>, number: u64, outcome: BatchOutcome) {
        assert_eq!(number, self.released.get() + 1, "batches settle in order");
        self.released.set(number);
        if let Err(failure) = &outcome {
            tracing::warn!(%failure, "a batch was not stored");
        }
        let mut failed = HashSet::new();
        loop {
            let mut pending = self.pending.borrow_mut();
            if pending.front().is_none_or(|first| first.batch > number) {
                break;
            }
            let Some(first) = pending.pop_front() else {
                break;
            };
            drop(pending);
            let lost = match &outcome {
                Err(_) => true,
                Ok(refused) => {
                    !refused.is_empty() && refused.iter().any(|log| first.owner.owns(log))
                }
            };
            if lost {
                add(&self.counters.failed_appends, 1);
                self.run(first.on_failure);
                failed.insert(first.owner);
            } else if !self.buried.borrow().contains_key(&first.instance) {
                self.run(first.effects);
            }
        }
        for owner in failed {
            self.discard(&owner);
        }
        let mut buried = self.buried.borrow_mut();
        if !buried.is_empty() {
            buried.retain(|_, last| *last > number);
        }
        drop(buried);
        self.dirty.notify_one();
    }

    fn discard(self: &Rc<Self>, address: &Address) {
        match address {
            Address::Customer(key) => self.customers.discard(self, key),
            Address::Conversation(key) => self.conversations.discard(self, key),
            Address::Agent(key) => self.agents.discard(self, key),
            Address::Queue(key) => self.queues.discard(self, key),
            Address::SkillGroup(key) => self.skill_groups.discard(self, key),
            Address::Board(key) => self.boards.discard(self, key),
        }
    }

    fn wake(self: &Rc<Self>, address: &Address) {
        match address {
            Address::Customer(key) => self.customers.wake(self, key),
            Address::Conversation(key) => self.conversations.wake(self, key),
            Address::Agent(key) => self.agents.wake(self, key),
            Address::Queue(key) => self.queues.wake(self, key),
            Address::SkillGroup(key) => self.skill_groups.wake(self, key),
            Address::Board(key) => self.boards.wake(self, key),
        }
    }

    pub(super) fn receive(self: &Rc<Self>, parcel: Parcel) {
        match parcel {
            Parcel::Batch { number, outcome } => self.settle(number, outcome),
            Parcel::Job(job) => job(self),
            Parcel::Traffic(traffic) => {
                self.run(traffic.envelopes.into_iter().map(Effect::Tell));
                for (session, push) in traffic.pushes {
                    self.push(session, push);
                }
                for publication in traffic.publications {
                    self.publish(publication);
                }
            }
        }
    }

    /// Fires what is due. Returns when the next deadline is.
    pub(super) fn fire(self: &Rc<Self>) -> Option<Millis> {
        let now = self.now();
        loop {
            let due = self.timers.borrow_mut().pop_due(now);
            let Some(address) = due else { break };
            add(&self.counters.timers_fired, 1);
            self.wake(&address);
        }
        self.timers.borrow().next_at()
    }

    pub(super) fn late(&self, late_ms: u64) {
        self.counters
            .timer_late_max_ms
            .set(self.counters.timer_late_max_ms.get().max(late_ms));
    }

    pub(super) fn arm(
        &self,
        armed: Option<Armed>,
        at: Millis,
        address: impl FnOnce() -> Address,
    ) -> Armed {
        let mut timers = self.timers.borrow_mut();
        let earliest = timers.next_at();
        let armed = timers.arm(armed, at, address);
        if earliest.is_none_or(|earliest| armed.at < earliest) {
            self.timers_changed.notify_one();
        }
        armed
    }

    /// Runs a job on this arbiter after the current turn.
    pub(super) fn later(&self, job: impl FnOnce(&Rc<Hub>) + Send + 'static) {
        self.inbox().post(Parcel::Job(Box::new(job)));
    }

    pub(super) fn inbox(&self) -> InboxHandle {
        InboxHandle {
            post: self.world.post.clone(),
            arbiter: self.arbiter,
        }
    }

    pub(super) fn store(&self) -> &dyn LogStore {
        &*self.world.store
    }

    pub(super) fn codec(&self) -> &dyn Codec {
        &*self.world.codec
    }

    pub(super) fn context(&self) -> Context {
        Context {
            now: self.now(),
            directory: self.directory(),
            random: (self.world.entropy)(),
        }
    }

    pub(super) fn released(&self) -> u64 {
        self.released.get()
    }

    pub(super) fn next_instance(&self) -> u64 {
        self.instances.set(self.instances.get() + 1);
        self.instances.get()
    }

    pub(super) fn bury(&self, instance: u64) {
        if self.building.get() - 1 > self.released.get() || !self.batch.borrow().is_empty() {
            let last = self.building.get();
            self.buried.borrow_mut().insert(instance, last);
        }
    }

    pub(super) fn set_directory(&self, directory: Arc<Directory>) {
        *self.directory.borrow_mut() = directory;
    }

    pub(super) fn end_process(&self, kind: &'static str) -> ! {
        (self.world.end_process)(kind)
    }

    /// Records gathered for the next batch: the overload ladder looks at it.
    pub fn unsubmitted(&self) -> usize {
        self.batch.borrow().len()
    }

    /// Nothing in flight, nothing to send: a planned stop waits for it.
    pub fn is_settled(&self) -> bool {
        self.batch.borrow().is_empty() && self.pending.borrow().is_empty()
    }

    /// At most `limit` actors of a tenant, of one kind or of all.
    pub fn actors(&self, tenant: &TenantId, kind: Option<&str>, limit: usize) -> Vec<ActorView> {
        let mut found = Vec::new();
        let mut add = |name: &str, list: &dyn Fn(usize) -> Vec<ActorView>| {
            if kind.is_none_or(|kind| kind == name) {
                found.extend(list(limit - found.len()));
            }
        };
        add(Customer::NAME, &|limit| {
            self.customers.actors(tenant, limit)
        });
        add(Conversation::NAME, &|limit| {
            self.conversations.actors(tenant, limit)
        });
        add(Agent::NAME, &|limit| self.agents.actors(tenant, limit));
        add(Queue::NAME, &|limit| self.queues.actors(tenant, limit));
        add(SkillGroup::NAME, &|limit| {
            self.skill_groups.actors(tenant, limit)
        });
        add(Board::NAME, &|limit| self.boards.actors(tenant, limit));
        found
    }

    pub fn views(&self) -> Vec<RegionView> {
        vec![
            self.customers.view(),
            self.conversations.view(),
            self.agents.view(),
            self.queues.view(),
            self.skill_groups.view(),
            self.boards.view(),
        ]
    }
}

/// An inbox that outlives the hub's borrow.
#[derive(Clone)]
pub(super) struct InboxHandle {
    post: Post,
    arbiter: u16,
}

impl InboxHandle {
    pub(super) fn post(&self, parcel: Parcel) -> bool {
        self.post.inbox(self.arbiter).post(parcel)
    }
}
