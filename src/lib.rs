//! crest

pub mod config;
pub mod desk;
