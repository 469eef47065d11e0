//! What a member may act for, where every thread can ask without waiting.

use std::sync::atomic::{AtomicU64, Ordering};

use crest_actors::ids::{SHARDS, Shard};
use crest_actors::ports::Fence;

use super::member::{Member, Output};
use super::process::BootMs;

/// The shards that a member holds, each with its epoch, and the moment at which its lease is over,
/// which ends them all without anybody's doing.
pub struct ShardFence {
    clock: fn() -> BootMs,
    until_ms: AtomicU64,
    /// 0: not held. No shard's epoch is 0.
    epochs: [AtomicU64; SHARDS as usize],
}

impl ShardFence {
    /// Holds nothing. `clock` is the clock that the member is driven by.
    pub fn new(clock: fn() -> BootMs) -> Self {
        Self {
            clock,
            until_ms: AtomicU64::new(0),
            epochs: [const { AtomicU64::new(0) }; SHARDS as usize],
        }
    }

    /// Takes over what [`Member::on`] just said; to be called before any of its asks is sent.
    pub fn follow(&self, member: &Member, said: &[Output]) {
        let until_ms = member.until().0;
        if until_ms < self.until_ms.load(Ordering::Acquire) {
            self.until_ms.store(until_ms, Ordering::Release);
        }
        for output in said {
            match output {
                Output::Took { shard, epoch } => self.set(*shard, *epoch),
                Output::LetGo { shard } => self.set(*shard, 0),
                Output::FenceLost => Shard::all().for_each(|shard| self.set(shard, 0)),
                Output::Ask(..)
                | Output::Elsewhere { .. }
                | Output::Announce { .. }
                | Output::Expelled
                | Output::Left => {}
            }
        }
        // Later only now: nothing is held for longer that was just let go of.
        self.until_ms.store(until_ms, Ordering::Release);
    }

    /// The epoch under which this process may act for the shard now.
    pub fn epoch(&self, shard: Shard) -> Option<u64> {
        self.epoch_at((self.clock)(), shard)
    }

    /// As [`Fence::holds`], at a given moment.
    pub fn holds_at(&self, now: BootMs, shard: Shard) -> bool {
        self.epoch_at(now, shard).is_some()
    }

    fn epoch_at(&self, now: BootMs, shard: Shard) -> Option<u64> {
        let epoch = self.epochs[usize::from(shard.0)].load(Ordering::Acquire);
        (epoch != 0 && now.0 < self.until_ms.load(Ordering::Acquire)).then_some(epoch)
    }

    fn set(&self, shard: Shard, epoch: u64) {
        self.epochs[usize::from(shard.0)].store(epoch, Ordering::Release);
    }
}

impl Fence for ShardFence {
    fn holds(&self, shard: Shard) -> bool {
        self.epoch(shard).is_some()
    }
}
