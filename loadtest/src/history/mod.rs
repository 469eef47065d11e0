//! The history checker: what every client saw, held against the transcripts and against each other.
//!
//! [`Recorder`] collects observations while clients talk; [`check`] goes over them once, in time
//! linear in their number, and names every broken promise. Not here, on purpose: sockets, clocks,
//! opinions about speed.

mod anomaly;
mod check;
mod claims;
mod evidence;
mod fact;
mod log;
mod queueing;
mod recorder;
mod reread;
mod seen;
mod sending;
mod viewing;

#[cfg(test)]
mod tests;

pub use anomaly::{Anomaly, Promise, Report};
pub use check::check;
pub use evidence::evidence;
pub(crate) use fact::of_body;
pub use fact::{By, Fact, Kind, customer_fact, digest, staff_fact};
pub use log::{InLine, LogEntry, Transcript};
pub use recorder::{Recorder, Witness};
pub use reread::compare;
pub use seen::{Client, History, MARKER, Observation, Seen, Side};
