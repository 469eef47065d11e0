//! What a node asks of its log store beside the log port.

use crest_actors::conversation::Summary;
use crest_actors::ids::ConversationKey;
use crest_actors::ports::{Done, LogStore, StoreFailure};

use super::list::{Page, Query};

/// A log store with its index of conversations.
pub trait Engine: LogStore {
    /// The index row of a conversation; `None` where it has none.
    fn summary(&self, key: ConversationKey, done: Done<Result<Option<Summary>, StoreFailure>>);

    /// One page of a tenant's conversations.
    fn list(&self, query: Query, done: Done<Result<Page, StoreFailure>>);

    /// Did the store answer, and store, when it was asked last?
    fn answers(&self) -> bool;

    /// Stores and answers what was submitted and ends the store's threads. What is asked afterwards
    /// is answered `Unavailable`. Blocks; called again it does nothing.
    fn close(&self);
}
