//! An agent's ledger of reservations.

use serde::{Deserialize, Serialize};

use crate::frame::Id;

super::alphabet! {
    Event, "ledger";
    1 "granted" Granted(Reservation);
    2 "released" Released(Released);
    3 "base" Base(Base);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    #[serde(rename = "c")]
    pub conversation: Id,
    #[serde(rename = "p")]
    pub position: u64,
    #[serde(rename = "w")]
    pub weight: u32,
    #[serde(rename = "f", default, skip_serializing_if = "std::ops::Not::not")]
    pub forced: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    #[serde(rename = "c")]
    pub conversation: Id,
    #[serde(rename = "p")]
    pub position: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    #[serde(rename = "r")]
    pub reservations: Vec<Reservation>,
}
