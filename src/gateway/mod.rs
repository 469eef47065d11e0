//! The way in for everybody with a connection.

pub mod socket;
