//! How actors live: one hub an arbiter, one region a kind of actor, one lane and one actix shell an
//! actor, guardians over them. Here is the only place that knows about time, batches and restarts.
//! Not here: what any actor decides, how bytes look, how sessions are written to.

mod clock;
mod entity;
mod guardian;
mod hub;
mod inbox;
mod kind;
mod kinds;
mod lane;
mod region;
mod start;
mod timers;

#[cfg(test)]
mod size_tests;

pub use crate::effect::Traffic;
pub use clock::Clock;
pub use guardian::{Guardian, Verdict};
pub use hub::{Counters, Hub, World};
pub use inbox::{Parcel, Post};
pub use kind::Kind;
pub use region::{ActorView, RegionView};
pub use start::{enter_shards, leave_shards, reconfigure, start_arbiter, wake_all};
