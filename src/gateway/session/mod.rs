//! Session logic: who is connected, which conversations it holds on to, what it is owed.
//!
//! Here: [`Sessions`], one table an arbiter; customers and staff as values that decide and return
//! what to carry out; links, which make lost and doubled messages harmless; the degradation ladder.
//! Not here, on purpose: sockets, bytes of WebSocket, any truth. A session that is lost loses nothing.

mod arrival;
mod audit;
mod beats;
mod customer;
mod delivery;
mod departure;
mod doors;
mod entry;
mod follow;
mod front;
mod limits;
mod link;
mod out;
mod overload;
mod pages;
mod sessions;
mod staff;

pub use doors::{Doors, OtherNodes, Vouched};
pub use overload::Ladder;
pub use sessions::Sessions;
