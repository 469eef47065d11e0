//! A command on its way: sent, perhaps again, answered once.

use std::time::Instant;

use crest_schema::ServerFrame;
use crest_schema::frame::{ClientFrame, Id};
use tokio::sync::oneshot;

/// What the server said to a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Stored and synced, in the client's own numbering.
    Ack {
        conversation: Id,
        seq: u64,
        at: u64,
    },
    /// Done, and nothing was recorded.
    Done,
    Refused(Refused),
    /// A frame of another kind that answers it: a page, a presence, a pong.
    Frame(Box<ServerFrame<'static>>),
}

/// A refusal that lasts, or one that came too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub code: u16,
    pub name: String,
    pub message: String,
}

/// An answer with its times, by the client's clock.
#[derive(Clone, Debug)]
pub struct Answered {
    pub answer: Answer,
    /// When its bytes were first handed to a socket.
    pub sent_at: Instant,
    pub answered_at: Instant,
    /// How often it was sent.
    pub sent: u32,
}

/// Yields the answer, or an error where the client ended before it came.
pub type Pending = oneshot::Receiver<Answered>;

/// A command that is not answered yet.
#[derive(Debug)]
pub(super) struct Call {
    pub frame: ClientFrame,
    pub reply: Option<oneshot::Sender<Answered>>,
    pub first_sent: Option<Instant>,
    pub sent: u32,
    /// Temporary refusals so far.
    pub refused: u32,
    /// Not to be sent before.
    pub not_before: Option<Instant>,
}

impl Call {
    pub fn new(frame: ClientFrame) -> (Self, Pending) {
        let (reply, pending) = oneshot::channel();
        let call = Call {
            frame,
            reply: Some(reply),
            first_sent: None,
            sent: 0,
            refused: 0,
            not_before: None,
        };
        (call, pending)
    }

    /// Nobody listening any more is no fault.
    pub fn answer(mut self, answer: Answer, now: Instant) {
        if let Some(reply) = self.reply.take() {
            let _ = reply.send(Answered {
                answer,
                sent_at: self.first_sent.unwrap_or(now),
                answered_at: now,
                sent: self.sent,
            });
        }
    }
}

impl Answered {
    /// The seq of what was stored.
    pub fn seq(&self) -> Option<u64> {
        match &self.answer {
            Answer::Ack { seq, .. } => Some(*seq),
            _ => None,
        }
    }

    pub fn refused(&self) -> Option<&Refused> {
        match &self.answer {
            Answer::Refused(refused) => Some(refused),
            _ => None,
        }
    }
}
