//! Who lives and who owns which shard, in a cluster of processes over one store.
//!
//! Here: pure machines. [`Lease`] is a process's own, [`Observer`] what it sees of the others',
//! [`Death`] declares them dead, [`Map`] says who owns what and since which epoch, [`place`] who
//! should, [`Holdings`] what a process holds, [`ShardFence`] shows that to every thread, and
//! [`Member`] drives them all: inputs in, asks of the store and changes of placement out. Time comes
//! in with each input; [`boot_now`] alone reads a clock. Deliberately not in them: sockets, drivers,
//! sleeping, randomness, and any belief in what another node says about ownership. The store
//! decides; the [`bus`], which carries what actors tell each other, hints.
//!
//! Around them: [`Membership`], the thread that drives a member, and [`cql`], which carries its asks.
//!
//! `sim/` runs several of them over a store that loses, delays and doubts.

mod ask;
mod assignment;
pub mod bus;
mod clock;
pub mod cql;
mod death;
mod fence;
mod holdings;
#[cfg(test)]
mod holdings_tests;
mod lease;
#[cfg(test)]
mod lease_tests;
pub mod limits;
mod member;
#[cfg(test)]
mod member_tests;
mod membership;
mod observe;
#[cfg(test)]
mod observe_tests;
pub mod place;
#[cfg(test)]
mod place_tests;
mod process;
mod rules;
#[cfg(test)]
mod sim;

pub use ask::{Answer, Ask, AskId, LeaseRow};
pub use assignment::{Held, Map, Move};
pub use clock::boot_now;
pub use death::Death;
pub use fence::ShardFence;
pub use holdings::Holdings;
pub use lease::Lease;
pub use member::{Input, Member, Output};
pub use membership::{ClusterView, Membership, MembershipFailure, NodeView, Standing, Told};
pub use observe::Observer;
pub use process::{BootMs, Incarnation, NodeId, Process};
