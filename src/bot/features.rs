//! What a message is compared by: units, pairs of neighbours, pairs of sounds,
//! meanings, and pairs of meanings.

use std::collections::HashSet;

use super::lexicon::{Found, Lexicon, Meaning};
use super::phrases::{SEED, join};
use super::units::{Script, Unit};

/// Which field of the index a feature lives in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Unit,
    Pair,
    /// A pair of syllables: speaks only where the pair of letters is unknown.
    Sounds,
    Meaning,
    /// A meaning by its sound only: speaks only where letters are unknown.
    Heard,
    MeaningPair,
    /// A phrase of another world. An article that says it makes it the shop's own.
    Foreign,
}

/// One feature of a message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Feature {
    pub id: u64,
    pub kind: Kind,
    /// Share of its field's full weight, 0 to 1.
    pub weight: f32,
    /// The units it covers, `start..end`.
    pub start: u16,
    pub end: u16,
}

/// A message, ready to be ranked.
#[derive(Debug, Default)]
pub struct Message {
    pub features: Vec<Feature>,
    /// How much each unit says, 0 to 1.
    pub says: Vec<f32>,
    /// Which units belong to what the story is set among.
    pub aside: Vec<bool>,
}

/// Reduces a folded text. `vocabulary` holds the Latin stems the knowledge base uses.
pub fn message(lexicon: &Lexicon, folded: &str, vocabulary: &HashSet<String>) -> Message {
    of(lexicon, &lexicon.units(folded, vocabulary))
}

/// Reduces a text that is cut into units already.
pub fn of(lexicon: &Lexicon, units: &[Unit]) -> Message {
    let found = lexicon.find(units);
    let aside = lexicon.aside(units);
    let said = units.iter().zip(&aside).map(|(unit, &aside)| {
        let says = says(lexicon, unit);
        if aside { says.min(ASIDE) } else { says }
    });
    let mut message = Message {
        says: said.collect(),
        aside,
        ..Message::default()
    };
    letters(units, &message.says, &mut message.features);
    meanings(units, &found, &mut message.features);
    message
}

/// What a unit says that a story is set among.
const ASIDE: f32 = 0.25;

fn says(lexicon: &Lexicon, unit: &Unit) -> f32 {
    match unit.script {
        _ if lexicon.is_light(unit) => 0.12,
        Script::Kana => 0.4,
        // A word is worth about two characters.
        Script::Latin => 1.8,
        _ => 1.0,
    }
}

fn letters(units: &[Unit], says: &[f32], features: &mut Vec<Feature>) {
    for (at, unit) in units.iter().enumerate() {
        let (start, end) = (at as u16, at as u16 + 1);
        if unit.script != Script::Pinyin {
            let weight = match (unit.script, says[at] < 0.2) {
                (Script::Latin, false) => 1.0,
                (Script::Latin, true) => 0.15,
                (_, true) => 0.05,
                (_, false) => 0.4,
            };
            features.push(Feature {
                id: salted(1, [unit.hash, 0]),
                kind: Kind::Unit,
                weight,
                start,
                end,
            });
        }
        let Some(next) = units.get(at + 1) else {
            continue;
        };
        let end = at as u16 + 2;
        let light = says[at] < 0.2 && says[at + 1] < 0.2;
        let weight = if light { 0.35 } else { 1.0 };
        if unit.script != Script::Pinyin && next.script != Script::Pinyin {
            features.push(Feature {
                id: salted(2, [unit.hash, next.hash]),
                kind: Kind::Pair,
                weight,
                start,
                end,
            });
        }
        if unit.sound != 0 && next.sound != 0 {
            let id = salted(3, [unit.sound, next.sound]);
            features.push(Feature {
                id,
                kind: Kind::Sounds,
                weight: weight * 0.8,
                start,
                end,
            });
        }
    }
}

fn meanings(units: &[Unit], found: &[Found], features: &mut Vec<Feature>) {
    let mut seen: Vec<(u64, f32, Found)> = Vec::new();
    for &phrase in found {
        let (number, share) = match phrase.meaning {
            Meaning::Foreign => {
                let phrase_id = units[phrase.start..phrase.end]
                    .iter()
                    .fold(SEED, |id, unit| join(id, unit.hash));
                let (start, end) = (phrase.start as u16, phrase.end as u16);
                let id = salted(6, [phrase_id, 0]);
                features.push(Feature {
                    id,
                    kind: Kind::Foreign,
                    weight: 0.0,
                    start,
                    end,
                });
                continue;
            }
            Meaning::Concept(number) => (u64::from(number), 1.0),
            Meaning::Shape(number) => (1 << 32 | u64::from(number), 0.4),
        };
        let weight = if phrase.by_sound { share * 0.7 } else { share };
        let (start, end) = (phrase.start as u16, phrase.end as u16);
        let kind = if phrase.by_sound {
            Kind::Heard
        } else {
            Kind::Meaning
        };
        features.push(Feature {
            id: salted(4, [number, 0]),
            kind,
            weight,
            start,
            end,
        });
        if kind == Kind::Meaning && !seen.iter().any(|(known, _, _)| *known == number) {
            seen.push((number, weight, phrase));
        }
    }
    for (at, &(one, weight, a)) in seen.iter().enumerate() {
        for &(other, other_weight, b) in &seen[at + 1..] {
            let id = salted(5, [one.min(other), one.max(other)]);
            let (start, end) = (a.start.min(b.start) as u16, a.end.max(b.end) as u16);
            let weight = (weight * other_weight).sqrt();
            features.push(Feature {
                id,
                kind: Kind::MeaningPair,
                weight,
                start,
                end,
            });
        }
    }
}

fn salted(field: u64, parts: [u64; 2]) -> u64 {
    join(join(join(SEED, field), parts[0]), parts[1])
}
