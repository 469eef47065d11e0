//! Bounds of the CQL desk, each with its reason.

use std::time::Duration;

/// Between two looks for other nodes' changes: with the reading it is told well within a second.
pub const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// Records of one change: at most some 2 MB in one mutation, half of what the servers take by default.
pub const EDIT_RECORDS_MAX: usize = 8_000;
/// The same of one change while a tenant is brought in, which may need many.
pub const IMPORT_RECORDS: usize = EDIT_RECORDS_MAX / 2;
/// Newest changes of a tenant whose writers are kept: a writer that was not answered looks within
/// seconds, and this many changes of one tenant take longer.
pub const WRITERS_MAX: usize = 256;
/// Pause after losing against another writer, multiplied by a random number up to 1.
pub const CONTENDED: Duration = Duration::from_millis(40);
/// Readings of several rows repeated because they changed meanwhile.
pub const READ_TRIES: usize = 8;
/// Partitions read at once for one answer.
pub const AT_ONCE: usize = 32;
/// How long after its end a row is kept: validity is decided by the times in it, not by its expiry.
pub const EXPIRY_SLACK_S: u64 = 24 * 60 * 60;
/// The longest expiry that both servers take: 20 years.
pub const EXPIRY_MAX_S: u64 = 20 * 365 * 24 * 60 * 60;
