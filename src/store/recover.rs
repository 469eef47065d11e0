//! Brings the locators up to date when the store opens: the only work after a crash.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::{Connection, params};

use super::failure::OpenFailure;
use super::row::{Damage, RowHead, decode};
use super::run::Run;

const NEW_RUN: &str = "INSERT INTO locator (log_no, first_seq, run) VALUES (?1, ?2, ?3)";
/// Runs filled after the horizon are there already, with the same bounds: every log began a new
/// run at the horizon.
const RUN_AGAIN: &str =
    "INSERT OR REPLACE INTO locator (log_no, first_seq, run) VALUES (?1, ?2, ?3)";

/// Where the writer goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Never used before: tokens of this process are newer than all of earlier ones.
    pub epoch: u64,
    pub next_row: u64,
    pub next_log_no: u64,
}

/// Finds the rows that no locator names, names them, and begins a new epoch, in one transaction.
///
/// A row whose body is damaged is still named: only its log is refused, when it is read. A row
/// whose head is damaged might be the last of any log, so the store is not opened.
pub fn recover(connection: &mut Connection, file: &Path) -> Result<Start, OpenFailure> {
    let failed = |source| OpenFailure::sqlite(file, source);
    let transaction = connection.transaction().map_err(failed)?;
    let horizon: i64 = transaction
        .query_row("SELECT horizon FROM store", [], |row| row.get(0))
        .map_err(failed)?;
    let newest = name_rows_after(&transaction, file, horizon as u64)?;
    let begin = "UPDATE store SET epoch = epoch + 1, horizon = ?1 RETURNING epoch";
    let epoch: i64 = transaction
        .query_row(begin, [newest as i64], |row| row.get(0))
        .map_err(failed)?;
    let last_log_no: Option<i64> = transaction
        .query_row("SELECT max(log_no) FROM locator", [], |row| row.get(0))
        .map_err(failed)?;
    transaction.commit().map_err(failed)?;
    Ok(Start {
        epoch: epoch as u64,
        next_row: newest + 1,
        next_log_no: last_log_no.unwrap_or(0) as u64 + 1,
    })
}

/// Writes one locator row; `buffer` is scratch.
pub fn insert_run(
    connection: &Connection,
    log_no: u64,
    run: &Run,
    buffer: &mut Vec<u8>,
) -> rusqlite::Result<()> {
    write_run(connection, NEW_RUN, log_no, run, buffer)
}

fn write_run(
    connection: &Connection,
    sql: &str,
    log_no: u64,
    run: &Run,
    buffer: &mut Vec<u8>,
) -> rusqlite::Result<()> {
    run.encode(log_no, buffer);
    connection.prepare_cached(sql)?.execute(params![
        log_no as i64,
        run.first as i64,
        &buffer[..]
    ])?;
    Ok(())
}

/// Returns the newest row's number.
fn name_rows_after(connection: &Connection, file: &Path, horizon: u64) -> Result<u64, OpenFailure> {
    let failed = |source| OpenFailure::sqlite(file, source);
    let corrupt = |row_no: u64, what: &str| OpenFailure::Corrupt {
        path: file.to_path_buf(),
        what: format!("row {row_no} {what}"),
    };
    let mut open: HashMap<u64, Run> = HashMap::new();
    let mut buffer = Vec::new();
    let mut newest = horizon;
    let mut statement = connection
        .prepare("SELECT row_no, row FROM log WHERE row_no > ?1 ORDER BY row_no")
        .map_err(failed)?;
    let mut rows = statement.query([horizon as i64]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let row_no = row.get::<_, i64>(0).map_err(failed)? as u64;
        if row_no != newest + 1 {
            return Err(corrupt(newest + 1, "is missing"));
        }
        newest = row_no;
        let bytes = row.get_ref(1).map_err(failed)?.as_blob().unwrap_or(&[]);
        let head = match decode(row_no, bytes) {
            Ok(row) => row.head,
            Err(Damage::Body(head)) => head,
            Err(Damage::Head) => return Err(corrupt(row_no, "fails its checksum")),
        };
        let RowHead { log_no, seq, .. } = head;
        let run = open.entry(log_no).or_insert_with(|| Run::starting(seq));
        if seq != run.end() {
            return Err(corrupt(row_no, "does not continue its log"));
        }
        run.push(row_no, head.base);
        if run.is_full() {
            write_run(connection, RUN_AGAIN, log_no, run, &mut buffer).map_err(failed)?;
            *run = Run::starting(seq + 1);
        }
    }
    let mut open: Vec<_> = open
        .into_iter()
        .filter(|(_, run)| !run.rows.is_empty())
        .collect();
    open.sort_unstable_by_key(|(log_no, _)| *log_no);
    for (log_no, run) in open {
        write_run(connection, RUN_AGAIN, log_no, &run, &mut buffer).map_err(failed)?;
    }
    Ok(newest)
}
