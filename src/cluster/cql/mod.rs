//! The asks of a member, as CQL over the lease keyspace: `node_lease` and `assignment`, after the
//! contract in schema/cql/README.md.
//!
//! Here: the statements, the one cell of the map, and which server is asked. Not here: when to ask, what an outcome means,
//! and any second attempt: a conditional statement is sent once, and an unknown outcome is said to be
//! unknown.

mod asks;
mod cell;
#[cfg(test)]
mod cell_tests;
mod coordinator;
mod lone;

pub use asks::{AskFailure, Asks};
pub use cell::Damage;
pub(super) use lone::before_joining;
pub use lone::{LoneFailure, before_alone};
