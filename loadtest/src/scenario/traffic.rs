//! The shape of a tenant's traffic, as `crest-loadtest record` writes it: figures, no text, no names.

use std::path::Path;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::phases::Phase;

/// What a supervisor's board showed over a stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    /// Width of a slice, in seconds.
    pub slice_s: f64,
    /// Conversations that began in each slice.
    pub arrivals: Vec<u64>,
    /// Of those that began, how many asked for a person.
    pub asked_human: u64,
    /// Of those that began, by tier from 0.
    pub tiers: Vec<u64>,
    /// Of those that ended, from beginning to end, in seconds, sorted.
    pub lasted_s: Vec<f64>,
    /// From asking to being held by an agent, in seconds, sorted.
    pub waited_s: Vec<f64>,
}

impl Traffic {
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).context("cannot be read")?;
        let traffic: Self = serde_json::from_str(&text).context("is not a recording")?;
        ensure!(traffic.slice_s > 0.0, "has slices without width");
        ensure!(traffic.total() > 0, "shows no arrival at all");
        Ok(traffic)
    }

    pub fn total(&self) -> u64 {
        self.arrivals.iter().sum()
    }

    /// A phase a slice.
    pub fn phases(&self) -> Vec<Phase> {
        let slices = self.arrivals.iter();
        slices
            .map(|count| Phase {
                name: String::new(),
                for_s: self.slice_s,
                per_s: *count as f64 / self.slice_s,
                to_per_s: None,
            })
            .collect()
    }

    /// Share of conversations that asked for a person.
    pub fn human_share(&self) -> f64 {
        self.asked_human as f64 / self.total().max(1) as f64
    }
}
