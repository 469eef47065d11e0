//! What a session decides, as data: the arbiter's table of sessions carries it out after the
//! session's own turn, so that no session is ever entered twice.

use bytes::Bytes;
use crest_actors::conversation::{Note, Refusal};
use crest_actors::effect::Envelope;
use crest_actors::ids::{ClientMsgId, ConversationId, ConversationKey, Millis, Seq, SessionId, TenantId};
use crest_schema::codes::{Close, Code};
use crest_schema::frame::{Class, Id, ServerFrame, server};

use super::overload::Ladder;

/// One thing to carry out.
#[derive(Debug)]
pub enum Out {
    Tell(Envelope),
    Frame { bytes: Bytes, keep: Keep },
    /// Read the store and come back with a page.
    Read(ReadPage),
    Close { close: Close, retry_after_ms: Option<u32> },
}

/// What happens to a frame that finds the outbox full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Held back and sent once there is room: answers, offers, presence.
    Held,
    /// Read again from the log once there is room: events.
    Replayed,
    /// Dropped: typing and read marks.
    No,
}

/// A page of a conversation's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadPage {
    pub conversation: ConversationId,
    pub after: Seq,
    pub before: Option<Seq>,
    pub limit: usize,
    pub purpose: Purpose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Fills the way from the client's position to the tail the owner keeps in memory.
    CatchUp,
    /// Answers `history` of that ref.
    History { reference: u32 },
}

/// What a session's turn may look at.
pub struct Turn<'a> {
    pub now: Millis,
    pub id: SessionId,
    pub tenant: &'a TenantId,
    pub ladder: Ladder,
    pub out: &'a mut Vec<Out>,
}

impl Turn<'_> {
    pub fn frame(&mut self, reference: Option<u32>, frame: &ServerFrame<'_>) {
        self.out.push(Out::Frame { bytes: frame.encode(reference), keep: Keep::Held });
    }

    /// A frame that the log can give again.
    pub fn replayed(&mut self, frame: &ServerFrame<'_>) {
        self.out.push(Out::Frame { bytes: frame.encode(None), keep: Keep::Replayed });
    }

    pub fn drop_first(&mut self, frame: &ServerFrame<'_>) {
        self.out.push(Out::Frame { bytes: frame.encode(None), keep: Keep::No });
    }

    pub fn tell(&mut self, envelope: Envelope) {
        self.out.push(Out::Tell(envelope));
    }

    /// Tells a conversation of this tenant.
    pub fn tell_conversation(&mut self, id: ConversationId, note: Note) {
        let key = ConversationKey { tenant: self.tenant.clone(), id };
        self.tell(Envelope::Conversation(key, note));
    }

    pub fn error(&mut self, reference: Option<u32>, error: Error) {
        let Error { code, message, retry_after_ms, id, conversation } = error;
        let message = match message {
            Some(what) => format!("{} {what} {}", code.meaning(), code.next()),
            None => format!("{} {}", code.meaning(), code.next()),
        };
        self.frame(
            reference,
            &ServerFrame::Error(server::Error {
                code: code.number(),
                name: code.name().into(),
                message: message.into(),
                temporary: code.temporary(),
                retry_after_ms: retry_after_ms.or(code.retry_after_ms()),
                id: id.map(|id| Id(id.0)),
                conversation: conversation.map(|conversation| Id(conversation.0)),
            }),
        );
    }

    /// Refuses a frame of a shed class. True where it was refused or dropped.
    pub fn shed(&mut self, reference: Option<u32>, class: Class, id: Option<ClientMsgId>) -> bool {
        let Some(retry_after_ms) = self.ladder.refuses(class) else {
            return false;
        };
        metrics::counter!("crest_shed_frames_total", "class" => format!("{class:?}")).increment(1);
        if let Some(code) = Code::of_class(class) {
            self.error(reference, Error { retry_after_ms: Some(retry_after_ms), id, ..code.into() });
        }
        true
    }
}

/// An error before it is a frame.
#[derive(Clone, Debug)]
pub struct Error {
    pub code: Code,
    pub message: Option<String>,
    pub retry_after_ms: Option<u32>,
    pub id: Option<ClientMsgId>,
    pub conversation: Option<ConversationId>,
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self { code, message: None, retry_after_ms: None, id: None, conversation: None }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        crate::translate::code_of_refusal(refusal).into()
    }
}
