//! Waits after failed logins, doubling. Time comes in; nothing sleeps.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crest_actors::ids::Millis;

use super::limits::{BACKOFF_ENTRIES, BACKOFF_FORGET_MS};

/// Failures by account or by address.
///
/// An attempt is charged before it is decided, so that many at once cannot all slip through.
pub struct Backoff<K> {
    /// The failure of this number is the first that has to be waited for.
    free: u32,
    first_ms: u64,
    max_ms: u64,
    entries: Mutex<HashMap<K, Entry>>,
}

#[derive(Clone, Copy)]
struct Entry {
    failures: u32,
    until: Millis,
    last: Millis,
}

/// Come back after so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    pub ms: u64,
}

impl<K: Eq + Hash + Clone> Backoff<K> {
    pub fn new(free: u32, first_ms: u64, max_ms: u64) -> Self {
        Self {
            free,
            first_ms,
            max_ms,
            entries: Mutex::new(HashMap::new()),
        }
    }

    /// Charges one attempt, or says how long to wait; a refused attempt is not charged.
    pub fn attempt(&self, key: &K, now: Millis) -> Result<(), Wait> {
        let mut entries = self.lock();
        let known = entries
            .get(key)
            .filter(|entry| now.since(entry.last) < BACKOFF_FORGET_MS.max(2 * self.max_ms))
            .copied();
        if let Some(entry) = known.filter(|entry| entry.until > now) {
            return Err(Wait {
                ms: entry.until.since(now),
            });
        }
        let failures = known.map_or(0, |entry| entry.failures).saturating_add(1);
        if entries.len() >= BACKOFF_ENTRIES && !entries.contains_key(key) {
            make_room(&mut entries, now);
        }
        let entry = Entry {
            failures,
            until: now.plus(self.wait_ms(failures)),
            last: now,
        };
        entries.insert(key.clone(), entry);
        Ok(())
    }

    /// The attempt succeeded: everything before it is forgotten.
    pub fn clear(&self, key: &K) {
        self.lock().remove(key);
    }

    /// The attempt is taken back, everything before it stays: one good account behind an address
    /// must not buy more guesses at others.
    pub fn refund(&self, key: &K, now: Millis) {
        if let Some(entry) = self.lock().get_mut(key) {
            entry.failures = entry.failures.saturating_sub(1);
            entry.until = now;
        }
    }

    fn wait_ms(&self, failures: u32) -> u64 {
        match failures.checked_sub(self.free) {
            None => 0,
            Some(over) => self
                .first_ms
                .saturating_mul(1_u64.checked_shl(over).unwrap_or(u64::MAX))
                .min(self.max_ms),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Entry>> {
        // Nothing under this lock panics half-way, so what it guards is whole even if poisoned.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets whoever failed before the middle of those remembered; at least half of them go, so the
/// cost of looking at all of them is spread over as many attempts.
fn make_room<K: Eq + Hash>(entries: &mut HashMap<K, Entry>, now: Millis) {
    let mut ages: Vec<u64> = entries
        .values()
        .map(|entry| now.since(entry.last))
        .collect();
    let middle = ages.len() / 2;
    let (_, median, _) = ages.select_nth_unstable(middle);
    let median = *median;
    entries.retain(|_, entry| now.since(entry.last) < median);
}
