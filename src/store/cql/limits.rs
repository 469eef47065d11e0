//! Every bound of the CQL store, with its unit and reason.

use std::time::Duration;

/// A change of the schema, which a busy server takes seconds for.
pub const SCHEMA_TIMEOUT: Duration = Duration::from_secs(60);
/// Connections to each node (to each shard on ScyllaDB).
pub const CONNECTIONS: usize = 2;
