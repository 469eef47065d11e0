//! How fast one client may send, in eight bytes (generic cell rate algorithm, ITU-T I.371).

/// The rate all connections of a gate share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    /// Microseconds that one frame uses up.
    cost_us: u64,
    /// Microseconds that may be used up ahead of time.
    ahead_us: u64,
}

/// The microsecond of the gate's life up to which a client has used its rate.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Used(u64);

impl Used {
    /// So far ahead of the present; how a client's debt moves to another gate.
    pub fn ahead(now_us: u64, ahead_us: u64) -> Self {
        Self(now_us + ahead_us)
    }

    pub fn ahead_of(self, now_us: u64) -> u64 {
        self.0.saturating_sub(now_us)
    }
}

impl Rate {
    pub fn new(frames_a_second: u32, burst: u32) -> Self {
        let cost_us = 1_000_000 / u64::from(frames_a_second.max(1));
        Self {
            cost_us,
            ahead_us: cost_us * u64::from(burst.max(1)),
        }
    }

    /// May one more frame be taken?
    pub fn admits(&self, used: Used, now_us: u64) -> bool {
        used.0.max(now_us) + self.cost_us <= now_us + self.ahead_us
    }

    /// Takes one frame.
    pub fn spend(&self, used: &mut Used, now_us: u64) {
        used.0 = used.0.max(now_us) + self.cost_us;
    }

    /// Microseconds until half the burst is free again: pausing for a single frame's time would
    /// wake the connection for every frame of a flood.
    pub fn pause_us(&self, used: Used, now_us: u64) -> u64 {
        used.0
            .saturating_sub(now_us + self.ahead_us / 2)
            .max(self.cost_us)
    }
}
