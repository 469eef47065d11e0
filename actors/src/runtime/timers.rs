//! Deadlines of every actor of one arbiter: one sorted map, one sleeping task.

use std::collections::BTreeMap;

use crate::effect::Address;
use crate::ids::Millis;

/// Armed deadlines. An actor has at most one; moving it later is lazy (it fires early and is armed
/// again), so that a message that only postpones a time-out costs nothing.
#[derive(Default)]
pub struct Timers {
    queue: BTreeMap<(Millis, u64), Address>,
    next: u64,
}

/// Names an armed deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Armed {
    pub at: Millis,
    number: u64,
}

impl Timers {
    /// Makes sure `address` is woken at `at` or earlier. Returns what is armed now.
    pub fn arm(
        &mut self,
        armed: Option<Armed>,
        at: Millis,
        address: impl FnOnce() -> Address,
    ) -> Armed {
        if let Some(armed) = armed {
            if armed.at <= at {
                return armed;
            }
            self.queue.remove(&(armed.at, armed.number));
        }
        self.next += 1;
        self.queue.insert((at, self.next), address());
        Armed {
            at,
            number: self.next,
        }
    }

    /// When the next one is due.
    pub fn next_at(&self) -> Option<Millis> {
        self.queue.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes one that is due.
    pub fn pop_due(&mut self, now: Millis) -> Option<Address> {
        let entry = self.queue.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }
}
