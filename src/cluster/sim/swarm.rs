//! What may go wrong under one seed. Each seed has only some of the troubles, so that none hides
//! another, and each more or less often.

use crest_actors::ids::{SHARDS, Shard};

use super::random::Random;
use crate::cluster::limits::{GUARD_MS, LEASE_TTL_MS};

/// Shards of most simulated clusters: fewer than the real ones, so that each is met more often.
const FEW_SHARDS: u16 = 20;

/// What the guard is for: a clock this slow and one this fast, over one TTL.
const DRIFT_PPM_MAX: u64 = 65_000;

const _: () = assert!(
    (LEASE_TTL_MS - GUARD_MS) * (1_000_000 + DRIFT_PPM_MAX)
        < (LEASE_TTL_MS + GUARD_MS) * (1_000_000 - DRIFT_PPM_MAX)
);

#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// A process dies.
    Crash,
    /// A process stands still while its clock goes on.
    Pause,
    /// A process cannot reach the store, or does not hear it.
    Cut,
    /// A process is told to drain.
    Drain,
    /// A second process of the same node is started.
    Twin,
}

#[derive(Clone, Debug)]
pub struct Swarm {
    pub shards: u16,
    pub nodes: u16,
    pub storm_ms: u64,
    pub troubles: Vec<Trouble>,
    /// Mean time between two troubles.
    pub every_ms: u64,
    /// Percent of asks that go that way.
    pub never_arrives: u64,
    pub answer_lost: u64,
    /// A CAS that is carried out long after it was given up.
    pub late: u64,
    pub slow: u64,
    /// Percent of asks before which a process stands still, after it decided to ask.
    pub stalls: u64,
    /// How far a plain look may be behind.
    pub behind_ms: u64,
    /// How far a clock may run apart from true time, either way.
    pub drift_ppm: u64,
    pub hints_lost: u64,
    pub hint_ms_max: u64,
}

impl Swarm {
    pub fn every_shard(&self) -> impl Iterator<Item = Shard> + use<> {
        (0..self.shards).map(|shard| Shard(shard as u8))
    }

    pub fn new(random: &mut Random) -> Self {
        use Trouble::{Crash, Cut, Drain, Pause, Twin};
        let mut some = |most: u64| {
            if random.chance(60) {
                random.between(1, most)
            } else {
                0
            }
        };
        let (never_arrives, answer_lost) = (some(8), some(15));
        let (late, slow, behind_ms) = (some(20), some(30), some(400));
        let (hints_lost, drift_ppm, stalls) = (some(100), some(DRIFT_PPM_MAX), some(2));
        let mut troubles = Vec::new();
        for trouble in [Crash, Pause, Pause, Cut, Drain, Twin] {
            if random.chance(55) {
                troubles.push(trouble);
            }
        }
        Self {
            shards: if random.chance(1) { SHARDS } else { FEW_SHARDS },
            nodes: random.between(2, 5) as u16,
            storm_ms: random.between(8_000, 25_000),
            troubles,
            every_ms: random.between(300, 3_000),
            never_arrives,
            answer_lost,
            late,
            slow,
            stalls,
            behind_ms,
            drift_ppm,
            hints_lost,
            hint_ms_max: random.between(5, 3_000),
        }
    }
}
