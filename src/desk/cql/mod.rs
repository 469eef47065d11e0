//! The desk in a keyspace of ScyllaDB or Cassandra, shared by every node of a cluster; the contract of
//! its tables is in schema/cql/README.md.
//!
//! A change reads what it needs of its tenant's partition, decides on that as a pure function of a
//! [`sheet::Sheet`], and is one transaction on that partition. Here too: what ends by itself
//! (sessions, answers given once), the audit log, and the look-out for other nodes' changes. Not here:
//! any lock or lease; nodes that change the same thing at once are told apart by the transaction.

mod articles;
mod canned;
mod edit;
mod groups;
mod idempotency;
mod installation;
mod journal;
mod kind;
mod limits;
mod port;
mod revisions;
mod sessions;
mod sheet;
mod staff;
mod store;
mod tables;
mod tenants;
mod thread;
mod whole;

pub use store::CqlDesk;
