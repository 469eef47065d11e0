//! What a session decides, as data: the arbiter's table of sessions carries it out after the
//! session's own turn, so that no session is ever entered twice.

use bytes::Bytes;
use crest_actors::conversation::{Note, Refusal};
use crest_actors::effect::{Envelope, Push};
use crest_actors::ids::{
    ClientMsgId, ConversationId, ConversationKey, CustomerId, Millis, Seq, SessionId, TenantId,
};
use crest_schema::codes::{Close, Code};
use crest_schema::frame::{Class, Id, ServerFrame, client, server};

use super::departure::return_after;
use super::limits::CATCH_UP_PAGE;
use super::overload::Ladder;
use crate::translate;

/// One thing to carry out.
#[derive(Debug)]
pub enum Out {
    Tell(Envelope),
    Frame {
        bytes: Bytes,
        keep: Keep,
    },
    /// Read the store and come back with a page.
    Read(ReadPage),
    Close {
        close: Close,
        retry_after_ms: Option<u32>,
    },
}

/// What happens to a frame that finds the outbox full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Held back and sent once there is room: answers, offers, presence.
    Held,
    /// Read again from the log once there is room: this event of this conversation.
    Replayed(ConversationId, Seq),
    /// Dropped: typing and read marks.
    No,
}

impl Keep {
    fn of(frame: &ServerFrame<'_>) -> Self {
        match frame {
            ServerFrame::Event(event) => Keep::Replayed(
                translate::conversation_id(event.conversation),
                Seq(event.seq),
            ),
            ServerFrame::StaffEvent(event) => Keep::Replayed(
                translate::conversation_id(event.conversation),
                Seq(event.seq),
            ),
            ServerFrame::Typing(_)
            | ServerFrame::Read(_)
            | ServerFrame::StaffTyping(_)
            | ServerFrame::StaffRead(_) => Keep::No,
            _ => Keep::Held,
        }
    }
}

/// A page of a conversation's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadPage {
    pub conversation: ConversationId,
    pub page: translate::Page,
    pub purpose: Purpose,
    pub reader: Reader,
}

/// For whom a page is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Sees every event, under the log's own numbers.
    Staff,
    /// Follows this conversation, so it is the reader's own.
    Customer,
    /// This customer names a conversation it does not follow: the first event says whose it is.
    Stranger(CustomerId),
}

impl ReadPage {
    /// The next lot on the way to the tail, for this attachment.
    pub fn catch_up(conversation: ConversationId, link: u32, after: Seq, reader: Reader) -> Self {
        let page = translate::Page {
            after,
            before: None,
            limit: CATCH_UP_PAGE,
            backward: false,
        };
        Self {
            conversation,
            page,
            purpose: Purpose::CatchUp { link },
            reader,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Fills the way from the client's position to the tail the owner keeps in memory. For another
    /// attachment than the one it was read for it would leave a hole.
    CatchUp { link: u32 },
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
        self.out.push(Out::Frame {
            bytes: frame.encode(reference),
            keep: Keep::of(frame),
        });
    }

    /// A push as its frames.
    pub fn show(&mut self, push: &Push) {
        translate::frames(push, &mut |reference, frame| self.frame(reference, &frame));
    }

    pub fn done(&mut self, reference: Option<u32>, conversation: Option<ConversationId>) {
        let conversation = conversation.map(translate::wire_id);
        self.frame(reference, &ServerFrame::Done(server::Done { conversation }));
    }

    pub fn pong(&mut self, reference: Option<u32>) {
        self.frame(reference, &ServerFrame::Pong(client::Empty {}));
    }

    pub fn tell(&mut self, envelope: Envelope) {
        self.out.push(Out::Tell(envelope));
    }

    /// Tells a conversation of this tenant.
    pub fn tell_conversation(&mut self, id: ConversationId, note: Note) {
        let key = ConversationKey {
            tenant: self.tenant.clone(),
            id,
        };
        self.tell(Envelope::Conversation(key, note));
    }

    pub fn error(&mut self, reference: Option<u32>, error: Error) {
        let mut frame = server::Error::of(error.code).about(
            error.id.map(|id| Id(id.0)),
            error.conversation.map(translate::wire_id),
        );
        if let Some(what) = error.message {
            frame.message =
                format!("{} {what}. {}", error.code.meaning(), error.code.next()).into();
        }
        frame.retry_after_ms = error.retry_after_ms.or(frame.retry_after_ms);
        self.frame(reference, &frame.into());
    }

    /// Refuses a frame of a shed class. True where it was refused or dropped.
    pub fn shed(&mut self, reference: Option<u32>, class: Class) -> bool {
        let Some(retry_after_ms) = self.ladder.refuses(class) else {
            return false;
        };
        metrics::counter!("crest_shed_frames_total", "class" => format!("{class:?}")).increment(1);
        if let Some(code) = self.ladder.code_of(class) {
            let retry_after_ms = match code {
                Code::GoingAway => return_after(self.id),
                _ => retry_after_ms,
            };
            self.error(
                reference,
                Error {
                    retry_after_ms: Some(retry_after_ms),
                    ..code.into()
                },
            );
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
        Self {
            code,
            message: None,
            retry_after_ms: None,
            id: None,
            conversation: None,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        translate::code_of(refusal).into()
    }
}
