//! The embedded log store from outside: the conformance suite of the log port, its lists, and what
//! it does with crashes and damage.

mod conformance;
mod crash;
mod damage;
mod harness;
mod index;
mod opening;
