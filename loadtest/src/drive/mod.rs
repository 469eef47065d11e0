//! Runs: people with behaviour on the wire, measured, and the server they talk to.

mod agent;
mod archive;
mod customer;
mod hire;
mod idle;
mod kill;
mod lag;
mod meter;
mod outcome;
mod process;
mod run;
mod supervisor;

pub use idle::{IdleReport, idle};
pub use kill::{Kill, kill};
pub use outcome::{Outcome, write};
pub use process::Process;
pub use run::{Target, run};
