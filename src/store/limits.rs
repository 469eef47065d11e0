//! Every bound of the embedded store, with its unit and reason.

use std::time::Duration;

/// Rows of one commit: more would make the first of them wait too long for the last.
pub const COMMIT_ROWS_MAX: usize = 8_192;
/// Bytes of bodies in one commit.
pub const COMMIT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Rows submitted and not yet answered; a submitter that would exceed it waits.
pub const INTAKE_ROWS_MAX: usize = 65_536;
/// Bytes of bodies submitted and not yet answered.
pub const INTAKE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Reads and activations waiting for a reader; more are answered `Unavailable` at once.
pub const READS_MAX: usize = 65_536;
/// How long a node is not ready after a write was refused, as by a full disk.
pub const REFUSED_FOR: Duration = Duration::from_secs(10);
/// Threads that read. Reads are short and mostly from the page cache.
pub const READERS: usize = 2;

/// Events named by one locator row: one random write for so many appends.
pub const RUN_ROWS_MAX: usize = 32;
/// Rows that no locator names yet: what an opening after a crash must scan (some 0.2 s).
pub const HORIZON_ROWS: u64 = 131_072;
/// Logs whose newest token, seq and hash stay in memory (some 250 B each). Beyond it the least
/// recently used are dropped when the horizon moves; their owners are refused once and activate again.
pub const RESIDENT_LOGS_MAX: usize = 1_048_576;
/// Rows read in one transaction, so that the write-ahead log can always be reused.
pub const READ_ROWS_A_TRANSACTION: usize = 256;
/// Bytes written to the write-ahead log before its pages are copied into the main file.
pub const CHECKPOINT_BYTES: u64 = 2 * 1024 * 1024;
/// Kibibytes of page cache of the writer, and of each reader. Appends touch the right edge of each
/// tree; what lies further back is in the kernel's cache already, and would be kept twice.
pub const WRITER_CACHE_KIB: i64 = 8_192;
pub const READER_CACHE_KIB: i64 = 2_048;

/// Bytes of one body: a frame of 64 KiB and its envelope fit well.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Conversations of one page of a list.
pub const PAGE_LIMIT_MAX: usize = 500;
/// Index rows examined for one page; a page may be short, its cursor says whether more may follow.
pub const PAGE_EXAMINED_MAX: usize = 4_096;

/// Problems a verification names; further ones are only counted.
pub const PROBLEMS_MAX: usize = 1_000;

const _: () = assert!(COMMIT_ROWS_MAX <= INTAKE_ROWS_MAX);
const _: () = assert!(COMMIT_BYTES_MAX <= INTAKE_BYTES_MAX);
const _: () = assert!(RUN_ROWS_MAX < u8::MAX as usize);
const _: () = assert!(PAGE_LIMIT_MAX <= PAGE_EXAMINED_MAX);
