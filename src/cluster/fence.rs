//! What a member may act for, where every thread can ask without waiting.

use std::sync::atomic::{AtomicU64, Ordering};

use crest_actors::ids::{SHARDS, Shard};
use crest_actors::ports::Fence;

use super::member::{Member, Output};
use super::process::BootMs;

const WORDS: usize = SHARDS as usize / 64;

/// The shards that a member holds and the moment at which its lease is over, which ends them all
/// without anybody's doing.
pub struct ShardFence {
    clock: fn() -> BootMs,
    until_ms: AtomicU64,
    held: [AtomicU64; WORDS],
}

impl ShardFence {
    /// Holds nothing. `clock` is the clock that the member is driven by.
    pub fn new(clock: fn() -> BootMs) -> Self {
        Self {
            clock,
            until_ms: AtomicU64::new(0),
            held: [const { AtomicU64::new(0) }; WORDS],
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
                Output::Took { shard, .. } => {
                    let (word, bit) = self.place(*shard);
                    word.fetch_or(bit, Ordering::AcqRel);
                }
                Output::LetGo { shard } => {
                    let (word, bit) = self.place(*shard);
                    word.fetch_and(!bit, Ordering::AcqRel);
                }
                Output::FenceLost => {
                    for word in &self.held {
                        word.store(0, Ordering::Release);
                    }
                }
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

    /// As [`Fence::holds`], at a given moment.
    pub fn holds_at(&self, now: BootMs, shard: Shard) -> bool {
        let (word, bit) = self.place(shard);
        word.load(Ordering::Acquire) & bit != 0 && now.0 < self.until_ms.load(Ordering::Acquire)
    }

    fn place(&self, shard: Shard) -> (&AtomicU64, u64) {
        let number = usize::from(shard.0);
        (&self.held[number / 64], 1 << (number % 64))
    }
}

impl Fence for ShardFence {
    fn holds(&self, shard: Shard) -> bool {
        self.holds_at((self.clock)(), shard)
    }
}
