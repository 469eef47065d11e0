//! Guardians: what to do when a child dies. Pure decisions; the region carries them out.
//!
//! The tree is root → region (one a kind) → shard → entity. One broken entity must not take its
//! neighbours down, so an entity that keeps dying is put aside for a while; only several different
//! ones put aside within the window let the trouble climb a level.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use crate::ids::{Millis, Shard};
use crate::limits::{
    PUT_ASIDE_MS, REGION_RESTARTS_MAX, RESTARTS_MAX, RESTARTS_WINDOW_MS, SHARD_PUT_ASIDE_MAX,
};

/// What a guardian orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A new value, replayed from the log, at the next note.
    RestartEntity,
    /// The entity answers "unavailable" until then.
    PutAside { until: Millis },
    /// Every entity of the shard is dropped and replayed when next needed.
    RestartShard(Shard),
    /// Every entity of this kind on this arbiter.
    RestartRegion,
    /// Something is wrong with all of it: the process ends and whoever runs it starts it again.
    EndProcess,
}

/// Guards the entities of one region.
pub struct Guardian<K> {
    crashes: HashMap<K, VecDeque<Millis>>,
    put_aside: HashMap<Shard, VecDeque<Millis>>,
    shard_restarts: VecDeque<Millis>,
    region_restarts: VecDeque<Millis>,
    pub restarts: u64,
}

impl<K> Default for Guardian<K> {
    fn default() -> Self {
        Self {
            crashes: HashMap::new(),
            put_aside: HashMap::new(),
            shard_restarts: VecDeque::new(),
            region_restarts: VecDeque::new(),
            restarts: 0,
        }
    }
}

impl<K: Clone + Eq + Hash> Guardian<K> {
    /// Deaths of `key` within the window.
    pub fn deaths(&self, key: &K) -> usize {
        self.crashes.get(key).map_or(0, VecDeque::len)
    }

    /// Decides on the death of `key`, which lived in `shard`.
    pub fn died(&mut self, now: Millis, key: &K, shard: Shard) -> Verdict {
        self.restarts += 1;
        let floor = Millis(now.0.saturating_sub(RESTARTS_WINDOW_MS));
        self.crashes
            .retain(|_, deaths| deaths.back().is_some_and(|at| *at > floor));
        if !exceeds(
            self.crashes.entry(key.clone()).or_default(),
            now,
            RESTARTS_MAX as usize,
        ) {
            return Verdict::RestartEntity;
        }
        self.crashes.remove(key);
        if !exceeds(
            self.put_aside.entry(shard).or_default(),
            now,
            SHARD_PUT_ASIDE_MAX,
        ) {
            return Verdict::PutAside {
                until: now.plus(PUT_ASIDE_MS),
            };
        }
        self.put_aside.remove(&shard);
        if !exceeds(&mut self.shard_restarts, now, SHARD_PUT_ASIDE_MAX) {
            return Verdict::RestartShard(shard);
        }
        self.shard_restarts.clear();
        if !exceeds(&mut self.region_restarts, now, REGION_RESTARTS_MAX) {
            return Verdict::RestartRegion;
        }
        Verdict::EndProcess
    }
}

/// Counts one more event; true where more than `max` fall into the window.
fn exceeds(events: &mut VecDeque<Millis>, now: Millis, max: usize) -> bool {
    events.push_back(now);
    while events
        .front()
        .is_some_and(|at| now.since(*at) > RESTARTS_WINDOW_MS)
    {
        events.pop_front();
    }
    events.len() > max
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deaths(guardian: &mut Guardian<u32>, key: u32, times: u32) -> Vec<Verdict> {
        (0..times)
            .map(|n| guardian.died(Millis(1_000 + u64::from(n)), &key, Shard(1)))
            .collect()
    }

    #[test]
    fn an_entity_is_restarted_five_times_and_then_put_aside() {
        let mut guardian = Guardian::default();
        let verdicts = deaths(&mut guardian, 7, 6);
        assert_eq!(verdicts[..5], [Verdict::RestartEntity; 5]);
        assert!(matches!(verdicts[5], Verdict::PutAside { .. }));
    }

    #[test]
    fn deaths_far_apart_are_forgiven() {
        let mut guardian = Guardian::default();
        for n in 0..50 {
            let at = Millis(n * RESTARTS_WINDOW_MS);
            assert_eq!(guardian.died(at, &7, Shard(1)), Verdict::RestartEntity);
        }
    }

    #[test]
    fn several_broken_entities_restart_the_shard_then_the_region_then_end_the_process() {
        let mut guardian = Guardian::default();
        let mut seen = Vec::new();
        for key in 0..2_000 {
            let last = *deaths(&mut guardian, key, 6).last().unwrap();
            if !matches!(last, Verdict::PutAside { .. }) {
                seen.push(last);
            }
            if last == Verdict::EndProcess {
                break;
            }
        }
        assert_eq!(seen[0], Verdict::RestartShard(Shard(1)));
        assert!(seen.contains(&Verdict::RestartRegion));
        assert_eq!(seen.last(), Some(&Verdict::EndProcess));
    }
}
