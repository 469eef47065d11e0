//! The bot: which article answers a customer's message, or why none does.
//!
//! Here: the knowledge base ([`knowledge`]), what a message is reduced to
//! ([`normal`], [`units`], [`lexicon`], [`features`]), what is no shop's to answer ([`elsewhere`]), the immutable index and
//! its ranking ([`index`], [`ranking`]), the decision ([`decide`]) and the
//! measurement of it ([`eval`]).
//!
//! Not here: sockets, actors, clocks, storage. A bot is a value; publishing new
//! knowledge is building another one and swapping it.

pub mod calibration;
pub mod decide;
pub mod elsewhere;
pub mod eval;
pub mod features;
pub mod index;
pub mod knowledge;
pub mod language;
pub mod lexicon;
pub mod limits;
pub mod normal;
pub mod outside;
pub mod phrases;
pub mod ranking;
pub mod replies;
pub mod requests;
pub mod spelling;
pub mod syllables;
pub mod turn;
pub mod units;

#[cfg(test)]
mod bars_tests;
#[cfg(test)]
mod decide_tests;
#[cfg(test)]
mod knowledge_tests;
#[cfg(test)]
mod normal_tests;
#[cfg(test)]
mod ranking_tests;
#[cfg(test)]
mod requests_tests;

pub use decide::Bot;
pub use eval::{Labelled, Report, ask, evaluate};
pub use knowledge::{Article, Knowledge, KnowledgeError, Localised};
pub use language::Language;
pub use turn::{HandoffReason, Outcome, Reply, Turn};
