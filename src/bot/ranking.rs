//! From a message to the articles that might answer it, best first.

use super::features::{self, Feature, Kind, Message};
use super::index::{Index, field_weight};
use super::lexicon;
use super::limits::FINALISTS;
use super::outside::{self, Outside};

/// An article and the evidence for it, each measure 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    pub article: u32,
    /// What the order is by.
    pub rank: f32,
    /// Share of the message's weight that the article has.
    pub share: f32,
    /// Likeness to the nearest title or alias.
    pub nearest: f32,
    /// Share of what the message says that the article speaks of.
    pub coverage: f32,
}

/// What one ranking found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ranking {
    /// Best first; equal ones in the order of the knowledge base.
    pub articles: Vec<Ranked>,
    /// Rank of the nearest topic that is no shop's; 0 when none is near.
    pub elsewhere: f32,
    /// What the message says, in units; near 0 for "and then?".
    pub substance: f32,
    /// What of the message lies outside the first article.
    pub outside: Outside,
    /// The first article has exactly this title or alias.
    pub exact: bool,
}

/// Memory of the first pass, kept from question to question.
#[derive(Debug, Default)]
pub struct Scratch {
    sums: Vec<f32>,
    weights: Vec<f32>,
    touched: Vec<u32>,
}

/// A feature of the message that the index knows (or not), with its weight.
pub(super) struct Term {
    pub feature: Feature,
    pub number: Option<u32>,
    pub weight: f32,
}

/// Weight of a feature no article has, as a share of the rarest one's.
const UNKNOWN: f32 = 0.45;

/// Share of a message's weight below which a feature chooses no finalists. What
/// nearly every article says weighs as little, and its postings are the longest.
const NEGLIGIBLE: f32 = 0.001;

/// Units after which a message is a story: more of them need no more evidence.
const STORY: f32 = 11.0;

/// What makes the order: share, nearest, coverage.
const BLEND: [f32; 3] = [1.0, 1.0, 1.5];

/// Ranks the articles that `admits` holds for. Deterministic; the work grows with
/// the postings of the message's features, not with the number of articles.
pub fn rank(
    index: &Index,
    scratch: &mut Scratch,
    text: &str,
    admits: impl Fn(u32) -> bool,
) -> Ranking {
    let lexicon = lexicon::shared();
    let folded = lexicon.fold(text);
    let message = features::message(lexicon, &folded, &index.vocabulary);
    let terms = terms(index, &message);
    let total: f32 = terms.iter().map(|t| t.weight).sum();
    let admits = |number: u32| !index.is_ours(number) || admits(number);
    let finalists = first_pass(index, scratch, &terms, &admits);
    spread(&terms, index.features(), &mut scratch.weights);
    let mut articles: Vec<Ranked> = finalists
        .into_iter()
        .map(|(article, sum)| {
            let share = sum / total.max(f32::MIN_POSITIVE);
            let nearest = nearest(index, article, &scratch.weights, total);
            let coverage = coverage(index, article, &message, &terms);
            let rank = BLEND[0] * share + BLEND[1] * nearest + BLEND[2] * coverage;
            Ranked {
                article,
                rank: rank / BLEND.iter().sum::<f32>(),
                share,
                nearest,
                coverage,
            }
        })
        .collect();
    clear(&terms, &mut scratch.weights);
    let mut exact: Vec<u32> = index
        .exact(&lexicon.compact_folded(&folded))
        .iter()
        .copied()
        .filter(|&a| admits(a))
        .collect();
    // An article's own words win over a topic's.
    if exact.iter().any(|&a| index.is_ours(a)) {
        exact.retain(|&a| index.is_ours(a));
    }
    for ranked in articles.iter_mut().filter(|r| exact.contains(&r.article)) {
        ranked.rank += 1.0;
    }
    articles.sort_by(|a, b| b.rank.total_cmp(&a.rank).then(a.article.cmp(&b.article)));
    let elsewhere = articles.iter().find(|r| !index.is_ours(r.article));
    let elsewhere = elsewhere.map_or(0.0, |topic| topic.rank);
    articles.retain(|r| index.is_ours(r.article));
    Ranking {
        elsewhere,
        exact: exact.len() == 1
            && articles
                .first()
                .is_some_and(|best| best.article == exact[0]),
        substance: message.says.iter().sum(),
        outside: outside::measure(
            index,
            articles.first().map(|best| best.article),
            &message,
            &terms,
        ),
        articles,
    }
}

