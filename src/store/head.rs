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

/// Where the least recently used quarter ends, of uses counted upwards; at least one.
pub fn oldest_kept(uses: impl Iterator<Item = u64>) -> u64 {
    let mut uses: Vec<u64> = uses.collect();
    let quarter = uses.len() / 4;
    *uses.select_nth_unstable(quarter).1
}
