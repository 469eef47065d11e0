//! What of a message lies outside the article that is to answer it: the evidence
//! that a question is nobody's here, whatever single words it shares.

use super::features::{Kind, Message};
use super::index::Index;
use super::ranking::Term;

/// Each measure 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Outside {
    /// Share said in words of another world that the article does not use.
    pub foreign: f32,
    /// Share said in words that no article uses.
    pub strange: f32,
}

/// A sound explains half of what letters do: by chance many words sound alike.
const BY_SOUND: f32 = 0.5;

/// Measures a message against an article (none: against the whole index).
pub(super) fn measure(
    index: &Index,
    article: Option<u32>,
    message: &Message,
    terms: &[Term],
) -> Outside {
    let strength = |term: &Term| match (term.number, article) {
        (Some(number), Some(article)) => index.strength(number, article),
        _ => 0.0,
    };
    let foreign = spread(message, terms, |term| {
        let is = term.feature.kind == Kind::Foreign && strength(term) == 0.0;
        f32::from(u8::from(is))
    });
    let known = spread(message, terms, |term| {
        let known = term.number.is_some_and(|n| index.is_known_here(n));
        if known { phrase(term) } else { 0.0 }
    });
    let unknown: Vec<f32> = known.iter().map(|unit| 1.0 - unit).collect();
    let all = |says: f32| says.max(0.3);
    Outside {
        foreign: share(message, &foreign, all),
        strange: share(message, &unknown, |says| says),
    }
}

/// How far a term is a phrase rather than a stray letter, 0 to 1.
fn phrase(term: &Term) -> f32 {
    match term.feature.kind {
        Kind::Unit if term.feature.weight >= 1.0 => 1.0,
        Kind::Pair | Kind::Meaning => 1.0,
        Kind::Sounds | Kind::Heard => BY_SOUND,
        Kind::Unit | Kind::MeaningPair | Kind::Foreign => 0.0,
    }
}

/// The greatest value of a term over each unit.
fn spread(message: &Message, terms: &[Term], value: impl Fn(&Term) -> f32) -> Vec<f32> {
    let mut units = vec![0.0_f32; message.says.len()];
    for term in terms {
        let value = value(term);
        if value > 0.0 {
            let span = term.feature.start as usize..term.feature.end as usize;
            units[span]
                .iter_mut()
                .for_each(|unit| *unit = unit.max(value));
        }
    }
    units
}

/// The units' values, each weighed by what it says; 0 for a message that says nothing.
fn share(message: &Message, units: &[f32], weight: impl Fn(f32) -> f32) -> f32 {
    let weights = message.says.iter().map(|&says| weight(says));
    let total: f32 = weights.clone().sum();
    let sum: f32 = weights.zip(units).map(|(weight, unit)| weight * unit).sum();
    sum / total.max(f32::MIN_POSITIVE)
}
