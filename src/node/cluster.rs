//! A node among others: it joins, does what its membership tells it, and leaves.
//!
//! Here: from what is told of shards to placement, arbiters and sessions; what other nodes ask. Not
//! here: who owns what (`cluster`), how actors of a shard begin and end (`actors`).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use crest_actors::ids::Shard;
use crest_actors::ports::{Owner, Placement};
use crest_actors::runtime::{Clock, Post, enter_shards, leave_shards};
use futures_util::FutureExt;
use tokio::sync::{Notify, oneshot};

use super::serve::NodeFailure;
use crate::auth::Auth;
use crate::cluster::bus::{Answerer, Bus, Line};
use crate::cluster::{
    ClusterView, Incarnation, Membership, NodeId, Process, ShardFence, Told, boot_now,
};
use crate::config::{self, Config};
use crate::desk::Digest;
use crate::gateway::session::{OtherNodes, Sessions, Vouched};
use crate::store::Engine;
use crate::store::cql::{Epochs, Place};
use crate::translate::node::{Call, LogPage, Reply};

/// What a planned stop waits for its shards to be others' and its lease given back: a little more
/// than the membership takes at most.
const LEAVING: Duration = Duration::from_secs(25);
/// While frames go missing all the time, sessions ask again so often.
const MAKE_GOOD: Duration = Duration::from_secs(2);
/// How often it is looked whether this node is a member yet.
const BEAT: Duration = Duration::from_millis(20);
/// Between two tries to join anew.
const AGAIN: Duration = Duration::from_secs(1);

/// This node's part in a cluster.
pub struct Cluster {
    node: u16,
    place: Place,
    fence: Arc<ShardFence>,
    pub bus: Arc<Bus>,
    pub placement: Placement,
    member: Arc<ArcSwapOption<Membership>>,
    post: Post,
    left: Notify,
    /// This process ends: it does not join again.
    leaving: AtomicBool,
    /// A thread is about to join anew.
    joining: Mutex<()>,
}

impl Cluster {
    /// `None` where this node is alone. Nothing is asked of anybody before [`Cluster::open`].
    pub fn of(config: &Config, post: &Post) -> Result<Option<Arc<Self>>, NodeFailure> {
        let servers = config.cluster.servers().map_err(NodeFailure::Cluster)?;
        if servers.is_empty() {
            return Ok(None);
        }
        if config.store.engine != config::Engine::Cql {
            return Err(NodeFailure::Cluster(
                "cluster.nats_url names a bus, and store.engine is \"embedded\", which one node has to itself: set store.engine = \"cql\", or leave cluster.nats_url empty",
            ));
        }
        let member: Arc<ArcSwapOption<Membership>> = Arc::default();
        let doubtful = member.clone();
        let doubt = move |_| {
            if let Some(member) = &*doubtful.load() {
                member.doubt();
            }
        };
        let bus = Bus::new(&config.cluster, rand::random(), doubt)?;
        let fence = Arc::new(ShardFence::new(boot_now));
        Ok(Some(Arc::new(Self {
            node: config.cluster.node,
            place: Place::of(&config.store),
            placement: Placement::among(fence.clone(), bus.clone()),
            fence,
            bus,
            member,
            post: post.clone(),
            left: Notify::new(),
            leaving: AtomicBool::new(false),
            joining: Mutex::default(),
        })))
    }

    /// Under which epoch this node owns a shard.
    pub fn epochs(&self) -> Epochs {
        let fence = self.fence.clone();
        Arc::new(move |shard| fence.epoch(shard))
    }

