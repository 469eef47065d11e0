//! The bus between nodes: NATS subjects, at most once, never blocking.
//!
//! `lanes` (what waits to be sent) and `intake` (what arrives) are pure; `carrier` is what arbiters
//! call, `calls` what waits for an answer, `line` the one thread that talks to NATS. Not here, on purpose: truth (who owns what, what
//! was said), repeating what is lost (its senders do), ownership.
//!
//! A node reads `crest.<cluster>.node.<number>`, `….call.<number>` and `crest.<cluster>.all`; the frames are those of
//! `crest_schema::node`. Why so is in ops/adr/0007.

mod calls;
mod carrier;
mod intake;
mod lanes;
mod limits;
mod line;

pub use calls::Answerer;
pub use carrier::{Bus, BusFailure, Missed};
pub use line::Line;

#[cfg(test)]
mod tests;
