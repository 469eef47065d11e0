//! The log stores from outside: the conformance suite of the log port on every engine, lists, and
//! what each engine does with crashes, damage and faults.

mod cassandra;
mod conformance;
mod cql;
mod cql_faults;
mod cql_kept;
mod cql_quorum;
mod cql_seals;
mod crash;
mod damage;
mod harness;
mod index;
mod opening;
mod proxy;
