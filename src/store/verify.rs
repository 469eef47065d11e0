//! Proves, or disproves, that every log holds exactly what was written and that the index follows from it.

use std::path::Path;

use crest_actors::conversation::Summary;
use crest_actors::ids::ConversationKey;
use crest_actors::ports::{LogId, StoreFailure, Stored};
use rusqlite::{Connection, params};

use super::failure::Trouble;
use super::limits::{PROBLEMS_MAX, READ_ROWS_A_TRANSACTION};
use super::name::{Name, display};
use super::row::{Chain, genesis};
use super::run::Run;
use super::summary;
use super::transcript::{Read, Transcript};

const NAMES: &str = "SELECT kind, tenant, id, log_no FROM log_name \
    WHERE (kind, tenant, id) > (?1, ?2, ?3) ORDER BY kind, tenant, id LIMIT ?4";

/// Folds a conversation's whole log into its index row; `Err` says why it cannot be folded.
pub type Fold<'a> = dyn FnMut(&ConversationKey, &[Stored]) -> Result<Option<Summary>, String> + 'a;

/// Hears how far the verification is: rows checked, rows there are.
pub type Progress<'a> = dyn FnMut(u64, u64) + 'a;

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub logs: u64,
    pub rows: u64,
    pub body_bytes: u64,
    /// Conversations whose index row equals the fold of their log.
    pub conversations: u64,
    /// The first [`PROBLEMS_MAX`], each naming its file and log.
    pub problems: Vec<String>,
    pub problems_total: u64,
    /// BLAKE3 over the name and newest link of every log: noted down elsewhere, it proves later
    /// that the same logs still say the same.
    pub digest: Chain,
}

/// Walks a settled store of `rows` rows, one log at a time, in short transactions. Exact while
/// nobody writes.
pub fn verify(
    connection: &Connection,
    file: &Path,
    rows: u64,
    fold: &mut Fold<'_>,
    progress: &mut Progress<'_>,
) -> Result<Report, StoreFailure> {
    let mut walk = Walk {
        connection,
        file,
        report: Report::default(),
        digest: blake3::Hasher::new(),
        indexed: 0,
    };
    let mut after = (0, String::new(), Vec::new());
    loop {
        let names = walk.names(&after)?;
        let Some((name, _)) = names.last() else { break };
        after = name.clone();
        for ((kind, tenant, id), log_no) in &names {
            let name = Name {
                kind: *kind,
                tenant,
                id,
            };
            match name.log() {
                Some(log) => walk.log(&log, *log_no, fold)?,
                None => walk.problem(format!("log {log_no} has an unreadable name")),
            }
            progress(walk.report.rows, rows);
        }
    }
    walk.strays(rows)?;
    walk.report.digest = *walk.digest.finalize().as_bytes();
    Ok(walk.report)
}

type OwnedName = (u8, String, Vec<u8>);

struct Walk<'a> {
    connection: &'a Connection,
    file: &'a Path,
    report: Report,
    digest: blake3::Hasher,
    /// Index rows met beside their logs.
    indexed: u64,
}

impl Walk<'_> {
    fn names(&self, after: &OwnedName) -> Result<Vec<(OwnedName, u64)>, StoreFailure> {
        let select = || {
            let mut statement = self.connection.prepare_cached(NAMES)?;
            let (kind, tenant, id) = after;
            let limit = READ_ROWS_A_TRANSACTION as i64;
            let names = statement.query_map(params![kind, tenant, id, limit], |row| {
                let name = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok((name, row.get::<_, i64>(3)? as u64))
            })?;
            names.collect()
        };
        self.sql(select())
    }

    fn log(&mut self, log: &LogId, log_no: u64, fold: &mut Fold<'_>) -> Result<(), StoreFailure> {
        let transcript = Transcript {
            connection: self.connection,
            file: self.file,
            log,
            log_no,
            open: Run::default(),
        };
        self.report.logs += 1;
        let read = match transcript.since(1, usize::MAX) {
            Ok(read) => read,
            Err(Trouble::Corrupt(what)) => {
                self.problem(format!("{}: {what}", display(log)));
                return Ok(());
            }
            Err(trouble) => return Err(trouble.into()),
        };
        self.count(log, &read);
        if let LogId::Conversation(key) = log {
            self.compare(key, &read.records, fold)?;
        }
        Ok(())
    }

    fn count(&mut self, log: &LogId, read: &Read) {
        let records = &read.records;
        self.report.rows += records.len() as u64;
        let bytes = records.iter().map(|stored| stored.record.body.len() as u64);
        self.report.body_bytes += bytes.sum::<u64>();
        self.digest.update(&genesis(log));
        self.digest.update(&read.last.to_le_bytes());
        self.digest.update(read.chain.as_ref().unwrap_or(&[0; 32]));
    }

    fn compare(
        &mut self,
        key: &ConversationKey,
        records: &[Stored],
        fold: &mut Fold<'_>,
    ) -> Result<(), StoreFailure> {
        let stored = self.sql(summary::find(self.connection, key))?;
        self.indexed += u64::from(stored.is_some());
        let name = display(&LogId::Conversation(key.clone()));
        match fold(key, records) {
            Ok(folded) if folded == stored => self.report.conversations += 1,
            Ok(folded) => self.problem(format!(
                "{name}: index row differs from its log: stored {stored:?}, folded {folded:?}"
            )),
            Err(why) => self.problem(format!("{name}: {why}")),
        }
        Ok(())
    }

    /// Rows of no log and index rows of no conversation. Where a log could not be read, what is
    /// missing has been named already.
    fn strays(&mut self, rows: u64) -> Result<(), StoreFailure> {
        if self.report.problems_total > 0 {
            return Ok(());
        }
        if self.report.rows < rows {
            let strays = rows - self.report.rows;
            self.problem(format!("{strays} of {rows} rows are in no log"));
        }
        let count = "SELECT count(*) FROM conversation";
        let indexed: i64 = self.sql(self.connection.query_row(count, [], |row| row.get(0)))?;
        let strays = (indexed as u64).saturating_sub(self.indexed);
        if strays > 0 {
            self.problem(format!("{strays} index rows belong to no conversation"));
        }
        Ok(())
    }

    fn problem(&mut self, what: String) {
        self.report.problems_total += 1;
        if self.report.problems.len() < PROBLEMS_MAX {
            self.report.problems.push(what);
        }
    }

    fn sql<T>(&self, result: rusqlite::Result<T>) -> Result<T, StoreFailure> {
        result.map_err(|error| Trouble::of(self.file, &error).into())
    }
}
