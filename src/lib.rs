//! crest
