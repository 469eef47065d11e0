//! How fast a queue fills and drains, in ring buffers of one-second buckets: no allocation for an event.

use crate::ids::Millis;

/// Seconds looked back.
pub const WINDOW_S: usize = 120;
/// Arrivals are told apart by head start in steps of a minute; the last step takes all longer ones.
pub const STEPS: usize = 17;
pub const STEP_MS: u64 = 60_000;

/// Sums of the last [`WINDOW_S`] seconds.
#[derive(Clone, Debug)]
struct Window {
    buckets: [u32; WINDOW_S],
    sum: u64,
    second: u64,
}

impl Window {
    fn new(now: Millis) -> Self {
        Self {
            buckets: [0; WINDOW_S],
            sum: 0,
            second: now.0 / 1_000,
        }
    }

    fn add(&mut self, now: Millis, count: u32) {
        self.advance(now);
        let bucket = &mut self.buckets[(self.second % WINDOW_S as u64) as usize];
        let grown = bucket.saturating_add(count);
        self.sum += u64::from(grown - *bucket);
        *bucket = grown;
    }

    fn sum(&mut self, now: Millis) -> u64 {
        self.advance(now);
        self.sum
    }

    /// Forgets what has left the window. A clock that steps back changes nothing.
    fn advance(&mut self, now: Millis) {
        let second = now.0 / 1_000;
        let passed = second.saturating_sub(self.second);
        for step in 1..=passed.min(WINDOW_S as u64) {
            let bucket = &mut self.buckets[((self.second + step) % WINDOW_S as u64) as usize];
            self.sum -= u64::from(std::mem::take(bucket));
        }
        self.second = self.second.max(second);
    }
}

/// What happened to a queue in the last two minutes.
#[derive(Clone, Debug)]
pub struct Rates {
    started: Millis,
    assigned: Window,
    abandoned: Window,
    /// Seconds at whose tick somebody waited, and what was assigned while somebody waited: only
    /// then does the number of assignments say how fast the queue drains.
    pressed: Window,
    drained: Window,
    /// Sum over ticks of how many waited.
    waiting: Window,
    arrivals: Box<[Window; STEPS]>,
}

/// Sums as [`super::estimate`] takes them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Observed {
    /// Seconds in which somebody waited, and assignments in them.
    pub pressed_s: u32,
    pub drained: u32,
    pub abandoned: u32,
    pub waiting_s: u64,
    /// Arrivals by head start (index × [`STEP_MS`]), and the seconds they were counted over.
    pub arrivals: [u32; STEPS],
    pub arrivals_s: u32,
}

impl Rates {
    pub fn new(now: Millis) -> Self {
        Self {
            started: now,
            assigned: Window::new(now),
            abandoned: Window::new(now),
            pressed: Window::new(now),
            drained: Window::new(now),
            waiting: Window::new(now),
            arrivals: Box::new(std::array::from_fn(|_| Window::new(now))),
        }
    }

    /// One more waits, this far ahead of a newcomer without boost.
    pub fn arrived(&mut self, now: Millis, head_start_ms: i64) {
        let steps = (u64::try_from(head_start_ms).unwrap_or(0) + STEP_MS / 2) / STEP_MS;
        let step = usize::try_from(steps).unwrap_or(STEPS).min(STEPS - 1);
        self.arrivals[step].add(now, 1);
    }

    /// One was offered to an agent, while `others` waited without having been picked.
    pub fn assigned(&mut self, now: Millis, others: usize) {
        self.assigned.add(now, 1);
        if others > 0 {
            self.drained.add(now, 1);
        }
    }

    pub fn abandoned(&mut self, now: Millis) {
        self.abandoned.add(now, 1);
    }

    /// Once a second: so many wait without having been picked.
    pub fn tick(&mut self, now: Millis, waiting: usize) {
        if waiting > 0 {
            self.pressed.add(now, 1);
            self.waiting
                .add(now, u32::try_from(waiting).unwrap_or(u32::MAX));
        }
    }

    pub fn assigned_sum(&mut self, now: Millis) -> u32 {
        clamp(self.assigned.sum(now))
    }

    pub fn abandoned_sum(&mut self, now: Millis) -> u32 {
        clamp(self.abandoned.sum(now))
    }

    pub fn observed(&mut self, now: Millis) -> Observed {
        let alive_s = now.since(self.started) / 1_000 + 1;
        Observed {
            pressed_s: clamp(self.pressed.sum(now)),
            drained: clamp(self.drained.sum(now)),
            abandoned: clamp(self.abandoned.sum(now)),
            waiting_s: self.waiting.sum(now),
            arrivals: std::array::from_fn(|step| clamp(self.arrivals[step].sum(now))),
            arrivals_s: clamp(alive_s.min(WINDOW_S as u64)),
        }
    }
}

fn clamp(sum: u64) -> u32 {
    u32::try_from(sum).unwrap_or(u32::MAX)
}
