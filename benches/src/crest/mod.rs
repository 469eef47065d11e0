//! The product under test: the released binary, driven through its own wire and nothing else.

mod counter;
mod http;
mod node;
mod people;
mod returning;
mod talk;

pub use counter::{FOLDED, counter};
pub use node::{Ack, Node, Setting};
pub use people::{Desk, Shape, customer, said};
pub use returning::Visitor;
