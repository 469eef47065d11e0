//! What the actors need from the world, as traits that the edges implement. No driver is named here.

mod bot;
mod codec;
mod log;
mod outlet;
mod placement;

pub use bot::{BotPort, BotReply, BotTurn, HandOffReason};
pub use codec::Codec;
pub use log::{
    Activation, Append, BatchOutcome, Done, LogId, LogStore, Record, StoreFailure, Stored,
};
pub use outlet::Outlet;
pub use placement::{Carrier, Fence, Owner, Placement};
