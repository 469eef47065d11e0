//! Reads one log: only its own rows, found through its runs, checked on the way.

use std::path::Path;

use crest_actors::ids::Seq;
use crest_actors::ports::{LogId, Record, Stored};
use rusqlite::{Connection, OptionalExtension, params};

use super::failure::Trouble;
use super::limits::READ_ROWS_A_TRANSACTION;
use super::name::Name;
use super::row::{Chain, RowHead, decode, genesis, link};
use super::run::Run;

const NAME: &str = "SELECT log_no FROM log_name WHERE kind = ?1 AND tenant = ?2 AND id = ?3";
/// From the run that holds the seq, or the first after it.
const RUNS: &str = "SELECT first_seq, run FROM locator WHERE log_no = ?1 AND first_seq >= \
    coalesce((SELECT max(first_seq) FROM locator WHERE log_no = ?1 AND first_seq <= ?2), 0) \
    ORDER BY first_seq";
const RUNS_BACKWARDS: &str =
    "SELECT first_seq, run FROM locator WHERE log_no = ?1 ORDER BY first_seq DESC";
const ROW: &str = "SELECT row FROM log WHERE row_no = ?1";

/// One log as a reader sees it. `open` are the events not yet in a locator, as they were before
/// any transaction of this reader began: what was moved to a locator since is then in both, what
/// was appended since in neither, and nothing is missed.
pub struct Transcript<'a> {
    pub connection: &'a Connection,
    pub file: &'a Path,
    pub log: &'a LogId,
    pub log_no: u64,
    pub open: Run,
}

/// Events of a log in order, with where they end.
pub struct Read {
    pub records: Vec<Stored>,
    pub last: u64,
    /// Link of the last one; the genesis of an empty log; unknown where nothing was read of a log.
    pub chain: Option<Chain>,
}

/// The number of a log that has ever been appended to.
pub fn number_of(connection: &Connection, log: &LogId) -> rusqlite::Result<Option<u64>> {
    let name = Name::of(log);
    connection
        .prepare_cached(NAME)?
        .query_row(params![name.kind, name.tenant, name.id], |row| {
            row.get::<_, i64>(0)
        })
        .optional()
        .map(|found| found.map(|number| number as u64))
}

