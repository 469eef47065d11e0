//! Figures of real dialogues, and drawing from them.

use std::collections::BTreeMap;

use rand::RngExt;
use rand::rngs::StdRng;
use serde::Deserialize;

/// The file with its source; part of the binary.
const FIGURES: &str = include_str!("../../data/dialogue-shape.json");

/// Percentiles of a quantity, to be drawn from by inverting its distribution.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "BTreeMap<u8, f64>")]
pub struct Curve {
    /// (share, value), both not falling.
    points: Vec<(f64, f64)>,
}

impl From<BTreeMap<u8, f64>> for Curve {
    fn from(percentiles: BTreeMap<u8, f64>) -> Self {
        let points = percentiles.into_iter();
        Self {
            points: points
                .map(|(at, value)| (f64::from(at) / 100.0, value))
                .collect(),
        }
    }
}

impl Curve {
    /// The value below which this share lies: straight lines between the percentiles, flat outside.
    pub fn at(&self, share: f64) -> f64 {
        let above = self.points.partition_point(|(at, _)| *at < share);
        match (
            above.checked_sub(1).map(|below| self.points[below]),
            self.points.get(above),
        ) {
            (Some((from, low)), Some((to, high))) => {
                low + (high - low) * (share - from) / (to - from)
            }
            (None, Some((_, value))) => *value,
            (Some((_, value)), None) => value,
            (None, None) => 0.0,
        }
    }

    pub fn draw(&self, rng: &mut StdRng) -> f64 {
        self.at(rng.random_range(0.0..1.0))
    }

    /// A whole number, at least 1.
    pub fn draw_count(&self, rng: &mut StdRng) -> u32 {
        self.draw(rng).round().max(1.0) as u32
    }
}

/// The behaviour model: 1,500 dialogues of real shops, figures only.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Utterances of a dialogue, both sides.
    pub turns: Curve,
    pub customer_words: Curve,
    pub service_words: Curve,
    /// Utterances of one sender in a row.
    pub burst: Curve,
    /// Turn at which a person is first needed, where one is.
    pub handoff_turn: Curve,
    /// Share of dialogues that need a person: far above a normal day's, as the set was chosen so.
    pub human_share: f64,
    pub source: String,
}

#[derive(Deserialize)]
struct Figures {
    source: String,
    turns: Percentiles,
    customer_utterances: Words,
    service_utterances: Words,
    consecutive_same_sender: Percentiles,
    share_dialogues_needing_human: f64,
    first_handoff_turn: Curve,
}

#[derive(Deserialize)]
struct Percentiles {
    pct: Curve,
}

#[derive(Deserialize)]
struct Words {
    pct_words: Curve,
}

impl Shape {
    /// The figures carried in `data/dialogue-shape.json`.
    pub fn of_real_dialogues() -> Self {
        let figures: Figures =
            serde_json::from_str(FIGURES).expect("the file is part of this crate and tested");
        Self {
            turns: figures.turns.pct,
            customer_words: figures.customer_utterances.pct_words,
            service_words: figures.service_utterances.pct_words,
            burst: figures.consecutive_same_sender.pct,
            handoff_turn: figures.first_handoff_turn,
            human_share: figures.share_dialogues_needing_human,
            source: figures.source,
        }
    }
}
