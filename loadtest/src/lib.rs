//! The load harness of Crest: it speaks the wire only, so it proves that the protocol is enough.
//!
//! - [`history`]: what clients saw, checked against what was promised.
//! - [`client`]: customers, agents and supervisors on the wire; also for black-box tests.

pub mod client;
pub mod history;
