//! crest

pub mod config;
