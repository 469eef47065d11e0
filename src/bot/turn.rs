//! What the bot is asked and what it decides.

use serde::{Deserialize, Serialize};

use super::language::Language;

/// One turn of a customer, with what the conversation carries.
#[derive(Debug, Clone, Copy, Default)]
pub struct Turn<'a> {
    /// Everything said since the last reply.
    pub text: &'a str,
    /// Language to answer in when the message itself does not tell one.
    pub language: Option<Language>,
    /// Consecutive misses so far: [`Reply::misses`] of the last reply.
    pub misses: u8,
    /// Article the conversation is about: [`Reply::topic`] of the last reply.
    pub topic: Option<&'a str>,
    /// Articles the last reply offered to choose from, in their order: the keys of
    /// its [`Outcome::Clarify`]; empty when it was no such reply.
    pub offered: &'a [String],
    /// Now, in milliseconds since 1970: decides which articles are valid.
    pub now_ms: u64,
}

/// What the bot says and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    pub language: Language,
    pub outcome: Outcome,
    /// Probability that the best article is the right one, 0 to 1.
    pub score: f32,
    /// Second-best article and its share of the best one's evidence times `score`.
    pub runner_up: Option<(String, f32)>,
    pub knowledge_version: u64,
    /// Consecutive misses after this turn.
    pub misses: u8,
    /// Article the conversation is about after this turn.
    pub topic: Option<String>,
}

/// What a turn leads to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Outcome {
    /// One article answers.
    Answer { key: String, text: String },
    /// Two to four articles might: (key, title) in the order of the numbers shown.
    Clarify {
        candidates: Vec<(String, String)>,
        text: String,
    },
    /// A greeting, thanks or the like, answered in kind. Never a miss.
    Courtesy { text: String },
    /// No article answers. Always a miss.
    Fallback { text: String },
    /// A person takes over; the bot says nothing more in this conversation.
    Handoff {
        reason: HandoffReason,
        group: Option<String>,
        text: String,
    },
}

/// Why a person takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandoffReason {
    /// The customer asked for one.
    Asked,
    /// The bot missed twice in a row.
    Misses,
    /// The article says that its matter is for a person; it is [`Reply::topic`].
    ArticleSays,
}

impl Outcome {
    /// What the customer reads.
    pub fn text(&self) -> &str {
        match self {
            Self::Answer { text, .. }
            | Self::Clarify { text, .. }
            | Self::Courtesy { text }
            | Self::Fallback { text }
            | Self::Handoff { text, .. } => text,
        }
    }
}
