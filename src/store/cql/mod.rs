//! The CQL engine behind the log port: ScyllaDB or Apache Cassandra, after the contract in
//! schema/cql/README.md.
//!
//! Here: migrations, epochs, the chain of markers (pure), one lane a log that writes in order, reads,
//! the index of conversations. Not here: what a body means, and who owns a shard among several
//! nodes.

mod connect;
mod failure;
mod limits;
mod migrate;

pub use connect::Place;
pub use failure::CqlFailure;
pub use migrate::{Migrated, check, migrate};
