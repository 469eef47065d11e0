//! Other nodes, as the actors see them: which shards are whose, whether this node may still act, and
//! the way to the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::effect::Traffic;
use crate::ids::Shard;

/// Who has a shard's actors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    Here,
    Node(u16),
    /// Between two owners, or not known yet: what is for it waits a moment.
    Nobody,
}

/// May this node act for its shards? Asked before anything is shown from memory, so it must be cheap.
pub trait Fence: Send + Sync + 'static {
    /// True only while nobody else can have become the owner.
    fn holds(&self, shard: Shard) -> bool;
}

/// The way to other nodes. At most once and never blocking: what is lost is repeated by its sender.
pub trait Carrier: Send + Sync + 'static {
    fn carry(&self, node: u16, traffic: Traffic);

    /// The same to every other node.
    fn carry_to_all(&self, traffic: Traffic);

    /// Somebody with a newer epoch says that the shard is not where it was believed to be: a hint to
    /// read who owns it.
    fn misplaced(&self, shard: Shard);
}

/// What a node believes of the others. Belief routes only; the fence and the store decide what counts.
#[derive(Clone)]
pub struct Placement {
    shards: Arc<[Believed]>,
    /// `None` where nobody else could ever own a shard.
    fence: Option<Arc<dyn Fence>>,
    pub carrier: Arc<dyn Carrier>,
}

struct Believed {
    owner: AtomicU32,
    epoch: AtomicU64,
}

const HERE: u32 = 1 << 16;
const NOBODY: u32 = 1 << 17;

impl Placement {
    /// One node that owns everything and has nobody to talk to.
    pub fn alone() -> Self {
        let placement = Self::new(None, Arc::new(Alone));
        for shard in Shard::all() {
            placement.set(shard, Owner::Here, 0);
        }
        placement
    }

    /// A node among others that owns nothing yet.
    pub fn among(fence: Arc<dyn Fence>, carrier: Arc<dyn Carrier>) -> Self {
        Self::new(Some(fence), carrier)
    }

    fn new(fence: Option<Arc<dyn Fence>>, carrier: Arc<dyn Carrier>) -> Self {
        let unknown = |_| Believed {
            owner: AtomicU32::new(NOBODY),
            epoch: AtomicU64::new(0),
        };
        Self {
            shards: Shard::all().map(unknown).collect(),
            fence,
            carrier,
        }
    }

    pub fn owner(&self, shard: Shard) -> Owner {
        match self.shards[usize::from(shard.0)]
            .owner
            .load(Ordering::Acquire)
        {
            HERE => Owner::Here,
            NOBODY => Owner::Nobody,
            node => Owner::Node(node as u16),
        }
    }

    pub fn is_here(&self, shard: Shard) -> bool {
        self.owner(shard) == Owner::Here
    }

    /// The epoch that the belief is of.
    pub fn epoch(&self, shard: Shard) -> u64 {
        self.shards[usize::from(shard.0)]
            .epoch
            .load(Ordering::Acquire)
    }

    /// May what memory holds of this shard be shown?
    pub fn may_show(&self, shard: impl FnOnce() -> Shard) -> bool {
        self.fence.as_ref().is_none_or(|fence| fence.holds(shard()))
    }

    /// Changes the belief. The arbiters are told apart: `leave_shards`, `enter_shards`.
    pub fn set(&self, shard: Shard, owner: Owner, epoch: u64) {
        let believed = &self.shards[usize::from(shard.0)];
        let owner = match owner {
            Owner::Here => HERE,
            Owner::Node(node) => u32::from(node),
            Owner::Nobody => NOBODY,
        };
        believed.epoch.store(epoch, Ordering::Release);
        believed.owner.store(owner, Ordering::Release);
    }
}

struct Alone;

impl Carrier for Alone {
    fn carry(&self, _: u16, _: Traffic) {}

    fn carry_to_all(&self, _: Traffic) {}

    fn misplaced(&self, _: Shard) {}
}
