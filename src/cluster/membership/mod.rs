//! What drives a [`Member`](super::Member): one thread of its own, with a session to the lease
//! keyspace of its own, so that nothing a node does keeps its lease from being renewed.
//!
//! `handle` is what the node has in hand, `driver` the thread's loop, `view` what an operator may
//! look at, `namesake` (pure) notices a second process of the same number, `moves` (pure) counts. Not
//! here: decisions, which are the member's, and what a node does with what it is told.

mod driver;
mod handle;
mod moves;
mod namesake;
mod spans;
mod view;

pub use handle::{Membership, MembershipFailure, Told};
pub use view::{ClusterView, NodeView, Standing};
