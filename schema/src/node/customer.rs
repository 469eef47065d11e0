//! What a customer's actor is told.

use serde::{Deserialize, Serialize};

use super::{Session, Text};
use crate::frame::Id;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerNote<'a> {
    Enter {
        session: Session,
        identity: Identity<'a>,
        open: bool,
    },
    Ended {
        channel: Text<'a>,
        conversation: Id,
        opening: u32,
        agent: Option<Text<'a>>,
        at: u64,
    },
    Wake,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity<'a> {
    pub channel: Text<'a>,
    pub tier: u8,
    pub display_name: Option<Text<'a>>,
    pub attributes: Vec<(Text<'a>, Text<'a>)>,
    pub language: Option<Text<'a>>,
    pub group: Option<Text<'a>>,
}
