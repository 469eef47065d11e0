//! The edge that clients connect to: sockets below, sessions above.

pub mod session;
pub mod socket;
