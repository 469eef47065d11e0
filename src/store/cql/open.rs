//! Opens a log: reads it by its chain, makes what was adopted safe, and leaves a marker.

use std::collections::VecDeque;

use crest_actors::ids::{Seq, Token};
use crest_actors::ports::{LogId, Record, StoreFailure, Stored};
use scylla::response::PagingState;

use super::chain::{Broken, Chain, ChainReader, Marker, Walk};
use super::limits::{BUCKET_ROWS, GROUP_BYTES_MAX, GROUP_ROWS_MAX};
use super::row::{Row, Spot};
use super::seal::Seal;
use super::tables::{StoredRow, Tables, bucket_of};
use crate::store::name::display;
use crate::store::row::{Chain as Link, genesis};

/// A log as it was found, with an own marker behind it.
pub struct Opened {
    pub chain: Chain,
    /// From the newest base on.
    pub records: Vec<Stored>,
    pub last: u64,
    /// Of the last row.
    pub link: Link,
}

/// Takes the log over for `own`: rows and markers of older tokens that are not in what this returns
/// will never be part of the log. Repeatable under another token after any failure.
pub async fn open(tables: &Tables, log: &LogId, own: Token) -> Result<Opened, StoreFailure> {
    let chain = chain(tables, log, None).await?;
    let mut found = match &chain {
        None => Found::default(),
        Some(chain) if chain.newest.token >= own => {
            let why = format!("{} is owned under a newer token", display(log));
            return Err(StoreFailure::Unavailable(why));
        }
        Some(chain) => {
            let from = chain.newest.base.max(1);
            adopt(tables, log, chain, Found::from_base(from)).await?
        }
    };
    let last = found.last();
    let base = found.records.first().filter(|it| it.record.base);
    let known_base = chain.as_ref().map_or(0, |chain| chain.newest.base);
    let marker = Marker {
        token: own,
        first: last + 1,
        previous: chain
            .as_ref()
            .map_or(Token::default(), |it| it.newest.token),
        base: base.map_or(known_base, |it| it.seq.0),
    };
    if let Some(chain) = &chain {
        write_again(tables, log, chain, found.tail.make_contiguous()).await?;
    }
    tables.add_marker(log, &marker).await?;
    Ok(Opened {
        chain: match chain {
            None => Chain::starting(marker),
            Some(chain) => chain.continued(marker),
        },
        last,
        link: found.link.unwrap_or_else(|| genesis(log)),
        records: found.records,
    })
}

/// The chain of a log, back to `down_to` or to the newest base; `None` for a log never opened.
pub async fn chain(
    tables: &Tables,
    log: &LogId,
    down_to: Option<u64>,
) -> Result<Option<Chain>, StoreFailure> {
    let mut reader = ChainReader::new(down_to);
    let mut state = Some(PagingState::start());
    while let Some(from) = state {
        let (markers, next) = tables.markers(log, from).await?;
        state = next;
        for marker in markers {
            if reader.take(marker).map_err(|it| broken(log, it))? {
                state = None;
                break;
            }
        }
    }
    reader.finish().map_err(|it| broken(log, it))
}

/// Rows `from` to `last`, all of which are in the log; at most `limit`. Under a seal they must end
/// as it says.
pub async fn read(
    tables: &Tables,
    log: &LogId,
    chain: &Chain,
    from: u64,
    last: u64,
    limit: usize,
    seal: Option<&Seal>,
) -> Result<Vec<Stored>, StoreFailure> {
    let most = u64::try_from(limit).unwrap_or(u64::MAX);
    let last = last.min(from.saturating_add(most).saturating_sub(1));
    if from > last {
        return Ok(Vec::new());
    }
    let mut records = Vec::new();
    let mut rows = Rows::new(tables, log, Walk::up_to(chain, from, last));
    while rows.walk.next() <= last {
        for (at, row) in rows.next_page().await? {
            if seal.is_some_and(|seal| at.seq == seal.last && row.chain != seal.link) {
                return Err(corrupt(log, at.seq, "is not what was sealed"));
            }
            if at.seq <= last {
                records.push(stored(at.seq, row));
            }
        }
    }
    Ok(records)
}

/// The log from its first event, as it is while nobody writes it; leaves no trace.
pub async fn whole(tables: &Tables, log: &LogId) -> Result<Vec<Stored>, StoreFailure> {
    let Some(chain) = chain(tables, log, Some(1)).await? else {
        return Ok(Vec::new());
    };
    let everything = Found {
        keep_all: true,
        ..Found::default()
    };
    Ok(adopt(tables, log, &chain, everything).await?.records)
}

#[derive(Default)]
struct Found {
    /// What is before a base too.
    keep_all: bool,
    records: Vec<Stored>,
    /// Rows that may be at some replicas only.
    tail: VecDeque<StoredRow>,
    /// Of the last row; unknown where there are no rows.
    link: Option<Link>,
    /// Seq before the first row that was looked for.
    before: u64,
}

impl Found {
    fn from_base(from: u64) -> Self {
        Self {
            before: from - 1,
            ..Self::default()
        }
    }

    fn last(&self) -> u64 {
        self.records.last().map_or(self.before, |it| it.seq.0)
    }
}

