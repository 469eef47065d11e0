//! What a node asks of its log store beside the log port.

use crest_actors::conversation::Summary;
use crest_actors::ids::{ConversationKey, Seq};
use crest_actors::ports::{Done, LogId, LogStore, StoreFailure, Stored};

use super::list::{Page, Query};

/// A log store with its index of conversations.
pub trait Engine: LogStore {
    /// The index row of a conversation; `None` where it has none.
    fn summary(&self, key: ConversationKey, done: Done<Result<Option<Summary>, StoreFailure>>);

    /// Events of a log with seq > `after`, at most `limit`, whoever owns it: of one that is closed, as
    /// far as it was acknowledged. `None`: only its owner knows where it ends.
    fn read_sealed(
        &self,
        _log: LogId,
        _after: Seq,
        _limit: usize,
        done: Done<Result<Option<Vec<Stored>>, StoreFailure>>,
    ) {
        done(Ok(None));
    }

    /// One page of a tenant's conversations.
    fn list(&self, query: Query, done: Done<Result<Page, StoreFailure>>);

    /// Did the store answer, and store, when it was asked last?
    fn answers(&self) -> bool;

    /// Stores and answers what was submitted and ends the store's threads. What is asked afterwards
    /// is answered `Unavailable`. Blocks; called again it does nothing.
    fn close(&self);
}
