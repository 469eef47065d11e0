//! How long conversations are kept.
//!
//! Every row of a conversation is written with a time to live, counted so that all of them end
//! together: birth + kept + grace. From birth + kept on it is taken as gone, so that rows which end
//! seconds apart are never seen as a hole. Ledgers and pointers are kept for ever.
//!
//! For how long is fixed at birth: what was written cannot be made to end later, and a conversation
//! whose first rows end before its last would be one with a hole. So the keyspace remembers from
//! which birth on each setting counts.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crest_actors::ids::ConversationId;
use crest_actors::ports::{LogId, StoreFailure};
use scylla::client::session::Session;

use super::connect::Place;
use super::failure::CqlFailure;
use super::index::MILLIS_A_DAY;

/// What is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// From birth on; 0: for ever.
    pub kept: Duration,
    /// Between being taken as gone and ending in the tables, and from a changed setting until it
    /// counts: more than clocks differ, and than nodes take to be restarted one after another.
    pub grace: Duration,
}

impl Retention {
    pub const FOR_EVER: Self = Self::days(0);

    /// 0: for ever.
    pub const fn days(days: u32) -> Self {
        Self {
            kept: Duration::from_millis(days as u64 * MILLIS_A_DAY),
            grace: Duration::from_millis(MILLIS_A_DAY),
        }
    }
}

/// What counts for conversations born from a time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Since {
    born_ms: u64,
    kept_s: u64,
    grace_s: u64,
}

/// What has counted in a keyspace, oldest first; before the first everything is kept for ever.
#[derive(Clone, Debug, Default)]
pub struct Kept(Vec<Since>);

impl Kept {
    /// Is this conversation to be taken as gone?
    pub fn is_over(&self, id: ConversationId, now_ms: u64) -> bool {
        let kept = self.of(id);
        kept.is_some_and(|kept| now_ms >= id.minted_at().0 + 1_000 * kept.kept_s)
    }

    /// The time to live in seconds of a row of this log that is written now; 0: for ever.
    pub fn ttl(&self, log: &LogId, now_ms: u64) -> Result<i32, StoreFailure> {
        match log {
            LogId::Conversation(key) => self.ttl_of(key.id, now_ms),
            LogId::Ledger(_) | LogId::Pointer(_) => Ok(0),
        }
    }

    /// As [`Kept::ttl`], of a conversation. `Err` where it is gone: nothing is written any more.
    pub fn ttl_of(&self, id: ConversationId, now_ms: u64) -> Result<i32, StoreFailure> {
        let Some(kept) = self.of(id) else {
            return Ok(0);
        };
        if self.is_over(id, now_ms) {
            return Err(gone());
        }
        let ends_ms = id.minted_at().0 + 1_000 * (kept.kept_s + kept.grace_s);
        // Rounded up, so never 0, which would be for ever.
        let seconds = (ends_ms - now_ms).div_ceil(1_000).max(1);
        Ok(i32::try_from(seconds).unwrap_or(i32::MAX))
    }

    fn of(&self, id: ConversationId) -> Option<&Since> {
        let later = self.0.partition_point(|it| it.born_ms <= id.minted_at().0);
        let counts = &self.0[later.checked_sub(1)?];
        (counts.kept_s > 0).then_some(counts)
    }
}

/// The time in milliseconds since 1970.
pub fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_millis() as u64)
}

/// Whoever writes to a conversation that is over.
pub fn gone() -> StoreFailure {
    StoreFailure::Unavailable("the conversation is older than store.retention_days".to_owned())
}

