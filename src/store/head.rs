//! What is known in memory of the logs in use: who may append next, and where.

use crest_actors::ids::Token;
use crest_actors::ports::LogId;
use dashmap::DashMap;
use foldhash::fast::RandomState;

use super::row::Chain;
use super::run::Run;

/// The end of one log.
#[derive(Clone, Debug)]
pub struct Head {
    /// `None` until the log's first append.
    pub log_no: Option<u64>,
    /// The newest token; any other is fenced.
    pub token: Token,
    pub end: End,
    /// Events that no locator names yet; empty or ending with the newest event.
    pub open: Run,
    /// Of the append or activation that used it last: what is least is dropped first.
    pub used: u64,
}

/// Where a log ends, as far as known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its activation is still reading: nothing can be appended.
    Unread,
    Known {
        last: u64,
        chain: Chain,
    },
}

/// Heads of all logs in use. Only the writer changes one whose end is known. Boxed: a table that has
/// just grown is half empty.
pub type Heads = DashMap<LogId, Box<Head>, RandomState>;
