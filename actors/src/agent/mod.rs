//! The human who answers: owner of a ledger of reservations, the only place where load is counted.

mod note;

pub use note::{Availability, Event, Note, Presence, Released, Reservation};
