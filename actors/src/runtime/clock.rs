//! The node's time: Unix milliseconds that never run backwards.

use tokio::time::Instant;

use crate::ids::Millis;

/// Wall time at start plus what the monotonic clock has counted since, so that a wall clock set
/// back or forward neither stops nor fires deadlines. Follows tokio's clock, so tests can pause it.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    wall: Millis,
    start: Instant,
}

impl Clock {
    /// `wall` is the Unix time now.
    pub fn starting_at(wall: Millis) -> Self {
        Self {
            wall,
            start: Instant::now(),
        }
    }

    pub fn system() -> Self {
        let wall = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.as_millis() as u64);
        Self::starting_at(Millis(wall))
    }

    pub fn now(&self) -> Millis {
        self.wall.plus(self.start.elapsed().as_millis() as u64)
    }

    /// The instant at which [`Clock::now`] reaches `at`.
    pub fn instant(&self, at: Millis) -> Instant {
        self.start + std::time::Duration::from_millis(at.since(self.wall))
    }
}
