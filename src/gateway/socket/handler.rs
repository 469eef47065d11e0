//! What the logic of an arbiter promises to the gate.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use crest_actors::ids::SessionId;

use super::closing::Closed;

/// The session logic of one arbiter. Every method is called by a task of the gate, on its thread,
/// outside any method of the gate, and must return within microseconds: other connections wait.
/// A panic closes the one connection it was called for, with 4004.
pub trait Handler: 'static {
    /// The session exists; first of all calls about it.
    fn opened(&self, id: SessionId);

    /// A whole binary message, borrowed from the thread's buffer.
    fn message(&self, id: SessionId, payload: &[u8]) -> Flow;

    /// The outbox of a session that met [`Sent::Gap`](super::Sent::Gap) is empty: say where the gap
    /// is and go on.
    fn drained(&self, id: SessionId);

    /// The client ran into its rate and is not read for so long. Its frames are not lost: they are
    /// read late.
    fn rate_limited(&self, id: SessionId, retry_after: Duration);

    /// The session is over; last of all calls about it.
    fn closed(&self, id: SessionId, why: Closed);
}

/// What to do after a message.
#[derive(Debug)]
pub enum Flow {
    /// Go on reading.
    Continue,
    /// The message was taken; read no further until [`Gate::resume`](super::Gate::resume).
    Pause,
    /// The message was not taken; give it again after [`Gate::resume`](super::Gate::resume).
    Again,
    /// Say goodbye as [`Gate::close`](super::Gate::close) does.
    Close {
        code: u16,
        reason: Cow<'static, str>,
        bye: Option<Bytes>,
    },
}
