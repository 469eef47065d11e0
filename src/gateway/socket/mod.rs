//! WebSocket connections of one arbiter, and the way they come in.
//!
//! Here: the upgrade ([`upgrade`]) and the listener under it ([`serve`]); the [`Gate`], which holds
//! every connection of its thread, reads frames out of one shared buffer, queues outgoing ones in
//! bounded outboxes and writes them once a tick; rates, liveness and closing. The protocol itself is
//! pure: `frame` (one frame's bytes), `message` (fragments and control frames), `outbox`, `rate`.
//!
//! Not here, on purpose: what a payload means, who somebody is, any timer or buffer for a single
//! idle connection, permessage-deflate, TLS.
//!
//! A connection is one task of its thread and one slot of the gate. The task only reads; the slot
//! owns the socket, so that the flusher writes without waking anybody. Every call into the
//! [`Handler`] is made by a task, never from inside a method of the gate: logic may call the gate
//! while it holds its own state.

mod closing;
mod flush;
mod frame;
mod gate;
mod handler;
mod inner;
pub mod limits;
mod message;
mod outbox;
mod rate;
pub mod serve;
mod session;
mod slot;
mod sweep;
mod tally;
mod transport;
pub mod upgrade;

pub use closing::{Closed, codes};
pub use gate::Gate;
pub use handler::{Flow, Handler};
pub use limits::SocketLimits;
pub use outbox::{Kind, Sent};
pub use transport::Transport;
