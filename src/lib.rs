//! The edges of Crest and their wiring.

pub mod gateway;
