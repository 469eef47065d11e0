//! What a run does: arrivals, people, durations, read from TOML; and how people behave, from figures
//! of real dialogues. Pure: everything random comes from a seeded generator handed in.

mod arrivals;
mod plan;
mod shape;
mod toml;
mod words;

#[cfg(test)]
mod tests;

pub use arrivals::arrivals;
pub use plan::{Burst, Dialogue, LAST_WORDS, reply, think};
pub use shape::{Curve, Shape};
pub use toml::{Agents, Arrivals, Curfew, Customers, Hire, Login, Pace, Scenario, Supervisor};
