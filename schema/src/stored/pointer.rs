//! A customer's pointers to its conversations, one a channel.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::frame::Id;

super::alphabet! {
    Event<'a>, "pointer";
    1 "pointed" Pointed(Pointed<'a>);
    2 "cleared" Cleared(Cleared<'a>);
    3 "base" Base(Base<'a>);
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointed<'a> {
    #[serde(rename = "h")]
    pub channel: Cow<'a, str>,
    #[serde(rename = "c")]
    pub conversation: Id,
    #[serde(rename = "o")]
    pub opening: u32,
}

/// The pointed-to opening is over: `at` is when, `agent` who served it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleared<'a> {
    #[serde(rename = "h")]
    pub channel: Cow<'a, str>,
    #[serde(rename = "c")]
    pub conversation: Id,
    #[serde(rename = "o")]
    pub opening: u32,
    #[serde(rename = "g", skip_serializing_if = "Option::is_none")]
    pub agent: Option<Cow<'a, str>>,
    #[serde(rename = "t")]
    pub at: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base<'a> {
    #[serde(rename = "p")]
    pub pointers: Vec<Pointer<'a>>,
}

/// `closed_at` is absent while it is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer<'a> {
    #[serde(rename = "h")]
    pub channel: Cow<'a, str>,
    #[serde(rename = "c")]
    pub conversation: Id,
    #[serde(rename = "o")]
    pub opening: u32,
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<u64>,
    #[serde(rename = "g", skip_serializing_if = "Option::is_none")]
    pub agent: Option<Cow<'a, str>>,
    /// When who served the customer last in this channel; kept while open again.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
    pub served: Option<(u64, Cow<'a, str>)>,
}
