//! Logs that are closed, read without opening them and by whoever likes.
//!
//! A seal says how far a log is safe: its last event, whose check has passed, and the token of the
//! activation that sealed it. It counts only as long as that activation's marker is the newest: whoever
//! opens the log later voids it by that. The activation itself, once it may have written one, writes
//! a newer one before each event it acknowledges. So whoever finds a seal has found all that was
//! acknowledged before it asked; where none counts, only the owner knows where the log ends.

use crest_actors::conversation::{PhaseKind, Summary};
use crest_actors::ids::{Seq, Token};
use crest_actors::ports::{LogId, StoreFailure, Stored};

use super::open::{chain, read};
use super::tables::Tables;
use crate::store::row::Chain as Link;

/// How far a log is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    pub last: u64,
    /// Of the activation that wrote it.
    pub token: Token,
    /// Of the last event.
    pub link: Link,
}

/// Does this state of a conversation end with a seal?
pub fn closes(summary: &Summary) -> bool {
    summary.phase == PhaseKind::Closed
}

/// Events of a sealed log with seq > `after`, at most `limit`; `None` where no seal counts.
pub async fn read_sealed(
    tables: &Tables,
    log: &LogId,
    after: Seq,
    limit: usize,
) -> Result<Option<Vec<Stored>>, StoreFailure> {
    let LogId::Conversation(key) = log else {
        return Ok(None);
    };
    let from = after.0.saturating_add(1);
    let Some(seal) = tables.newest_seal(key).await? else {
        return Ok(None);
    };
    let chain = chain(tables, log, Some(from)).await?;
    match chain {
        Some(chain) if chain.newest.token == seal.token => {
            let found = read(tables, log, &chain, from, seal.last, limit, Some(&seal));
            found.await.map(Some)
        }
        _ => Ok(None),
    }
}
