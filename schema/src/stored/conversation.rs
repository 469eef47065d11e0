//! A conversation's transcript. Field names are one or two letters: every event carries them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::frame::Id;

type Text<'a> = Cow<'a, str>;

super::alphabet! {
    /// What happened.
    Event<'a>, "conversation";
    1 "opened" Opened(Opened<'a>);
    2 "message" Message(Message<'a>);
    3 "edited" Edited(Edited<'a>);
    4 "recalled" Recalled(Recalled<'a>);
    5 "whisper" Whisper(Whisper<'a>);
    6 "bot_turned" BotTurned(BotTurned<'a>);
    7 "waiting" Waiting(Waiting<'a>);
    8 "offered" Offered(Offered<'a>);
    9 "accepted" Accepted(Accepted<'a>);
    10 "transfer_requested" TransferRequested(TransferRequested<'a>);
    11 "transferred" Transferred(Transferred<'a>);
    12 "transfer_failed" TransferFailed(TransferFailed);
    13 "taken_over" TakenOver(TakenOver<'a>);
    14 "given_back" GivenBack(TakenOver<'a>);
    15 "wrap_up" WrapUp(WrapUp);
    16 "closed" Closed(Closed<'a>);
    17 "rated" Rated(Rated<'a>);
    18 "bot_resumed" BotResumed(BotResumed<'a>);
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened<'a> {
    #[serde(rename = "o")]
    pub opening: u32,
    #[serde(rename = "c")]
    pub customer: Text<'a>,
    #[serde(rename = "h")]
    pub channel: Text<'a>,
    #[serde(rename = "t")]
    pub tier: u8,
    #[serde(rename = "n", skip_serializing_if = "Option::is_none")]
    pub display_name: Option<Text<'a>>,
    #[serde(rename = "a", default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(Text<'a>, Text<'a>)>,
    #[serde(rename = "l", skip_serializing_if = "Option::is_none")]
    pub language: Option<Text<'a>>,
    #[serde(rename = "g")]
    pub group: Text<'a>,
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
    pub sticky: Option<Text<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Author<'a> {
    #[serde(rename = "c")]
    Customer,
    #[serde(rename = "b")]
    Bot,
    #[serde(rename = "a")]
    Agent(Text<'a>),
    #[serde(rename = "v")]
    Supervisor(Text<'a>),
    #[serde(rename = "s")]
    System,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message<'a> {
    #[serde(rename = "f")]
    pub author: Author<'a>,
    #[serde(rename = "i", skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    #[serde(rename = "b")]
    pub body: Body<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body<'a> {
    #[serde(rename = "t")]
    Text(Text<'a>),
    #[serde(rename = "i")]
    Image {
        #[serde(rename = "u")]
        url: Text<'a>,
        #[serde(rename = "a")]
        alt: Text<'a>,
        #[serde(rename = "z")]
        bytes: u64,
    },
    #[serde(rename = "f")]
    File {
        #[serde(rename = "u")]
        url: Text<'a>,
        #[serde(rename = "n")]
        name: Text<'a>,
        #[serde(rename = "m")]
        media_type: Text<'a>,
        #[serde(rename = "z")]
        bytes: u64,
    },
    #[serde(rename = "c")]
    Card {
        #[serde(rename = "h")]
        title: Text<'a>,
        #[serde(rename = "t")]
        text: Text<'a>,
        #[serde(rename = "u", skip_serializing_if = "Option::is_none")]
        url: Option<Text<'a>>,
        #[serde(rename = "p", skip_serializing_if = "Option::is_none")]
        image_url: Option<Text<'a>>,
    },
    #[serde(rename = "q")]
    Choices {
        #[serde(rename = "t")]
        text: Text<'a>,
        #[serde(rename = "o")]
        options: Vec<Text<'a>>,
    },
}

/// `of` and `customer_of` are an earlier event's two numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited<'a> {
    #[serde(rename = "o")]
    pub of: u64,
    #[serde(rename = "k")]
    pub customer_of: u64,
    #[serde(rename = "f")]
    pub author: Author<'a>,
    #[serde(rename = "i")]
    pub id: Id,
    #[serde(rename = "b")]
    pub body: Body<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recalled<'a> {
    #[serde(rename = "o")]
    pub of: u64,
    #[serde(rename = "k")]
    pub customer_of: u64,
    #[serde(rename = "f")]
    pub author: Author<'a>,
    #[serde(rename = "i")]
    pub id: Id,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whisper<'a> {
    #[serde(rename = "f")]
    pub author: Text<'a>,
    #[serde(rename = "i")]
    pub id: Id,
    #[serde(rename = "t")]
    pub text: Text<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotTurned<'a> {
    #[serde(rename = "n")]
    pub turn: u32,
    #[serde(rename = "m")]
    pub misses: u8,
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    pub topic: Option<Text<'a>>,
    #[serde(rename = "c", default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Text<'a>>,
    #[serde(rename = "a", skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer<'a> {
    #[serde(rename = "k")]
    pub article: Text<'a>,
    #[serde(rename = "s")]
    pub score_permille: u16,
    #[serde(rename = "r", skip_serializing_if = "Option::is_none")]
    pub runner_up: Option<(Text<'a>, u16)>,
    #[serde(rename = "v")]
    pub knowledge_version: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WaitReason<'a> {
    #[serde(rename = "a")]
    Asked,
    #[serde(rename = "b")]
    BotMissed,
    #[serde(rename = "k")]
    ArticleSays,
    #[serde(rename = "n")]
    NoBot,
    #[serde(rename = "m")]
    Missed(Text<'a>),
    #[serde(rename = "d")]
    Declined(Text<'a>),
    #[serde(rename = "l")]
    AgentLost(Text<'a>),
    #[serde(rename = "t")]
    Transfer(Text<'a>),
    #[serde(rename = "o")]
    Overflow(Text<'a>),
    #[serde(rename = "g")]
    GivenBack(Text<'a>),
    #[serde(rename = "r")]
    Reopened,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting<'a> {
    #[serde(rename = "g")]
    pub group: Text<'a>,
    #[serde(rename = "y")]
    pub reason: WaitReason<'a>,
    #[serde(rename = "e")]
    pub enqueued_at: u64,
    #[serde(rename = "b")]
    pub boost_ms: u64,
    #[serde(rename = "r", default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<Text<'a>>,
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    pub preferred: Vec<Text<'a>>,
    #[serde(rename = "u")]
    pub preferred_until: u64,
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
    pub sticky: Option<(Text<'a>, u64)>,
    #[serde(rename = "x", default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<Text<'a>>,
    #[serde(rename = "w")]
    pub weight: u32,
}

/// An offer in full: stored whole, so that no reader has to know whose log it stands in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer<'a> {
    #[serde(rename = "c")]
    pub conversation: Id,
    #[serde(rename = "p")]
    pub position: u64,
    #[serde(rename = "g")]
    pub agent: Text<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered<'a> {
    #[serde(rename = "o")]
    pub offer: Offer<'a>,
    #[serde(rename = "w")]
    pub weight: u32,
    #[serde(rename = "x")]
    pub expires_at: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted<'a> {
    #[serde(rename = "o")]
    pub offer: Offer<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferRequested<'a> {
    #[serde(rename = "f")]
    pub by: Text<'a>,
    #[serde(rename = "t")]
    pub to: Text<'a>,
    #[serde(rename = "x", default, skip_serializing_if = "std::ops::Not::not")]
    pub forced: bool,
    #[serde(rename = "n", skip_serializing_if = "Option::is_none")]
    pub note: Option<Text<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transferred<'a> {
    #[serde(rename = "o")]
    pub offer: Offer<'a>,
    #[serde(rename = "w")]
    pub weight: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferFailed {
    #[serde(rename = "p")]
    pub position: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenOver<'a> {
    #[serde(rename = "v")]
    pub supervisor: Text<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CloseReason {
    #[serde(rename = "r")]
    Resolved,
    #[serde(rename = "c")]
    CustomerLeft,
    #[serde(rename = "s")]
    Silence,
    #[serde(rename = "a")]
    Abandoned,
    #[serde(rename = "m")]
    LeftMessage,
    #[serde(rename = "b")]
    CallBack,
    #[serde(rename = "o")]
    Overflow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrapUp {
    #[serde(rename = "y")]
    pub reason: CloseReason,
    #[serde(rename = "u")]
    pub until: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed<'a> {
    #[serde(rename = "y")]
    pub reason: CloseReason,
    #[serde(rename = "k", skip_serializing_if = "Option::is_none")]
    pub code: Option<Text<'a>>,
    #[serde(rename = "f")]
    pub by: Author<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rated<'a> {
    #[serde(rename = "l")]
    pub level: u8,
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    pub comment: Option<Text<'a>>,
    #[serde(rename = "f")]
    pub served_by: Author<'a>,
}

/// `group` could not keep it, and the bot goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotResumed<'a> {
    #[serde(rename = "g")]
    pub group: Text<'a>,
}
