//! Error and bye frames as their registries word them.

use std::borrow::Cow;

use crate::codec::Malformed;
use crate::codes::{Close, Code};

use super::server::{Bye, Error};
use super::{Id, ServerFrame};

impl Error<'static> {
    /// The code with its own words: meaning, then what to do.
    pub fn of(code: Code) -> Self {
        Self::with_words(code, format!("{} {}", code.meaning(), code.next()))
    }

    /// The code with words that say more.
    pub fn with_words(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Error {
            code: code.number(),
            name: Cow::Borrowed(code.name()),
            message: message.into(),
            temporary: code.temporary(),
            retry_after_ms: code.retry_after_ms(),
            id: None,
            conversation: None,
        }
    }

    /// The answer to bytes after which the connection goes on; `None` for those that end it.
    pub fn of_malformed(malformed: &Malformed) -> Option<Self> {
        let code = match malformed {
            Malformed::Body { .. } => Code::Malformed,
            Malformed::UnknownType { .. } => Code::UnknownType,
            Malformed::NoReference { .. } => Code::ReferenceMissing,
            Malformed::TooLarge { .. }
            | Malformed::TooDeep
            | Malformed::Truncated
            | Malformed::Trailing
            | Malformed::Utf8
            | Malformed::Key
            | Malformed::Reserved
            | Malformed::Envelope => return None,
        };
        Some(Self::with_words(code, malformed.to_string()))
    }

    /// About the command with this client message id, in this conversation.
    pub fn about(mut self, id: Option<Id>, conversation: Option<Id>) -> Self {
        self.id = id;
        self.conversation = conversation;
        self
    }

    /// With the server's own estimate of when to come back.
    pub fn retry_after(mut self, ms: u32) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }
}

impl Bye<'static> {
    pub fn of(close: Close) -> Self {
        Self::with_words(close, format!("{} {}", close.meaning(), close.next()))
    }

    pub fn with_words(close: Close, reason: impl Into<Cow<'static, str>>) -> Self {
        Bye {
            code: close.number(),
            reason: reason.into(),
            retry_after_ms: None,
        }
    }

    /// With the earliest time to come back.
    pub fn retry_after(mut self, ms: u32) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }
}

impl<'a> From<Error<'a>> for ServerFrame<'a> {
    fn from(error: Error<'a>) -> Self {
        ServerFrame::Error(error)
    }
}

impl<'a> From<Bye<'a>> for ServerFrame<'a> {
    fn from(bye: Bye<'a>) -> Self {
        ServerFrame::Bye(bye)
    }
}
