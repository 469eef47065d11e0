//! The desk in one SQLite file (WAL, synced at each commit): one thread writes, one reads.

mod articles;
mod canned;
mod groups;
mod idempotency;
mod journal;
mod lane;
mod migrations;
mod row;
mod sessions;
mod staff;
mod store;
mod tenants;
mod whole;

pub use store::SqliteDesk;
