//! Everything one arbiter shares: its actors, the batch being built, effects waiting for the store,
//! deadlines, and what is on its way to other arbiters. Single-threaded; reached by `Rc`.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::Notify;

mod batch;
mod held;
mod traffic;

use batch::Pending;
use held::Held;

use crate::agent::Agent;
use crate::aggregate::Context;
use crate::board::Board;
use crate::conversation::Conversation;
use crate::customer::Customer;
use crate::directory::Directory;
use crate::effect::{Address, Traffic};
use crate::ids::{Millis, TenantId};
use crate::ports::{Append, BotPort, Codec, LogStore, Outlet, Placement};
use crate::queue::Queue;
use crate::skill_group::SkillGroup;

use super::clock::Clock;
use super::inbox::{Parcel, Post};
use super::kind::Kind;
use super::region::{ActorView, Region, RegionView};
use super::timers::{Armed, Timers};

/// What every arbiter is given: the ports, and the others' inboxes.
#[derive(Clone)]
pub struct World {
    pub node: u16,
    pub placement: Placement,
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

/// Counters of one arbiter, read by metrics and tests.
#[derive(Default)]
pub struct Counters {
    pub turns: Cell<u64>,
    pub events: Cell<u64>,
    pub lane_full: Cell<u64>,
    pub inbox_full: Cell<u64>,
    /// Notes that waited for a shard's new owner in vain.
    pub unplaced: Cell<u64>,
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
    to_nodes: RefCell<BTreeMap<u16, Traffic>>,
    /// For shards that are between two owners.
    held: RefCell<VecDeque<Held>>,
    timers: RefCell<Timers>,
    pub(super) timers_changed: Notify,
    pub(super) dirty: Notify,
    pub counters: Counters,
}

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
            to_nodes: RefCell::default(),
            held: RefCell::default(),
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
        if !self.world.placement.is_here(address.shard()) {
            return; // its new owner keeps its deadlines
        }
        match address {
            Address::Customer(key) => self.customers.wake(self, key),
            Address::Conversation(key) => self.conversations.wake(self, key),
            Address::Agent(key) => self.agents.wake(self, key),
            Address::Queue(key) => self.queues.wake(self, key),
            Address::SkillGroup(key) => self.skill_groups.wake(self, key),
            Address::Board(key) => self.boards.wake(self, key),
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

    pub(super) fn set_directory(&self, directory: Arc<Directory>) {
        *self.directory.borrow_mut() = directory;
    }

    pub(super) fn end_process(&self, kind: &'static str) -> ! {
        (self.world.end_process)(kind)
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
