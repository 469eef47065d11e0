//! The product under test: the released binary, driven through its own wire and nothing else.

mod http;
mod node;
mod people;
mod returning;
mod talk;

pub use node::{Ack, Node};
pub use people::{Desk, Shape, customer, said};
pub use returning::{Visitor, log_reads};
