//! Two nodes on one thread that share a store: the customer is connected to the first.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use crest_actors::effect::Traffic;
use crest_actors::ids::Shard;
use crest_actors::ports::{Carrier, Fence, Owner, Placement};
use crest_actors::runtime::{Post, enter_shards, leave_shards};

use super::bench::{Bench, Disk};

/// What a node sends the other, until the wire takes it there.
#[derive(Default)]
struct Wire {
    sent: Mutex<Vec<Traffic>>,
    misplaced: AtomicU32,
    expired: AtomicBool,
}

impl Carrier for Wire {
    fn carry(&self, _: u16, traffic: Traffic) {
        self.sent.lock().unwrap().push(traffic);
    }

    fn carry_to_all(&self, traffic: Traffic) {
        self.carry(0, traffic);
    }

    fn misplaced(&self, _: Shard) {
        self.misplaced.fetch_add(1, Ordering::Relaxed);
    }
}

impl Fence for Wire {
    fn holds(&self, _: Shard) -> bool {
        !self.expired.load(Ordering::Relaxed)
    }
}

pub struct Node {
    pub bench: Bench,
    pub placement: Placement,
    post: Post,
    wire: Arc<Wire>,
}

impl Node {
    fn start(number: u16, disk: Disk) -> Self {
        let (wire, post) = (Arc::new(Wire::default()), Post::new(1));
        let placement = Placement::among(wire.clone(), wire.clone());
        let bench = Bench::among(number, post.clone(), placement.clone(), disk);
        Self {
            bench,
            placement,
            post,
            wire,
        }
    }

    pub fn believes(&self, owner: Owner, epoch: u64) {
        for shard in Shard::all() {
            self.placement.set(shard, owner, epoch);
        }
    }

    pub fn enters(&self, epoch: u64) {
        self.believes(Owner::Here, epoch);
        enter_shards(&self.bench.hub, &Shard::all().collect::<Vec<_>>());
    }

    pub fn leaves(&self, to: Owner, epoch: u64) {
        self.believes(to, epoch);
        leave_shards(&self.bench.hub, &Shard::all().collect::<Vec<_>>());
    }

    /// Its lease is over, and it has not noticed.
    pub fn expires(&self) {
        self.wire.expired.store(true, Ordering::Relaxed);
    }

    pub fn hints(&self) -> u32 {
        self.wire.misplaced.load(Ordering::Relaxed)
    }
}

pub struct Pair {
    pub first: Node,
    pub second: Node,
    /// Frames on the wire are lost.
    pub cut: Rc<Cell<bool>>,
}

impl Pair {
    pub fn start() -> Self {
        let disk = Disk::default();
        Self {
            first: Node::start(0, disk.clone()),
            second: Node::start(1, disk),
            cut: Rc::default(),
        }
    }

    /// Lets both run, and what they send each other arrive.
    pub async fn settle(&self) {
        loop {
            self.first.bench.settle().await;
            self.second.bench.settle().await;
            let moved =
                self.take(&self.first, 0, &self.second) + self.take(&self.second, 1, &self.first);
            if moved == 0 {
                return;
            }
        }
    }

    fn take(&self, from: &Node, number: u16, to: &Node) -> usize {
        let sent = std::mem::take(&mut *from.wire.sent.lock().unwrap());
        let moved = sent.len();
        if !self.cut.get() {
            for traffic in sent {
                to.post.deliver(number, &to.placement, traffic);
            }
        }
        moved
    }
}