/// Reads the log to its end.
async fn adopt(
    tables: &Tables,
    log: &LogId,
    chain: &Chain,
    mut found: Found,
) -> Result<Found, StoreFailure> {
    let from = found.before + 1;
    let mut link = (from == 1).then(|| genesis(log));
    // Rows of an append whose last one has not been seen.
    let mut open: Vec<(StoredRow, Row)> = Vec::new();
    let mut rows = Rows::new(tables, log, Walk::to_the_end(chain, from));
    while !rows.walk.ended() {
        for (at, row) in rows.next_page().await? {
            let spot = Spot {
                log,
                seq: at.seq,
                token: at.token,
            };
            let expected = link.map(|link| spot.link(&link, row.base, &row.body));
            if expected.is_some_and(|expected| expected != row.chain) {
                return Err(corrupt(log, at.seq, "does not follow the one before it"));
            }
            if at.seq == chain.newest.base && !row.base {
                return Err(corrupt(log, at.seq, "is no base"));
            }
            link = Some(row.chain);
            let whole = !row.more;
            open.push((at, row));
            if whole {
                for (at, row) in open.drain(..) {
                    found.take(at, row, chain);
                }
            }
        }
    }
    // An append of which only a part was stored was never acknowledged. In the segment of an older
    // marker it would be a hole.
    match open.first() {
        Some((at, _)) if at.seq < chain.newest.first => {
            Err(corrupt(log, at.seq, "begins an append that does not end"))
        }
        _ => Ok(found),
    }
}

impl Found {
    fn take(&mut self, at: StoredRow, row: Row, chain: &Chain) {
        self.link = Some(row.chain);
        if row.base && !self.keep_all {
            self.records.clear();
        }
        self.records.push(stored(at.seq, row));
        if at.seq >= chain.newest.first {
            // The rows of one log are written so many at a time, each group once the one before
            // it is known to be at QUORUM.
            if self.tail.len() == GROUP_ROWS_MAX {
                self.tail.pop_front();
            }
            self.tail.push_back(at);
        }
    }
}

async fn write_again(
    tables: &Tables,
    log: &LogId,
    chain: &Chain,
    tail: &[StoredRow],
) -> Result<(), StoreFailure> {
    for rows in tail.chunk_by(|a, b| bucket_of(a.seq) == bucket_of(b.seq)) {
        add_rows(tables, log, rows).await?;
    }
    tables.add_marker(log, &chain.newest).await
}

/// Writes rows of one bucket in order, so many rows and bytes at a time.
pub async fn add_rows(
    tables: &Tables,
    log: &LogId,
    mut rows: &[StoredRow],
) -> Result<(), StoreFailure> {
    while !rows.is_empty() {
        let mut bytes = 0;
        let fit = rows
            .iter()
            .take(GROUP_ROWS_MAX)
            .take_while(|row| {
                bytes += row.bytes.len();
                bytes <= GROUP_BYTES_MAX
            })
            .count()
            .max(1);
        let (now, later) = rows.split_at(fit);
        tables.add_rows(log, now).await?;
        rows = later;
    }
    Ok(())
}

/// Reads a log's rows bucket by bucket.
struct Rows<'a> {
    tables: &'a Tables,
    log: &'a LogId,
    walk: Walk<'a>,
    bucket: u64,
    from: u64,
    state: PagingState,
}

impl<'a> Rows<'a> {
    fn new(tables: &'a Tables, log: &'a LogId, walk: Walk<'a>) -> Self {
        let from = walk.next();
        Self {
            tables,
            log,
            walk,
            bucket: bucket_of(from),
            from,
            state: PagingState::start(),
        }
    }

    /// The rows of the next page that are the log.
    async fn next_page(&mut self) -> Result<Vec<(StoredRow, Row)>, StoreFailure> {
        let state = std::mem::replace(&mut self.state, PagingState::start());
        let (rows, next) = self
            .tables
            .rows(self.log, self.bucket, self.from, state)
            .await?;
        let mut taken = Vec::new();
        for at in rows {
            let counts = self.walk.take(at.seq, at.token);
            if !counts.map_err(|it| broken(self.log, it))? {
                continue;
            }
            let spot = Spot {
                log: self.log,
                seq: at.seq,
                token: at.token,
            };
            let row = Row::decode(&spot, &at.bytes)
                .ok_or_else(|| corrupt(self.log, at.seq, "is not what was written"))?;
            taken.push((at, row));
        }
        match next {
            Some(state) => self.state = state,
            None => {
                self.bucket += 1;
                self.from = self.bucket * BUCKET_ROWS;
                let seen = self.walk.seen_before(self.from);
                seen.map_err(|it| broken(self.log, it))?;
            }
        }
        Ok(taken)
    }
}

fn stored(seq: u64, row: Row) -> Stored {
    Stored {
        seq: Seq(seq),
        record: Record {
            body: row.body,
            base: row.base,
        },
    }
}

fn broken(log: &LogId, broken: Broken) -> StoreFailure {
    StoreFailure::Corrupt(format!("{}: {broken}", display(log)))
}

fn corrupt(log: &LogId, seq: u64, what: &str) -> StoreFailure {
    StoreFailure::Corrupt(format!("{}: event {seq} {what}", display(log)))
}
