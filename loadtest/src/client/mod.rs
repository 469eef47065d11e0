//! Clients of the wire: tickets over HTTP, one WebSocket that comes back by itself, and what each
//! role does with it.
//!
//! [`Line`] is the protocol's client side as a pure state machine; `link` puts it on a socket. Every
//! client records what it sees for the [history checker](crate::history). Not here, on purpose:
//! behaviour (when to say what), measurements.

mod call;
mod commands;
mod http;
mod identity;
mod line;
mod link;
mod reconnect;
mod roles;
mod server;
mod socket;
mod told;

#[cfg(test)]
mod line_tests;

pub use call::{Answer, Answered, Pending, Refused};
pub use http::{Reply, get, post, put};
pub use identity::Identity;
pub use line::{Line, Output};
pub use link::{Client, Incoming, Lost, What};
pub use reconnect::Reconnect;
pub use roles::{Agent, Customer, Setting, Supervisor};
pub use server::{Server, Servers};
