//! Crest measured side by side with floors (the least a server could do) and peers (other people's
//! servers), all alive on one core and driven in turn by one client on another.
//!
//! Here: the client ([`wire`], [`drive`]), how figures come about ([`measure`], [`report`]), floors
//! ([`floor`]), peers ([`peer`]), the product as a stranger uses it ([`crest`]), and the rows of the
//! table ([`rows`]). Not here: correctness under load, which `loadtest/` checks.

pub mod crest;
pub mod drive;
pub mod floor;
pub mod measure;
pub mod peer;
pub mod play;
pub mod report;
pub mod rows;
pub mod shop;
pub mod sys;
pub mod wire;