    /// Takes part in what nodes tell each other. `own` is the store without other nodes' logs.
    pub fn open(
        self: &Arc<Self>,
        own: Arc<dyn Engine>,
        auth: Arc<Auth>,
        clock: Clock,
    ) -> Result<Line, NodeFailure> {
        let (post, placement) = (self.post.clone(), self.placement.clone());
        let deliver = move |from, traffic| post.deliver(from, &placement, traffic);
        let cluster = self.clone();
        // Another process that was given this node's number by mistake is asked too, and is silent.
        let answerer: Answerer = Box::new(move |call| match call {
            _ if !cluster.is_member() => std::future::ready(None).boxed(),
            Call::Read { log, after, limit } => {
                if !cluster.placement.may_show(|| log.shard()) {
                    return std::future::ready(Some(not_here())).boxed();
                }
                let (told, read) = oneshot::channel();
                // Whoever asked may have given up.
                let done = Box::new(move |found| drop(told.send(found)));
                own.read(log, after, limit, done);
                let answer = |found: Result<_, _>| Reply::Read(found.map(LogPage::of));
                async move { read.await.ok().map(answer) }.boxed()
            }
            Call::Map { version } => {
                if let Some(member) = &*cluster.member.load() {
                    member.hint(version);
                }
                std::future::ready(Some(Reply::Noted)).boxed()
            }
            Call::Redeem { ticket } => {
                let redeemed = auth.redeem_digest(&ticket, clock.now());
                std::future::ready(Some(Reply::Redeemed(redeemed))).boxed()
            }
        });
        Ok(self.bus.open(deliver, answerer)?)
    }

    /// Becomes a member: waits until its lease is its own, which takes some seconds where this node was
    /// killed and started again at once, and for ever while another process has its number. Shards
    /// come when the others know.
    pub async fn join(self: &Arc<Self>) -> Result<(), NodeFailure> {
        let cluster = self.clone();
        let joining = tokio::task::spawn_blocking(move || cluster.start_membership());
        let joined = joining.await.map_err(std::io::Error::other);
        joined.map_err(NodeFailure::Thread)??;
        while !self.is_member() {
            tokio::time::sleep(BEAT).await;
        }
        Ok(())
    }

    fn is_member(&self) -> bool {
        self.view().is_some_and(|view| view.lease_left_ms > 0)
    }

    /// Has sessions ask again where something was lost on the bus: the last event of a conversation
    /// has no successor that would show the gap. Runs for the life of the node.
    pub async fn make_good(self: Arc<Self>) {
        loop {
            let missed = self.bus.missed().await;
            let theirs = |shard: &Shard| match self.placement.owner(*shard) {
                Owner::Node(node) => missed.all || missed.of.contains(&node),
                Owner::Here | Owner::Nobody => false,
            };
            let change = Change {
                moved: Shard::all().filter(theirs).collect(),
                ..Change::default()
            };
            if !change.is_empty() {
                self.tell_arbiters(&Arc::new(change));
            }
            tokio::time::sleep(MAKE_GOOD).await;
        }
    }

    /// Gives every shard away, a lot at a time, and then the lease. Clients stay, and are served by
    /// the new owners through this node.
    pub async fn leave(&self) {
        self.leaving.store(true, Ordering::Release);
        let Some(member) = self.member.load_full() else {
            return;
        };
        member.drain();
        if tokio::time::timeout(LEAVING, self.left.notified())
            .await
            .is_err()
        {
            tracing::warn!("left without having given everything away; the others see it end");
        }
        self.member.store(None);
        let _ = tokio::task::spawn_blocking(move || member.close()).await;
    }

    /// What this node knows of the cluster; `None` while it is between two lives.
    pub fn view(&self) -> Option<Arc<ClusterView>> {
        self.member.load().as_ref().map(|member| member.view())
    }

    fn start_membership(self: &Arc<Self>) -> Result<(), crate::cluster::MembershipFailure> {
        let me = Process {
            node: NodeId(self.node),
            incarnation: Incarnation(rand::random()),
        };
        let cluster = Arc::downgrade(self);
        let told = move |told: Vec<Told>| {
            if let Some(cluster) = cluster.upgrade() {
                cluster.follow(told);
            }
        };
        let member = Membership::start(&self.place, me, self.fence.clone(), told)?;
        self.member.store(Some(Arc::new(member)));
        Ok(())
    }

