//! Crest: the edges of the messaging core and their wiring.

pub mod fault;
pub mod store;
