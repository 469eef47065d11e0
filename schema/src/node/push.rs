//! What a session is told.

use serde::{Deserialize, Serialize};

use super::{
    Availability, BoardView, Entry, Ephemeral, Place, Presence, Refusal, Role, Summary, Text,
};
use crate::frame::Id;
use crate::stored::conversation::{Body, BotTurned, CloseReason, Offer, WaitReason};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Push<'a> {
    Routed {
        conversation: Option<Id>,
        opening: u32,
        open: bool,
    },
    AttachedCustomer {
        link: u32,
        conversation: Id,
        history: Vec<CustomerEntry<'a>>,
        last: u64,
        state: CustomerState,
    },
    AttachedStaff {
        link: u32,
        conversation: Id,
        history: Vec<Entry<'a>>,
        last: u64,
        summary: Box<Summary<'a>>,
    },
    Behind {
        link: u32,
        conversation: Id,
        tail: u64,
    },
    Unknown {
        conversation: Id,
    },
    Evicted {
        conversation: Id,
    },
    Resend {
        conversation: Id,
        link: u32,
        from: u32,
    },
    Tail {
        conversation: Id,
        last: u64,
    },
    Ack {
        reference: u32,
        id: Option<Id>,
        conversation: Id,
        number: Option<u32>,
        seq: u64,
        at: u64,
    },
    Done {
        reference: u32,
        conversation: Option<Id>,
        number: Option<u32>,
    },
    Refused {
        reference: u32,
        conversation: Option<Id>,
        number: Option<u32>,
        refusal: Refusal,
        id: Option<Id>,
    },
    Ended {
        conversation: Id,
        opening: u32,
    },
    Ephemeral {
        conversation: Id,
        from: Role<'a>,
        ephemeral: Ephemeral,
    },
    CustomerEphemeral {
        conversation: Id,
        from: Speaker<'a>,
        ephemeral: Ephemeral,
    },
    Place {
        conversation: Id,
        place: Place,
    },
    Offer {
        offer: Offer<'a>,
        expires_at: u64,
        context: Box<OfferContext<'a>>,
    },
    OfferGone {
        offer: Offer<'a>,
        outcome: OfferOutcome,
    },
    Assigned {
        conversation: Id,
    },
    Unassigned {
        conversation: Id,
    },
    Presence {
        reference: Option<u32>,
        agent: Text<'a>,
        availability: Availability<'a>,
        next: Option<Presence<'a>>,
        held: Vec<Id>,
    },
    Board(BoardView<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerState {
    pub opening: u32,
    pub open: bool,
    pub waiting: bool,
    pub may_rate: bool,
    pub place: Option<Place>,
}

/// An event as a customer may see it: like its domain, it cannot hold a whisper or an offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerEntry<'a> {
    pub seq: u64,
    pub at: u64,
    pub event: CustomerEvent<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerEvent<'a> {
    Opened {
        opening: u32,
    },
    Message {
        from: Speaker<'a>,
        id: Option<Id>,
        body: Body<'a>,
    },
    Edited {
        of: u64,
        from: Speaker<'a>,
        body: Body<'a>,
    },
    Recalled {
        of: u64,
        from: Speaker<'a>,
    },
    Waiting,
    BotResumed,
    Joined {
        agent: Text<'a>,
    },
    Ended {
        reason: CloseReason,
    },
    Rated {
        level: u8,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker<'a> {
    You,
    Bot,
    Agent(Text<'a>),
    Desk,
    System,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferContext<'a> {
    pub summary: Summary<'a>,
    pub display_name: Option<Text<'a>>,
    pub attributes: Vec<(Text<'a>, Text<'a>)>,
    pub reason: Option<WaitReason<'a>>,
    pub bot: BotTurned<'a>,
    pub messages: Vec<Entry<'a>>,
    pub transfer_note: Option<Text<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferOutcome {
    Accepted,
    Declined,
    Missed,
    Rescinded,
}
