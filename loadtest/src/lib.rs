//! The load harness of Crest: it speaks the wire only, so it proves that the protocol is enough.
//!
//! - [`history`]: what clients saw, checked against what was promised.

pub mod history;
