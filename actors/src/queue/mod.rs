//! Conversations waiting for a group. It owns nothing: an index over what waiting conversations announce.

mod desk;
mod estimate;
mod line;
mod matching;
mod note;
mod order;
mod publishing;
mod rates;
mod seat;
mod state;
mod withdrawals;

#[cfg(test)]
mod audit;
#[cfg(test)]
mod properties_tests;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod surge;
#[cfg(test)]
mod surge_tests;

pub use note::{Note, Policy, QueueStats, Withdrawn};
pub use order::OrderKey;
pub use state::Queue;
