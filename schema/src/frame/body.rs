//! What is said: the content of a message, for everybody.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::non_empty;

/// Content of a message. Bounds in bytes: `text` 16 KiB, every other string 2 KiB, 13 options.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body<'a> {
    Text(#[serde(deserialize_with = "non_empty")] Cow<'a, str>),
    /// A reference; the bytes live elsewhere.
    Image {
        url: Cow<'a, str>,
        alt: Cow<'a, str>,
        bytes: u64,
    },
    File {
        url: Cow<'a, str>,
        name: Cow<'a, str>,
        media_type: Cow<'a, str>,
        bytes: u64,
    },
    Card {
        title: Cow<'a, str>,
        text: Cow<'a, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        url: Option<Cow<'a, str>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        image_url: Option<Cow<'a, str>>,
    },
    /// Quick replies: a text and what may be answered to it.
    Choices {
        text: Cow<'a, str>,
        options: Vec<Cow<'a, str>>,
    },
}

/// Why a conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    Resolved,
    CustomerLeft,
    Silence,
    Abandoned,
    LeftMessage,
    CallBack,
    Overflow,
}
