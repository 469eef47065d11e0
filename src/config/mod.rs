//! What an installation may set, and where each value came from.
//!
//! Here: the one table of keys ([`KEYS`]), the layers that fill it (file, environment, flags), what
//! is refused, and the texts made from the table. Not here: who uses a value, or reloading.

mod cluster;
mod keys;
mod layers;
mod nearest;
mod problem;
mod render;
mod value;

pub use cluster::NatsServer;
pub use keys::{Auth, Bot, Cluster, Config, KEYS, Key, Limits, Log, SECTIONS, Server, Store};
pub use layers::{Effective, Inputs, Layer, Source, check, load};
pub use problem::{ConfigFailure, Problem};
pub use render::{markdown, print, sample};
pub use value::{Durability, Engine, LogLevel, Secret, Value};

#[cfg(test)]
mod tests;
