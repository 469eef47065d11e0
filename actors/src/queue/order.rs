//! Who is served first, and for how long anybody can be overtaken.
//!
//! The key is fixed when an entry is listed: `enqueued_at − boost`, then `enqueued_at`, then the
//! conversation's id. The boost counted is at most `starvation_ms`. From this alone follows the
//! **bound**: a conversation that began to wait at `b` goes ahead of one that began at `a ≤ b` only
//! if `b < a + starvation_ms` (by at most its own boost minus the other's, when that is smaller). So
//!
//! * once somebody has waited for `starvation_ms`, nobody who comes later is listed ahead of it;
//! * all that can ever overtake it are the conversations with a greater boost that began to wait
//!   within `min(boost, starvation_ms)` after it: at λ of them a second, at most λ · starvation_ms / 1,000.
//!
//! With the defaults (VIP 12 and 15 minutes, boosts and bound capped at 15) that is 15 minutes at most,
//! whatever the load.
//! An agent is always given to the first entry it can serve. Apart from missing skills, the only other
//! ways to be passed over end by themselves: a preferred agent (until its deadline, 20 s after
//! enqueueing), preferred skills (60 s), and an agent it was just missed or declined by.

use crate::conversation::Waiting;
use crate::ids::{ConversationId, Millis};

/// Place in the order of a queue; the smallest is served first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderKey {
    /// Unix milliseconds, moved back by the boost.
    pub effective_ms: i64,
    pub enqueued_at: Millis,
    pub conversation: ConversationId,
}

impl OrderKey {
    /// The key of an entry under a starvation bound in milliseconds.
    pub fn of(conversation: ConversationId, waiting: &Waiting, starvation_ms: u64) -> Self {
        let boost_ms = waiting.boost_ms.min(starvation_ms);
        Self {
            effective_ms: signed(waiting.enqueued_at.0) - signed(boost_ms),
            enqueued_at: waiting.enqueued_at,
            conversation,
        }
    }

    /// How far ahead of somebody who begins to wait now without a boost, in milliseconds.
    pub fn head_start_ms(&self, now: Millis) -> i64 {
        signed(now.0) - self.effective_ms
    }
}

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX / 2)
}

#[cfg(test)]
#[path = "order_tests.rs"]
mod tests;
