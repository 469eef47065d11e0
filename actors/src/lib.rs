//! The domain of Crest and its actors.
//!
//! Here: pure state machines, one folder each; their thin actix shells; guardians, shards, lanes;
//! ports that the edges implement. Not here, on purpose: sockets, files, serde, drivers, wire types.

pub mod agent;
pub mod aggregate;
pub mod board;
pub mod conversation;
pub mod customer;
pub mod directory;
pub mod effect;
pub mod ids;
pub mod limits;
pub mod ports;
pub mod queue;
pub mod runtime;
pub mod skill_group;
