//! What a run leaves behind: a page of text, JSON, histograms, plots, and one page of HTML that holds
//! all of it. Draws from an [`Outcome`]; measures nothing.

mod chart;
mod failover;
mod folder;
mod html;
mod plots;
mod summary;
mod tenants;

pub use failover::write_failover;
pub use folder::{write, write_run};
pub use summary::summary;

use serde::Serialize;

/// The word that the JSON uses.
fn word(of: &impl Serialize) -> String {
    match serde_json::to_value(of) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