impl Transcript<'_> {
    /// Everything from the newest base on, or from the first event.
    pub fn since_newest_base(&self) -> Result<Read, Trouble> {
        let from = match self.open.base_seq() {
            Some(seq) => seq,
            None => self.newest_located_base()?.unwrap_or(1),
        };
        self.since(from, usize::MAX)
    }

    /// The newest event alone.
    pub fn newest(&self) -> Result<Read, Trouble> {
        let last = if self.open.rows.is_empty() {
            let mut statement = self.sql(self.connection.prepare_cached(RUNS_BACKWARDS))?;
            let mut found = self.sql(statement.query([self.log_no as i64]))?;
            let newest = self.sql(found.next())?;
            newest
                .map(|row| self.run(row))
                .transpose()?
                .map_or(0, |run| run.end() - 1)
        } else {
            self.open.end() - 1
        };
        self.since(last.max(1), 1)
    }

    /// At most `limit` events from this seq on.
    pub fn since(&self, from: u64, limit: usize) -> Result<Read, Trouble> {
        let mut read = Read {
            records: Vec::new(),
            last: from - 1,
            chain: (from == 1).then(|| genesis(self.log)),
        };
        loop {
            let wanted = (limit - read.records.len()).min(READ_ROWS_A_TRANSACTION);
            if wanted == 0 || self.some(wanted, &mut read)? < wanted {
                return Ok(read);
            }
        }
    }

    /// Reads on in one short transaction; returns how many events it found.
    fn some(&self, wanted: usize, read: &mut Read) -> Result<usize, Trouble> {
        let transaction = self.sql(self.connection.unchecked_transaction())?;
        let rows = self.locate(read.last + 1, wanted)?;
        let mut statement = self.sql(self.connection.prepare_cached(ROW))?;
        for row_no in &rows {
            let mut found = self.sql(statement.query([*row_no as i64]))?;
            let row = self.sql(found.next())?;
            let bytes = match row {
                Some(row) => self.sql(row.get_ref(0).map(|value| value.as_blob()))?,
                None => return Err(self.corrupt(*row_no, "is missing")),
            };
            let bytes = bytes.map_err(|_| self.corrupt(*row_no, "is not a blob"))?;
            self.take(*row_no, bytes, read)?;
        }
        drop(statement);
        self.sql(transaction.commit())?;
        Ok(rows.len())
    }

    /// Checks one row against what must come next.
    fn take(&self, row_no: u64, bytes: &[u8], read: &mut Read) -> Result<(), Trouble> {
        let row = decode(row_no, bytes).map_err(|_| self.corrupt(row_no, "fails its checksum"))?;
        let RowHead {
            log_no, seq, base, ..
        } = row.head;
        if (log_no, seq) != (self.log_no, read.last + 1) {
            return Err(self.corrupt(row_no, "belongs elsewhere"));
        }
        if let Some(previous) = &read.chain
            && link(previous, &row.head, row.body) != row.chain
        {
            return Err(self.corrupt(row_no, "breaks the chain"));
        }
        read.last = seq;
        read.chain = Some(row.chain);
        read.records.push(Stored {
            seq: Seq(seq),
            record: Record {
                body: row.body.to_vec(),
                base,
            },
        });
        Ok(())
    }

    /// Row numbers of at most `wanted` events from this seq on.
    fn locate(&self, from: u64, wanted: usize) -> Result<Vec<u64>, Trouble> {
        let mut rows = Vec::new();
        let mut next = from;
        let mut statement = self.sql(self.connection.prepare_cached(RUNS))?;
        let mut found = self.sql(statement.query(params![self.log_no as i64, from as i64]))?;
        while rows.len() < wanted {
            let Some(row) = self.sql(found.next())? else {
                self.append_run(&self.open, &mut next, wanted, &mut rows)?;
                break;
            };
            self.append_run(&self.run(row)?, &mut next, wanted, &mut rows)?;
        }
        Ok(rows)
    }

    fn append_run(
        &self,
        run: &Run,
        next: &mut u64,
        wanted: usize,
        rows: &mut Vec<u64>,
    ) -> Result<(), Trouble> {
        if run.end() <= *next || rows.len() == wanted {
            return Ok(());
        }
        if run.first > *next {
            return Err(self.broken_index(&format!("events {next} to {} missing", run.first - 1)));
        }
        let skipped = (*next - run.first) as usize;
        let taken = &run.rows[skipped..];
        let taken = &taken[..taken.len().min(wanted - rows.len())];
        rows.extend_from_slice(taken);
        *next += taken.len() as u64;
        Ok(())
    }

    fn newest_located_base(&self) -> Result<Option<u64>, Trouble> {
        let mut statement = self.sql(self.connection.prepare_cached(RUNS_BACKWARDS))?;
        let mut found = self.sql(statement.query([self.log_no as i64]))?;
        while let Some(row) = self.sql(found.next())? {
            if let Some(seq) = self.run(row)?.base_seq() {
                return Ok(Some(seq));
            }
        }
        Ok(None)
    }

    fn run(&self, row: &rusqlite::Row<'_>) -> Result<Run, Trouble> {
        let first: i64 = self.sql(row.get(0))?;
        let value = self.sql(row.get_ref(1))?;
        value
            .as_blob()
            .ok()
            .and_then(|bytes| Run::decode(self.log_no, first as u64, bytes))
            .ok_or_else(|| self.broken_index(&format!("locator of event {first} is damaged")))
    }

    fn corrupt(&self, row_no: u64, what: &str) -> Trouble {
        Trouble::Corrupt(format!("{}: row {row_no} {what}", self.file.display()))
    }

    fn broken_index(&self, what: &str) -> Trouble {
        Trouble::Corrupt(format!("{}: {what}", self.file.display()))
    }

    fn sql<T>(&self, result: rusqlite::Result<T>) -> Result<T, Trouble> {
        result.map_err(|error| Trouble::of(self.file, &error))
    }
}
