//! The log stores. Here: the embedded one, durable logs in one SQLite file and the default engine
//! behind the log port: one writer thread with group commit, a few readers, the rows and what finds
//! them, the index of conversations, verification. In `cql`: the engine for ScyllaDB and Cassandra.
//! Not here: what a body means.

mod answer;
pub mod cql;
mod disk;
#[cfg(test)]
mod disk_faults;
mod embedded;
mod engine;
mod failure;
#[cfg(test)]
mod fault_tests;
mod file;
mod head;
mod intake;
mod inventory;
pub mod limits;
mod list;
mod name;
mod readers;
mod recover;
mod row;
mod run;
mod staged;
mod summary;
mod transcript;
mod verify;
mod writer;

pub use embedded::EmbeddedStore;
pub use engine::Engine;
pub use failure::OpenFailure;
pub use file::{Durability, FILE_NAME, Place as Folder};
pub use inventory::Inventory;
pub use list::{Page, Query};
pub(crate) use name::display;
pub use row::Chain;
pub use verify::{Fold, Progress, Report};
