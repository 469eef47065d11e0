//! Every bound of the CQL store, with its unit and reason.

use std::time::Duration;

/// One attempt of a request: a healthy server answers within milliseconds, and the driver's own
/// time-out of 30 s would hide a hanging one.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);
/// A change of the schema, which a busy server takes seconds for.
pub const SCHEMA_TIMEOUT: Duration = Duration::from_secs(60);
/// Between two looks whether every node has a change of the schema.
pub const AGREEMENT_INTERVAL: Duration = Duration::from_millis(20);
/// From a request, its waiting for a place included, until it is not begun again and its log is given
/// up: two attempts that time out and one that does not, and less than a client waits for an answer.
pub const GIVE_UP: Duration = Duration::from_secs(5);
/// Between two attempts; doubled each time up to the second.
pub const AGAIN_FIRST: Duration = Duration::from_millis(20);
pub const AGAIN_MOST: Duration = Duration::from_millis(500);

/// Connections to each node (to each shard on ScyllaDB).
pub const CONNECTIONS: usize = 2;
/// Requests at the server at once; the rest wait here, where they cost least.
pub const IN_FLIGHT: usize = 512;

/// Logs opened at once, each some four requests one after the other.
pub const OPENINGS: usize = 64;

/// Seqs of one partition of events.
pub const BUCKET_ROWS: u64 = 1_000;
/// Rows of one log written at once, and so the most of a log that can be at some replicas only:
/// what an activation writes again.
pub const GROUP_ROWS_MAX: usize = 256;
/// Bytes of bodies of one log written at once; a larger single body goes alone. ScyllaDB refuses a
/// batch above 1 MiB, Cassandra half a commit log segment.
pub const GROUP_BYTES_MAX: usize = 256 * 1024;
/// Rows of one page of a read.
pub const PAGE_ROWS: i32 = 500;
/// Reads asked and not answered; more are answered `Unavailable` at once.
pub const READS_MAX: usize = 65_536;
/// Logs whose token, end and chain stay in memory (some 400 B each). Beyond it the least recently
/// used are dropped; their owners are refused once and activate again.
pub const RESIDENT_LOGS_MAX: usize = 1_048_576;

/// How often a lone process looks whether another has taken the keyspace over.
pub const EPOCH_CHECK: Duration = Duration::from_secs(1);
/// Tries to take an epoch against other processes that start at the same moment.
pub const EPOCH_TRIES: usize = 32;

/// Days of one page of a list: each is up to 16 small reads.
pub const LIST_DAYS_MAX: i32 = 31;
/// Index rows looked up in their logs at once.
pub const LIST_CHECKS: usize = 32;

const _: () = assert!(GIVE_UP.as_millis() > 2 * REQUEST_TIMEOUT.as_millis());
const _: () = assert!(GROUP_ROWS_MAX as u64 <= BUCKET_ROWS);
