//! Is the harness itself fast enough? Its figures are worth nothing otherwise.

use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio::time::sleep_until;

use super::meter::{Latency, Meter};

/// Between two looks.
const TICK: Duration = Duration::from_millis(5);

/// Ticks until dropped and records how late each tick is.
pub(super) struct LagWatch(JoinHandle<()>);

impl LagWatch {
    pub fn start(meter: Meter) -> Self {
        Self(tokio::spawn(async move {
            let mut due = Instant::now() + TICK;
            loop {
                sleep_until(due.into()).await;
                let late = due.elapsed();
                meter.record(Latency::OwnLag, late);
                due = Instant::now() + TICK;
            }
        }))
    }
}

impl Drop for LagWatch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Clock ticks of the machine: busy and all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cpu {
    busy: u64,
    all: u64,
}

impl Cpu {
    /// `None` where the system does not tell.
    pub fn now() -> Option<Self> {
        Self::read(&std::fs::read_to_string("/proc/stat").ok()?)
    }

    fn read(stat: &str) -> Option<Self> {
        let line = stat.lines().next()?.strip_prefix("cpu ")?;
        let ticks: Vec<u64> = line
            .split_whitespace()
            .map(|field| field.parse().unwrap_or(0))
            .collect();
        let idle = ticks.get(3)? + ticks.get(4)?;
        let all = ticks.iter().take(8).sum();
        Some(Self {
            busy: all - idle,
            all,
        })
    }

    /// Share of the machine that worked since `earlier`, 0 to 1.
    pub fn busy_since(self, earlier: Self) -> f64 {
        match self.all.saturating_sub(earlier.all) {
            0 => 0.0,
            all => self.busy.saturating_sub(earlier.busy) as f64 / all as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busy_share_is_what_was_not_idle_nor_waiting_for_disks() {
        let earlier = Cpu::read("cpu  100 0 100 700 100 0 0 0 0 0\n").expect("a line");
        let later = Cpu::read("cpu  160 0 100 720 120 0 0 0 0 0\n").expect("a line");
        assert_eq!(later.busy_since(earlier), 0.6);
    }
}
