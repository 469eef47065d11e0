//! crest

pub mod translate;
