//! The load harness of Crest: it speaks the wire only, so it proves that the protocol is enough.
//!
//! - [`history`]: what clients saw, checked against what was promised.
//! - [`client`]: customers, agents and supervisors on the wire; also for black-box tests.
//! - [`scenario`]: what a run does, and how people behave by the figures of real dialogues.
//! - [`drive`]: runs, measured, and servers killed under load.
//! - [`rig`]: a cluster of the harness's own, and harm done to its parts.
//! - [`report`]: what a run leaves behind, for programs and for people.

pub mod client;
pub mod drive;
pub mod history;
pub mod report;
pub mod rig;
pub mod scenario;