/// What counts in this keyspace, the configured included: where that is new it is noted, for what is
/// born after the grace; in a keyspace that holds nothing yet, for all.
pub async fn agree(session: &Session, place: &Place) -> Result<Kept, CqlFailure> {
    let keyspace = &place.keyspace;
    let text =
        format!("SELECT born_ms, kept_s, grace_s FROM {keyspace}.retention WHERE logs = '{LOGS}'");
    let noted = rows::<(i64, i64, i64)>(session, text).await?;
    let counts = noted.into_iter().map(|(born, kept, grace)| Since {
        born_ms: born as u64,
        kept_s: kept as u64,
        grace_s: grace as u64,
    });
    let mut kept = Kept(counts.collect());
    let wanted = place.retention;
    let newest = kept.0.last().map_or(0, |it| it.kept_s);
    if newest == wanted.kept.as_secs() {
        return Ok(kept);
    }
    let marker = rows::<(i8,)>(
        session,
        format!("SELECT kind FROM {keyspace}.marker LIMIT 1"),
    );
    let born_ms = match marker.await?.is_empty() {
        true => 0,
        false => now_ms() + wanted.grace.as_millis() as u64,
    };
    let since = Since {
        born_ms,
        kept_s: wanted.kept.as_secs(),
        grace_s: wanted.grace.as_secs(),
    };
    let values = (
        LOGS,
        since.born_ms as i64,
        since.kept_s as i64,
        since.grace_s as i64,
    );
    let text = format!(
        "INSERT INTO {keyspace}.retention (logs, born_ms, kept_s, grace_s) VALUES (?, ?, ?, ?)"
    );
    let noted = session.query_unpaged(text, values).await;
    noted.map_err(CqlFailure::refused)?;
    tracing::info!(
        born_ms,
        kept_s = since.kept_s,
        "conversations born from this time on are kept for so long; 0 for ever"
    );
    kept.0.retain(|it| it.born_ms < born_ms);
    kept.0.push(since);
    Ok(kept)
}

/// The partition: whose retention it is.
const LOGS: &str = "conversations";

async fn rows<R>(session: &Session, text: String) -> Result<Vec<R>, CqlFailure>
where
    R: for<'f> scylla::deserialize::row::DeserializeRow<'f, 'f>,
{
    let answer = session.query_unpaged(text, ()).await;
    let rows = answer
        .map_err(CqlFailure::refused)?
        .into_rows_result()
        .map_err(CqlFailure::refused)?;
    let rows = rows.rows::<R>().map_err(CqlFailure::refused)?;
    rows.collect::<Result<_, _>>().map_err(CqlFailure::refused)
}

#[cfg(test)]
mod tests {
    use crest_actors::ids::{Millis, Shard};

    use super::*;

    fn born_at(ms: u64) -> ConversationId {
        ConversationId::mint(Millis(ms), [1; 9], Shard(0))
    }

    fn kept(settings: &[(u64, u64)]) -> Kept {
        let since = settings.iter().map(|&(born_ms, kept_s)| Since {
            born_ms,
            kept_s,
            grace_s: 10,
        });
        Kept(since.collect())
    }

    #[test]
    fn all_rows_of_a_conversation_end_together_and_after_it_is_taken_as_gone() {
        let kept = kept(&[(0, 100)]);
        let id = born_at(5_000);
        for (now_ms, ttl) in [(5_000, 110), (5_001, 110), (65_000, 50), (104_999, 11)] {
            assert_eq!(kept.ttl_of(id, now_ms), Ok(ttl), "at {now_ms}");
            assert!(!kept.is_over(id, now_ms), "at {now_ms}");
        }
        assert!(kept.is_over(id, 105_000));
        assert_eq!(kept.ttl_of(id, 105_000), Err(gone()));
    }

    #[test]
    fn what_counted_at_birth_counts_for_ever() {
        let kept = kept(&[(1_000, 100), (2_000, 0), (3_000, 50)]);
        for (born, seconds) in [
            (999, None),
            (1_000, Some(110)),
            (1_999, Some(110)),
            (2_000, None),
            (2_999, None),
            (3_000, Some(60)),
        ] {
            let ttl = kept.ttl_of(born_at(born), born);
            assert_eq!(ttl, Ok(seconds.unwrap_or(0)), "born at {born}");
            assert_eq!(kept.is_over(born_at(born), u64::MAX), seconds.is_some());
        }
        assert_eq!(Kept::default().ttl_of(born_at(0), 0), Ok(0));
    }
}
