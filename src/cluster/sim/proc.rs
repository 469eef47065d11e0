//! A simulated process: a member, its machine's clock, and what is wrong with it.

use crate::cluster::fence::ShardFence;
use crate::cluster::member::Member;
use crate::cluster::process::{BootMs, Process};

pub struct Proc {
    pub me: Process,
    pub member: Member,
    pub fence: ShardFence,
    pub up: bool,
    /// It stands still from then until then.
    pub paused: (u64, u64),
    /// Until when nothing of it reaches the store, or nothing comes back.
    pub cut_until: u64,
    pub clock: SimClock,
}

/// The boot-time clock of one machine.
pub struct SimClock {
    pub ahead_ms: u64,
    /// Parts of a million by which it runs fast, if positive.
    pub drift_ppm: i64,
    /// It stands still while the machine is suspended, as a monotonic clock does.
    pub stops: bool,
    pub stopped_ms: u64,
}

impl Proc {
    pub fn now(&self, true_ms: u64) -> BootMs {
        let (from, until) = self.paused;
        let stopped = if self.clock.stops {
            self.clock.stopped_ms + true_ms.min(until).saturating_sub(from)
        } else {
            0
        };
        let passed = (true_ms - stopped) as i64;
        let drift = passed * self.clock.drift_ppm / 1_000_000;
        BootMs(self.clock.ahead_ms + (passed + drift) as u64)
    }

    pub fn is_paused(&self, true_ms: u64) -> bool {
        true_ms < self.paused.1
    }

    pub fn pause(&mut self, from: u64, until: u64) {
        let (earlier, end) = self.paused;
        self.clock.stopped_ms += end - earlier;
        self.paused = (from, until);
    }
}
