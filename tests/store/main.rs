//! The embedded log store from outside: the conformance suite of the log port, and its own faults.

mod conformance;
mod harness;