    /// Runs on the membership's thread.
    fn follow(self: &Arc<Self>, told: Vec<Told>) {
        let mut change = Change::default();
        for told in told {
            match told {
                Told::Took { shard, epoch } => {
                    self.placement.set(shard, Owner::Here, epoch);
                    change.entered.push(shard);
                }
                Told::LetGo { shard } => {
                    self.let_go(shard);
                    change.left.push(shard);
                }
                Told::Elsewhere { shard, node, epoch } => {
                    self.placement.set(shard, Owner::Node(node.0), epoch);
                    change.moved.push(shard);
                }
                Told::FenceLost => {
                    let held = Shard::all().filter(|shard| self.placement.is_here(*shard));
                    change
                        .left
                        .extend(held.inspect(|shard| self.let_go(*shard)));
                    change.entered.clear();
                    change.lost = true;
                }
                Told::Announce { version } => self.announce(version),
                Told::Expelled => self.join_anew(),
                Told::Left => self.left.notify_one(),
            }
        }
        if !change.is_empty() {
            self.tell_arbiters(&Arc::new(change));
        }
    }

    fn let_go(&self, shard: Shard) {
        let epoch = self.placement.epoch(shard);
        self.placement.set(shard, Owner::Nobody, epoch);
    }

    fn tell_arbiters(&self, change: &Arc<Change>) {
        for arbiter in 0..self.post.arbiters() {
            let change = change.clone();
            self.post.run_on(arbiter, move |hub| {
                if !change.left.is_empty() {
                    leave_shards(hub, &change.left);
                }
                if change.entered.is_empty() {
                    hub.release_held();
                } else {
                    enter_shards(hub, &change.entered);
                }
                let Some(sessions) = Sessions::here() else {
                    return;
                };
                if change.lost {
                    return sessions.send_away();
                }
                let moved = [&change.entered[..], &change.moved].concat();
                if !moved.is_empty() {
                    actix::spawn(sessions.follow_moved(moved));
                }
            });
        }
    }

    /// Tells the others that the map has changed.
    fn announce(&self, version: u64) {
        let Some(view) = self.view() else { return };
        for node in view.nodes.iter().filter(|node| !node.own && node.alive) {
            self.bus.call(node.node.0, Call::Map { version }, drop);
        }
    }

    /// Another life of this node begins, since this one was declared dead. On a thread of its own:
    /// the membership that ends cannot be waited for on its own.
    fn join_anew(self: &Arc<Self>) {
        let cluster = self.clone();
        let joining = std::thread::Builder::new().name("crest-join".into());
        let joined = joining.spawn(move || {
            // Nothing under this lock panics half-way.
            let _one = cluster
                .joining
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            cluster.member.store(None);
            while !cluster.leaving.load(Ordering::Acquire) {
                match cluster.start_membership() {
                    Ok(()) => return,
                    Err(failure) => tracing::warn!(%failure, "cannot join anew yet"),
                }
                std::thread::sleep(AGAIN);
            }
        });
        if let Err(failure) = joined {
            tracing::error!(%failure, "cannot join anew; the process ends so that it is started afresh");
            std::process::exit(70);
        }
    }
}

impl OtherNodes for Cluster {
    fn redeem(&self, node: u16, ticket: Digest, done: Box<dyn FnOnce(Vouched) + Send>) {
        let vouched = |reply| match reply {
            Some(Reply::Redeemed(redeemed)) => Some(redeemed),
            Some(Reply::Read(_) | Reply::Noted) | None => None,
        };
        let call = Call::Redeem { ticket };
        self.bus.call(node, call, move |reply| done(vouched(reply)));
    }
}

/// What a batch of news means for the arbiters.
#[derive(Default)]
struct Change {
    left: Vec<Shard>,
    entered: Vec<Shard>,
    /// Another node's now.
    moved: Vec<Shard>,
    /// This node may act for nobody any more: its clients find another.
    lost: bool,
}

impl Change {
    fn is_empty(&self) -> bool {
        self.left.is_empty() && self.entered.is_empty() && self.moved.is_empty() && !self.lost
    }
}

fn not_here() -> Reply {
    Reply::Read(Err(crest_actors::ports::StoreFailure::Unavailable(
        "the log is not at this node any more".to_owned(),
    )))
}
