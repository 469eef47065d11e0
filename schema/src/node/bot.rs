//! What a bot answers a conversation.

use serde::{Deserialize, Serialize};

use super::Text;
use crate::stored::conversation::Answer;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BotReply<'a> {
    Answer {
        text: Text<'a>,
        answer: Answer<'a>,
    },
    Clarify {
        text: Text<'a>,
        options: Vec<Text<'a>>,
        candidates: Vec<Text<'a>>,
    },
    Fallback {
        text: Text<'a>,
    },
    Smalltalk {
        text: Text<'a>,
    },
    HandOff {
        text: Text<'a>,
        why: HandOffReason,
        group: Option<Text<'a>>,
    },
    Unavailable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandOffReason {
    Asked,
    Missed,
    ArticleSays,
}
