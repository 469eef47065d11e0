//! What a member asks of the store, and what it is answered.
//!
//! The store's side: CAS statements are never retried by the driver, whose default would run them
//! again at QUORUM. [`Ask::ReadLease`] and [`Ask::ReadMap`] are SERIAL reads. [`Ask::Look`] is a
//! plain QUORUM read of every row; it may be behind.

use std::sync::Arc;

use super::assignment::Map;
use super::process::{Incarnation, NodeId};

/// A row of `node_lease`, never deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LeaseRow {
    pub incarnation: Incarnation,
    /// Raised by every renewal, by nobody else.
    pub beat: u64,
    /// False for good as far as this incarnation goes.
    pub alive: bool,
}

/// Names one ask of one member; an answer to an older one is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AskId(pub u64);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ask {
    Look,
    ReadLease(NodeId),
    /// Sets the row `IF incarnation, beat, alive` are as expected; `None` is `IF NOT EXISTS`.
    CasLease {
        node: NodeId,
        expected: Option<LeaseRow>,
        next: LeaseRow,
    },
    ReadMap,
    /// Sets the map `IF version` is as expected; `None` is `IF NOT EXISTS`.
    CasMap {
        expected: Option<u64>,
        next: Arc<Map>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    Rows(Vec<(NodeId, LeaseRow)>),
    /// `None`: there is no such row.
    Lease(Option<LeaseRow>),
    /// `None`: there is no map yet.
    Map(Option<Arc<Map>>),
    Applied,
    Refused,
    /// A time-out or an error: carried out, or not, or not yet.
    Unknown,
}