/// The message's features, each once, sounds only where letters are unknown.
fn terms(index: &Index, message: &Message) -> Vec<Term> {
    let mut terms: Vec<Term> = Vec::with_capacity(message.features.len());
    let mut pair_known = false;
    for &feature in &message.features {
        let number = index.number(&feature);
        match feature.kind {
            Kind::Pair => pair_known = number.is_some(),
            Kind::Sounds if pair_known || number.is_none() => {
                pair_known = false;
                continue;
            }
            Kind::Unit => pair_known = false,
            Kind::Heard if is_spelled(index, message, &feature) => continue,
            _ => {}
        }
        let rarity = number.map_or(UNKNOWN, |n| index.rarity(n));
        let repeated = terms.iter().any(|t| t.feature.id == feature.id);
        let span = feature.start as usize..feature.end as usize;
        let set_among = number.is_none() && message.aside[span].contains(&true);
        let weight = if repeated || set_among {
            0.0
        } else {
            feature.weight * field_weight(feature.kind) * rarity
        };
        // A pair of meanings that nobody has says nothing about the message.
        if number.is_some() || feature.kind != Kind::MeaningPair {
            terms.push(Term {
                feature,
                number,
                weight,
            });
        }
    }
    terms
}

/// Whether the index knows every pair of letters a feature covers: nothing is
/// misspelt there.
fn is_spelled(index: &Index, message: &Message, feature: &Feature) -> bool {
    let within = |f: &&Feature| f.start >= feature.start && f.end <= feature.end;
    let mut pairs = message
        .features
        .iter()
        .filter(|f| f.kind == Kind::Pair)
        .filter(within)
        .peekable();
    pairs.peek().is_some() && pairs.all(|pair| index.number(pair).is_some())
}

fn first_pass(
    index: &Index,
    scratch: &mut Scratch,
    terms: &[Term],
    admits: &impl Fn(u32) -> bool,
) -> Vec<(u32, f32)> {
    scratch.sums.resize(index.len(), 0.0);
    let total: f32 = terms.iter().map(|t| t.weight).sum();
    for term in terms.iter().filter(|t| t.weight > NEGLIGIBLE * total) {
        let Some(number) = term.number else { continue };
        for posting in index.postings(number) {
            let sum = &mut scratch.sums[posting.article as usize];
            if *sum == 0.0 {
                scratch.touched.push(posting.article);
            }
            *sum += term.weight * posting.strength;
        }
    }
    let mut finalists: Vec<(u32, f32)> = scratch
        .touched
        .drain(..)
        .map(|article| (article, std::mem::take(&mut scratch.sums[article as usize])))
        .filter(|&(article, _)| admits(article))
        .collect();
    let order = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if finalists.len() > FINALISTS {
        finalists.select_nth_unstable_by(FINALISTS, order);
        finalists.truncate(FINALISTS);
    }
    finalists
}

/// Writes the terms' weights by feature number, so that a phrasing is a plain sum.
fn spread(terms: &[Term], features: usize, weights: &mut Vec<f32>) {
    weights.resize(features, 0.0);
    for term in terms {
        if let Some(number) = term.number {
            weights[number as usize] += term.weight;
        }
    }
}

fn clear(terms: &[Term], weights: &mut [f32]) {
    for number in terms.iter().filter_map(|t| t.number) {
        weights[number as usize] = 0.0;
    }
}

/// Likeness to the nearest phrasing: shared weight over the geometric mean of both.
fn nearest(index: &Index, article: u32, weights: &[f32], total: f32) -> f32 {
    let likeness = |features: &[u32], mass: f32| {
        let shared: f32 = features.iter().map(|&n| weights[n as usize]).sum();
        (shared / (mass * total).sqrt().max(f32::MIN_POSITIVE)).min(1.0)
    };
    index
        .phrasings(article)
        .iter()
        .map(|p| likeness(&p.features, p.mass))
        .fold(0.0, f32::max)
}

/// Each unit counts by what it says, as far as a feature over it is the article's.
fn coverage(index: &Index, article: u32, message: &Message, terms: &[Term]) -> f32 {
    let mut covered = vec![0.0_f32; message.says.len()];
    for term in terms
        .iter()
        .filter(|t| !matches!(t.feature.kind, Kind::MeaningPair | Kind::Foreign))
    {
        let Some(number) = term.number else { continue };
        let strength = index.strength(number, article);
        if strength == 0.0 {
            continue;
        }
        let trust = match term.feature.kind {
            Kind::Unit if term.feature.weight >= 1.0 => 0.9,
            Kind::Unit => 0.45,
            Kind::Sounds | Kind::Heard => 0.7,
            _ => 1.0,
        };
        let value = trust * (0.4 + 0.6 * strength);
        let span = term.feature.start as usize..term.feature.end as usize;
        covered[span]
            .iter_mut()
            .for_each(|unit| *unit = unit.max(value));
    }
    let total: f32 = message.says.iter().sum();
    let sum: f32 = message
        .says
        .iter()
        .zip(covered)
        .map(|(says, covered)| says * covered)
        .sum();
    (sum / total.clamp(f32::MIN_POSITIVE, STORY)).min(1.0)
}
