//! The CQL engine behind the log port: ScyllaDB or Apache Cassandra, after the contract in
//! schema/cql/README.md.
//!
//! Here: migrations, epochs, the chain of markers (pure), one lane a log that writes in order, reads,
//! the index of conversations, seals, retention. Not here: what a body means, and who owns a shard among several
//! nodes: an owner's epoch is given to [`CqlStore::open`].

mod chain;
mod connect;
pub(crate) mod epoch;
mod failure;
mod index;
mod lane;
mod limits;
mod list;
mod logs;
mod migrate;
#[cfg(test)]
mod model_tests;
mod open;
mod order;
mod retention;
mod row;
mod seal;
mod settle;
mod statements;
mod store;
mod summary;
mod tables;
mod work;

pub use connect::Place;
pub(crate) use connect::{applied, connect, connect_impatiently};
pub use failure::CqlFailure;
pub(crate) use limits::{EPOCH_CHECK, GIVE_UP, REQUEST_TIMEOUT};
pub use logs::Epochs;
pub use migrate::{Migrated, migrate};
pub(crate) use migrate::{check, check_desk};
pub use retention::Retention;
pub(crate) use settle::Gate;
pub use store::{CqlStore, Epoch};
