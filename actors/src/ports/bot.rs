//! The bot as a conversation sees it: it is told a question and tells back a reply.

use crate::conversation::{Answer, BotContext};
use crate::ids::{ConversationKey, GroupId, Millis};

/// What the customer said since the bot last spoke, and what the bot knew then.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BotTurn {
    pub conversation: ConversationKey,
    pub opening: u32,
    /// A reply to an older turn, or after a handoff, is discarded.
    pub turn: u32,
    /// Messages of one burst, joined by line breaks.
    pub text: String,
    pub language: Option<String>,
    pub context: BotContext,
    pub now: Millis,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BotReply {
    Answer {
        text: String,
        answer: Answer,
    },
    /// Which one is meant? `candidates` are article keys, `options` their titles.
    Clarify {
        text: String,
        options: Vec<String>,
        candidates: Vec<String>,
    },
    Fallback {
        text: String,
    },
    /// A greeting or thanks: answered, neither a hit nor a miss.
    Smalltalk {
        text: String,
    },
    HandOff {
        text: String,
        why: HandOffReason,
        group: Option<GroupId>,
    },
    /// The bot cannot answer (no knowledge, time-out).
    Unavailable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HandOffReason {
    Asked,
    Missed,
    ArticleSays,
}

/// Thinks on threads of its own and tells the conversation `Note::BotReplied`.
pub trait BotPort: Send + Sync + 'static {
    fn ask(&self, turn: BotTurn);
}
