//! What the client says and how it reads answers, with as little work as possible: requests are
//! prepared once and patched, answers are only counted.

mod dialect;
mod join;
mod request;
mod websocket;

pub use dialect::{Dialect, Tally};
pub use join::{join, join_with, upgrade};
pub use request::{ID, REFERENCE, Request};
pub use websocket::{Opcode, frames, masked};
