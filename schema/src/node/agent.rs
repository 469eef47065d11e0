//! What an agent is told, and what it says of itself.

use serde::{Deserialize, Serialize};

use super::{OfferContext, OfferOutcome, Session, Text};
use crate::frame::Id;
use crate::stored::conversation::Offer;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentNote<'a> {
    Connect {
        session: Session,
        presence: Option<Presence<'a>>,
    },
    Disconnect {
        session: Session,
    },
    SetPresence {
        session: Session,
        reference: u32,
        presence: Presence<'a>,
        next: Option<Presence<'a>>,
    },
    Reserve {
        offer: Offer<'a>,
        weight: u32,
        queue: Option<Text<'a>>,
        forced: bool,
    },
    Confirm {
        offer: Offer<'a>,
        accepted: bool,
    },
    Release {
        offer: Offer<'a>,
        why: Released,
    },
    Offered {
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
    Announce {
        queue: Text<'a>,
    },
    Reconfigured,
    Wake,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Released {
    Missed,
    Declined,
    Over,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence<'a> {
    Offline,
    NotReady { reason: Text<'a> },
    Ready,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Availability<'a> {
    pub presence: Presence<'a>,
    pub load: u32,
    pub capacity: u32,
    pub idle_since: u64,
    pub offerable: bool,
    pub version: u64,
}
