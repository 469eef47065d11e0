//! What one transaction changes, kept apart until it is durable: a roll-back just drops it.

use std::collections::HashMap;

use crest_actors::ids::Token;
use crest_actors::ports::{Append, LogId};
use foldhash::fast::RandomState;
use rusqlite::{Connection, params};

use super::head::{End, Head, Heads};
use super::name::Name;
use super::recover::insert_run;
use super::row::{RowHead, encode, link};
use super::run::Run;
use super::summary;

const INSERT_ROW: &str = "INSERT INTO log (row_no, row) VALUES (?1, ?2)";
const INSERT_NAME: &str = "INSERT INTO log_name (kind, tenant, id, log_no) VALUES (?1, ?2, ?3, ?4)";
/// A page of SQLite and the head of its frame in the write-ahead log.
const PAGE_BYTES: u64 = 4_120;

pub struct Staged {
    pub heads: HashMap<LogId, Box<Head>, RandomState>,
    pub next_row: u64,
    pub next_log_no: u64,
    /// Where the horizon moves to, if it moves.
    pub horizon: Option<u64>,
    bytes: u64,
    runs: u64,
    buffer: Vec<u8>,
}

impl Staged {
    pub fn new(next_row: u64, next_log_no: u64) -> Self {
        Self {
            heads: HashMap::default(),
            next_row,
            next_log_no,
            horizon: None,
            bytes: 0,
            runs: 0,
            buffer: Vec::new(),
        }
    }

    /// Writes one append. `false`: it is fenced or does not continue its log, and nothing is written.
    pub fn append(
        &mut self,
        connection: &Connection,
        heads: &Heads,
        append: &Append,
    ) -> rusqlite::Result<bool> {
        let Some(mut head) = self.take(heads, &append.log) else {
            return Ok(false);
        };
        let accepted = match head.end {
            End::Known { last, .. } => head.token == append.token && append.first.0 == last + 1,
            End::Unread => false,
        };
        if accepted {
            self.write(connection, &mut head, append)?;
        }
        self.heads.insert(append.log.clone(), head);
        Ok(accepted)
    }

    /// A newer activation came in after what is staged of this log.
    pub fn fence(&mut self, log: &LogId, token: Token) {
        if let Some(head) = self.heads.get_mut(log) {
            head.token = token;
        }
    }

    /// Names every row in a locator, so that none before this one need ever be scanned again.
    pub fn move_horizon(&mut self, connection: &Connection, heads: &Heads) -> rusqlite::Result<()> {
        // Rare enough to look at every head: a set of these would cost every log its name again.
        for head in heads.iter() {
            if !head.open.rows.is_empty() && !self.heads.contains_key(head.key()) {
                self.heads.insert(head.key().clone(), head.value().clone());
            }
        }
        let mut unnamed: Vec<_> = self
            .heads
            .values_mut()
            .filter(|head| !head.open.rows.is_empty())
            .map(|head| (head.log_no.expect("a log with rows has a number"), head))
            .collect();
        unnamed.sort_unstable_by_key(|(log_no, _)| *log_no);
        for (log_no, head) in unnamed {
            insert_run(connection, log_no, &head.open, &mut self.buffer)?;
            self.bytes += self.buffer.len() as u64;
            head.open = Run::starting(head.open.end());
        }
        let horizon = self.next_row - 1;
        connection.execute("UPDATE store SET horizon = ?1", [horizon as i64])?;
        self.horizon = Some(horizon);
        Ok(())
    }

    /// Roughly what the transaction added to the write-ahead log: whole pages.
    pub fn written_bytes(&self) -> u64 {
        self.bytes + (self.runs + 2) * PAGE_BYTES
    }

    fn take(&mut self, heads: &Heads, log: &LogId) -> Option<Box<Head>> {
        match self.heads.remove(log) {
            Some(head) => Some(head),
            None => heads.get(log).map(|head| head.clone()),
        }
    }

    fn write(
        &mut self,
        connection: &Connection,
        head: &mut Head,
        append: &Append,
    ) -> rusqlite::Result<()> {
        let log_no = self.number(connection, head, &append.log)?;
        head.used = self.next_row;
        let mut insert = connection.prepare_cached(INSERT_ROW)?;
        for record in &append.records {
            let End::Known { last, chain } = head.end else {
                unreachable!("only a log whose end is known is written");
            };
            let row = RowHead {
                log_no,
                seq: last + 1,
                token: append.token,
                base: record.base,
            };
            let chain = link(&chain, &row, &record.body);
            let row_no = self.next_row;
            encode(row_no, &row, &chain, &record.body, &mut self.buffer);
            insert.execute(params![row_no as i64, &self.buffer[..]])?;
            self.bytes += self.buffer.len() as u64;
            self.next_row += 1;
            head.end = End::Known {
                last: row.seq,
                chain,
            };
            head.open.push(row_no, record.base);
            if head.open.is_full() {
                insert_run(connection, log_no, &head.open, &mut self.buffer)?;
                self.runs += 1;
                head.open = Run::starting(row.seq + 1);
            }
        }
        if let Some(summary) = &append.summary {
            summary::write(connection, summary)?;
            self.runs += 2;
        }
        Ok(())
    }

    /// The log's number; its name is written with its first rows.
    fn number(
        &mut self,
        connection: &Connection,
        head: &mut Head,
        log: &LogId,
    ) -> rusqlite::Result<u64> {
        if let Some(log_no) = head.log_no {
            return Ok(log_no);
        }
        let log_no = self.next_log_no;
        self.next_log_no += 1;
        let name = Name::of(log);
        connection.prepare_cached(INSERT_NAME)?.execute(params![
            name.kind,
            name.tenant,
            name.id,
            log_no as i64
        ])?;
        self.runs += 1;
        head.log_no = Some(log_no);
        Ok(log_no)
    }
}
