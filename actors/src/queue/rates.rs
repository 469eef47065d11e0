//! How fast a queue fills and drains, in ring buffers of one-second buckets: no allocation for an event.

use crate::ids::Millis;

/// Seconds looked back for assignments and those who gave up.
pub const WINDOW_S: u64 = 120;
/// Arrivals are told apart by head start in steps of a minute; the last step takes all longer ones.
pub const KINDS: usize = 17;
pub const KIND_MS: u64 = 60_000;
/// Arrivals are counted in steps of 10 s over the last 20 minutes, longer than any head start counts.
pub const SPAN_S: u64 = 10;
pub const SPANS: usize = BUCKETS;
const BUCKETS: usize = 120;

/// Counts of the last [`BUCKETS`] spans of time.
#[derive(Clone, Debug)]
struct Window {
    buckets: [u32; BUCKETS],
    sum: u64,
    /// Number of the newest span.
    newest: u64,
    span_s: u64,
}

impl Window {
    fn new(now: Millis, span_s: u64) -> Self {
        Self {
            buckets: [0; BUCKETS],
            sum: 0,
            newest: now.0 / 1_000 / span_s,
            span_s,
        }
    }

    fn add(&mut self, now: Millis, count: u32) {
        self.advance(now);
        let bucket = &mut self.buckets[(self.newest % BUCKETS as u64) as usize];
        let grown = bucket.saturating_add(count);
        self.sum += u64::from(grown - *bucket);
        *bucket = grown;
    }

    fn sum(&mut self, now: Millis) -> u64 {
        self.advance(now);
        self.sum
    }

    /// Counts of the newest span, of the two newest, and so on.
    fn sums(&mut self, now: Millis) -> [f32; SPANS] {
        self.advance(now);
        let mut sum = 0_u32;
        std::array::from_fn(|back| {
            let at = self.newest.wrapping_sub(back as u64) % BUCKETS as u64;
            sum = sum.saturating_add(self.buckets[at as usize]);
            sum as f32
        })
    }

    /// Forgets what has left the window. A clock that steps back changes nothing.
    fn advance(&mut self, now: Millis) {
        let newest = now.0 / 1_000 / self.span_s;
        let passed = newest.saturating_sub(self.newest);
        for step in 1..=passed.min(BUCKETS as u64) {
            let bucket = &mut self.buckets[((self.newest + step) % BUCKETS as u64) as usize];
            self.sum -= u64::from(std::mem::take(bucket));
        }
        self.newest = self.newest.max(newest);
    }
}

const _: () = assert!(BUCKETS as u64 == WINDOW_S, "one bucket a second");

/// What happened to a queue lately.
#[derive(Clone, Debug)]
pub struct Rates {
    assigned: Window,
    abandoned: Window,
    /// Seconds at whose tick somebody waited, and what was assigned while somebody waited: only
    /// then does the number of assignments say how fast the queue drains.
    pressed: Window,
    drained: Window,
    /// Sum over ticks of how many waited.
    waiting: Window,
    arrivals: Box<[Window; KINDS]>,
}

/// Sums as [`super::estimate`] takes them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Seconds in which somebody waited, and assignments in them.
    pub pressed_s: u32,
    pub drained: u32,
    pub abandoned: u32,
    pub waiting_s: u64,
    /// By head start in seconds, of the kinds seen: arrivals of the last span, the last two …
    pub arrivals: Vec<(f64, [f32; SPANS])>,
}

impl Rates {
    pub fn new(now: Millis) -> Self {
        Self {
            assigned: Window::new(now, 1),
            abandoned: Window::new(now, 1),
            pressed: Window::new(now, 1),
            drained: Window::new(now, 1),
            waiting: Window::new(now, 1),
            arrivals: Box::new(std::array::from_fn(|_| Window::new(now, SPAN_S))),
        }
    }

    /// One more waits, this far ahead of a newcomer without boost.
    pub fn arrived(&mut self, now: Millis, head_start_ms: i64) {
        let steps = (u64::try_from(head_start_ms).unwrap_or(0) + KIND_MS / 2) / KIND_MS;
        let kind = usize::try_from(steps).unwrap_or(KINDS).min(KINDS - 1);
        self.arrivals[kind].add(now, 1);
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
        let kinds = (0_u64..).zip(self.arrivals.iter_mut());
        let arrivals = kinds.filter_map(|(kind, window)| {
            let head_start_s = (kind * KIND_MS / 1_000) as f64;
            (window.sum(now) > 0).then(|| (head_start_s, window.sums(now)))
        });
        Observed {
            pressed_s: clamp(self.pressed.sum(now)),
            drained: clamp(self.drained.sum(now)),
            abandoned: clamp(self.abandoned.sum(now)),
            waiting_s: self.waiting.sum(now),
            arrivals: arrivals.collect(),
        }
    }
}

fn clamp(sum: u64) -> u32 {
    u32::try_from(sum).unwrap_or(u32::MAX)
}
