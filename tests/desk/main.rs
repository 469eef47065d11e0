//! The desk from outside: what every engine must do, and what CQL alone must (several nodes, a server
//! that is away).

#[allow(dead_code)] // of the log store's tests
#[path = "../store/cassandra.rs"]
mod cassandra;
mod conformance;
mod faults;
mod harness;
mod nodes;
mod passing;
#[allow(dead_code)] // of the log store's tests
#[path = "../store/proxy.rs"]
mod proxy;
mod sqlite;
