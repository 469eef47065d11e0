//! What a run does: arrivals, people, durations, read from TOML; and how people behave, from figures
//! of real dialogues. Pure: everything random comes from a seeded generator handed in.

mod failover;
mod people;
mod phases;
mod plan;
mod shape;
mod tenants;
mod toml;
mod traffic;
mod words;

#[cfg(test)]
mod tests;

pub use failover::{Failover, Watcher, Within};
pub use people::{Agents, Customers, Hire, Login, Supervisors};
pub use phases::{Arrivals, Pace, Phase};
pub use plan::{Burst, Dialogue, LAST_WORDS, Manner, reply, think};
pub use shape::{Curve, Shape};
pub use tenants::{Choice, Tenants};
pub use toml::{Curfew, Harness, Objective, Saturate, Scenario, Storm};
pub use traffic::Traffic;
