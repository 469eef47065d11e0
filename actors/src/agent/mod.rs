//! The human who answers: owner of a ledger of reservations, the only place where load is counted.
//!
//! Here: the ledger (durable), what is claimed and offered, presence by sessions, and what groups
//! and sessions are told of it. Not here: whether a claim stands; that is the conversation's log's.

mod announce;
mod claim;
#[cfg(test)]
mod desk;
mod ledger;
mod note;
mod presence;
#[cfg(test)]
mod presence_tests;
#[cfg(test)]
mod property_tests;
mod state;
#[cfg(test)]
mod state_tests;

pub use ledger::Ledger;
pub use note::{Availability, Event, Note, Presence, Released, Reservation};
pub use presence::MISSED_OFFERS;
pub use state::Agent;
