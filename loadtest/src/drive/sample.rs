//! What the machine does during a run, second by second, from `/proc`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio::time::sleep_until;

use super::clock::Clock;

/// Between two samples.
const EVERY: Duration = Duration::from_secs(1);
/// Two hours of them; a longer run is sampled for no longer.
const SAMPLES_MAX: usize = 7_200;
/// Clock ticks a second in `/proc`: fixed on every platform that Linux runs on today.
const TICKS_PER_S: f64 = 100.0;

/// Over the second before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    pub at_us: u64,
    /// Processors in use by the server; 0 where it runs elsewhere.
    pub server_cores: f64,
    pub server_rss_bytes: u64,
    /// Processors in use by the harness, its workers included.
    pub own_cores: f64,
    /// Share of the machine in use by anybody, 0 to 1.
    pub machine_busy: f64,
}

/// Samples until it is asked for what it has.
pub(super) struct Sampler {
    task: JoinHandle<()>,
    samples: Arc<Mutex<Vec<Sample>>>,
}

impl Sampler {
    pub fn start(clock: Clock, server: Option<u32>, workers: Vec<u32>) -> Self {
        let samples = Arc::new(Mutex::new(Vec::new()));
        let kept = samples.clone();
        let mut own = workers;
        own.push(std::process::id());
        let task = tokio::spawn(async move {
            let mut due = clock.begun().max(Instant::now());
            let mut before = Reading::now(server, &own);
            loop {
                due += EVERY;
                sleep_until(due.into()).await;
                let now = Reading::now(server, &own);
                let sample = now.since(&before, clock.us(now.at));
                before = now;
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() < SAMPLES_MAX {
                    kept.push(sample);
                }
            }
        });
        Self { task, samples }
    }

    pub fn finish(self) -> Vec<Sample> {
        self.task.abort();
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *samples)
    }
}

struct Reading {
    at: Instant,
    server_ticks: u64,
    server_rss_bytes: u64,
    own_ticks: u64,
    machine: Machine,
}

impl Reading {
    fn now(server: Option<u32>, own: &[u32]) -> Self {
        Self {
            at: Instant::now(),
            server_ticks: server.map_or(0, ticks_of),
            server_rss_bytes: server.map_or(0, |pid| resident_bytes(pid).unwrap_or(0)),
            own_ticks: own.iter().copied().map(ticks_of).sum(),
            machine: Machine::now().unwrap_or_default(),
        }
    }

    fn since(&self, before: &Self, at_us: u64) -> Sample {
        let lasted = self.at.duration_since(before.at).as_secs_f64().max(1e-3);
        let cores = |now: u64, then: u64| now.saturating_sub(then) as f64 / TICKS_PER_S / lasted;
        Sample {
            at_us,
            server_cores: cores(self.server_ticks, before.server_ticks),
            server_rss_bytes: self.server_rss_bytes,
            own_cores: cores(self.own_ticks, before.own_ticks),
            machine_busy: self.machine.busy_since(before.machine),
        }
    }
}

/// Processor ticks of a process so far; 0 once it is gone.
fn ticks_of(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    ticks_in(&stat).unwrap_or(0)
}

/// `utime` and `stime`: the 12th and 13th field after the name, which may hold anything.
fn ticks_in(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Resident memory of a process.
pub(super) fn resident_bytes(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// Clock ticks of the machine: busy and all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Machine {
    busy: u64,
    all: u64,
}

impl Machine {
    /// `None` where the system does not tell.
    fn now() -> Option<Self> {
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
    fn busy_since(self, earlier: Self) -> f64 {
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
        let earlier = Machine::read("cpu  100 0 100 700 100 0 0 0 0 0\n").expect("a line");
        let later = Machine::read("cpu  160 0 100 720 120 0 0 0 0 0\n").expect("a line");
        assert_eq!(later.busy_since(earlier), 0.6);
    }

    #[test]
    fn a_process_may_be_named_as_it_likes() {
        let stat = "42 (a (b) c) S 1 42 42 0 -1 4194560 10 0 0 0 250 50 0 0 20 0 4 0";
        assert_eq!(ticks_in(stat), Some(300));
    }
}
