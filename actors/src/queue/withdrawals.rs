//! What was withdrawn lately, so that an announcement which comes after its withdrawal lists no ghost.

use std::collections::{HashMap, VecDeque};

use crate::ids::{ConversationId, Millis, Seq};
use crate::limits::{WITHDRAWN_KEPT, WITHDRAWN_KEPT_MS};

/// At most [`WITHDRAWN_KEPT`] withdrawals of the last [`WITHDRAWN_KEPT_MS`]. One forgotten too early
/// costs a reservation that its conversation answers with a release and another withdrawal.
#[derive(Clone, Debug, Default)]
pub struct Withdrawals {
    newest: HashMap<ConversationId, Seq>,
    order: VecDeque<(Millis, ConversationId, Seq)>,
}

impl Withdrawals {
    pub fn remember(&mut self, now: Millis, conversation: ConversationId, entry: Seq) {
        let known = self.newest.entry(conversation).or_default();
        if *known >= entry {
            return;
        }
        *known = entry;
        self.order.push_back((now, conversation, entry));
        while let Some((at, conversation, entry)) = self.order.front().copied() {
            if self.order.len() <= WITHDRAWN_KEPT && now.since(at) < WITHDRAWN_KEPT_MS {
                break;
            }
            self.order.pop_front();
            if self.newest.get(&conversation) == Some(&entry) {
                self.newest.remove(&conversation);
            }
        }
    }

    /// Is this entry known to be over? Entry ids grow, so a later one withdrawn ends it too.
    pub fn covers(&self, conversation: ConversationId, entry: Seq) -> bool {
        self.newest
            .get(&conversation)
            .is_some_and(|known| *known >= entry)
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.order.len()
    }
}
