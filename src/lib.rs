//! crest

pub mod bot;
