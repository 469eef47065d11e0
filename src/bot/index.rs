//! The immutable index of a knowledge base: postings by article for the first
//! pass, each phrasing's features for the second.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::features::{self, Feature, Kind, Message};
use super::knowledge::{Article, Knowledge};
use super::lexicon::{self, Lexicon};
use super::phrases::{self, Hashed};
use super::units;

/// An index over the articles of one knowledge base, by their position in it.
#[derive(Debug, Default)]
pub struct Index {
    /// Latin stems the articles use: they are words, not pinyin.
    pub(super) vocabulary: HashSet<String>,
    /// Features of the articles, by number.
    numbers: HashMap<u64, u32, Hashed>,
    /// How telling each feature is, 0 (every article has it) to 1 (one has it).
    rarity: Vec<f32>,
    /// Postings of feature n are `postings[offsets[n]..offsets[n + 1]]`, by article.
    offsets: Vec<u32>,
    postings: Vec<Posting>,
    /// Phrasings of article n are `phrasings[first_phrasing[n]..first_phrasing[n + 1]]`.
    phrasings: Vec<Phrasing>,
    first_phrasing: Vec<u32>,
    /// Articles by the compact form of their titles and aliases.
    exact: HashMap<u64, Vec<u32>, Hashed>,
}

/// An article that has a feature, and how strongly (0 to 1).
#[derive(Debug, Clone, Copy)]
pub(super) struct Posting {
    pub article: u32,
    pub strength: f32,
}

/// One title or alias.
#[derive(Debug, Default)]
pub(super) struct Phrasing {
    /// Numbers of its features, ascending.
    pub features: Vec<u32>,
    /// What they weigh together, sounds left out: they repeat the pairs.
    pub mass: f32,
}

/// How much a feature's kind counts in ranking.
pub(super) fn field_weight(kind: Kind) -> f32 {
    match kind {
        Kind::Unit => 0.8,
        Kind::Pair => 1.0,
        Kind::Sounds => 0.9,
        Kind::Meaning | Kind::Heard => 2.2,
        Kind::MeaningPair => 1.1,
        Kind::Foreign => 0.0,
    }
}

/// Occurrences at which a feature's strength is one half, for an average article.
const SATURATION: f32 = 2.0;

/// How much an article with many phrasings is held back, 0 to 1.
const LENGTH_SHARE: f32 = 0.4;

impl Index {
    /// Builds the index; takes about a millisecond for 20 articles.
    pub fn build(knowledge: &Knowledge) -> Self {
        let lexicon = lexicon::shared();
        let mut builder = Builder {
            lexicon,
            index: Self::default(),
            tallies: Vec::new(),
            weights: Vec::new(),
            lengths: Vec::new(),
        };
        builder.index.vocabulary = knowledge
            .articles
            .iter()
            .flat_map(|a| latin_stems(lexicon, a))
            .collect();
        for (number, article) in (0..).zip(&knowledge.articles) {
            builder.add(number, article);
        }
        builder.finish()
    }

    /// Number of a feature, if any article has it.
    pub(super) fn number(&self, feature: &Feature) -> Option<u32> {
        self.numbers.get(&feature.id).copied()
    }

    pub(super) fn rarity(&self, number: u32) -> f32 {
        self.rarity[number as usize]
    }

    pub(super) fn postings(&self, number: u32) -> &[Posting] {
        let at = number as usize;
        &self.postings[self.offsets[at] as usize..self.offsets[at + 1] as usize]
    }

    pub(super) fn strength(&self, number: u32, article: u32) -> f32 {
        let postings = self.postings(number);
        postings
            .binary_search_by_key(&article, |p| p.article)
            .map_or(0.0, |at| postings[at].strength)
    }

    pub(super) fn phrasings(&self, article: u32) -> &[Phrasing] {
        let at = article as usize;
        &self.phrasings[self.first_phrasing[at] as usize..self.first_phrasing[at + 1] as usize]
    }

    /// Number of articles.
    pub fn len(&self) -> usize {
        self.first_phrasing.len().saturating_sub(1)
    }

    /// Whether there is no article.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Articles with exactly this title or alias, typing apart.
    pub fn exact(&self, text: &str) -> &[u32] {
        let compact = lexicon::shared().compact(text);
        if compact.is_empty() {
            return &[];
        }
        self.exact
            .get(&phrases::hash(&compact))
            .map_or(&[], Vec::as_slice)
    }
}

struct Builder {
    lexicon: &'static Lexicon,
    index: Index,
    /// Weight of each feature in each article, by feature number.
    tallies: Vec<BTreeMap<u32, f32>>,
    /// Weights of each phrasing's features.
    weights: Vec<Vec<(u32, f32)>>,
    /// Phrasings of each article.
    lengths: Vec<f32>,
}

impl Builder {
    fn add(&mut self, article: u32, source: &Article) {
        self.index
            .first_phrasing
            .push(self.index.phrasings.len() as u32);
        let mut tally = BTreeMap::new();
        for text in source
            .title
            .all()
            .chain(source.aliases.iter().map(String::as_str))
        {
            let message = features::message(self.lexicon, text, &self.index.vocabulary);
            let features = self.tally(&message, &mut tally);
            self.weights.push(own_weights(&self.index, &message));
            self.index.phrasings.push(Phrasing {
                features,
                mass: 0.0,
            });
            let compact = self.lexicon.compact(text);
            if !compact.is_empty() {
                let articles = self.index.exact.entry(phrases::hash(&compact)).or_default();
                if !articles.contains(&article) {
                    articles.push(article);
                }
            }
        }
        for keyword in &source.keywords {
            let message = features::message(self.lexicon, keyword, &self.index.vocabulary);
            self.tally(&message, &mut tally);
        }
        self.lengths.push((source.aliases.len() + 3) as f32);
        self.tallies.push(tally);
    }

    /// Counts each feature once a message; the features' numbers in order.
    fn tally(&mut self, message: &Message, tally: &mut BTreeMap<u32, f32>) -> Vec<u32> {
        let mut numbers: Vec<u32> = Vec::with_capacity(message.features.len());
        for feature in message.features.iter().filter(|f| f.kind != Kind::Heard) {
            let fresh = self.index.numbers.len() as u32;
            numbers.push(*self.index.numbers.entry(feature.id).or_insert(fresh));
        }
        numbers.sort_unstable();
        numbers.dedup();
        for &number in &numbers {
            *tally.entry(number).or_default() += 1.0;
        }
        numbers
    }

    fn finish(mut self) -> Index {
        let count = self.index.numbers.len();
        let mut holders = vec![0_u32; count];
        self.tallies
            .iter()
            .flat_map(BTreeMap::keys)
            .for_each(|&n| holders[n as usize] += 1);
        let articles = self.tallies.len() as f32;
        self.index.rarity = holders
            .iter()
            .map(|&h| rarity(h as f32, articles))
            .collect();
        self.index.offsets = std::iter::once(0)
            .chain(holders.iter().scan(0, |sum, &h| {
                *sum += h;
                Some(*sum)
            }))
            .collect();
        let mut next = self.index.offsets.clone();
        let none = Posting {
            article: 0,
            strength: 0.0,
        };
        self.index.postings = vec![none; self.index.offsets.last().copied().unwrap_or(0) as usize];
        let average = self.lengths.iter().sum::<f32>() / articles.max(1.0);
        for (article, tally) in self.tallies.iter().enumerate() {
            let half =
                SATURATION * (1.0 - LENGTH_SHARE + LENGTH_SHARE * self.lengths[article] / average);
            for (&number, &times) in tally {
                let at = &mut next[number as usize];
                self.index.postings[*at as usize] = Posting {
                    article: article as u32,
                    strength: times / (times + half),
                };
                *at += 1;
            }
        }
        self.index
            .first_phrasing
            .push(self.index.phrasings.len() as u32);
        self.weigh_phrasings();
        self.index
    }

    fn weigh_phrasings(&mut self) {
        for (phrasing, weights) in self.index.phrasings.iter_mut().zip(&self.weights) {
            phrasing.mass = weights
                .iter()
                .map(|&(n, weight)| weight * self.index.rarity[n as usize])
                .sum();
        }
    }
}

/// Each feature of a message once, with the weight it has by kind and place.
fn own_weights(index: &Index, message: &Message) -> Vec<(u32, f32)> {
    let mut weights: Vec<(u32, f32)> = Vec::with_capacity(message.features.len());
    for feature in message
        .features
        .iter()
        .filter(|f| !matches!(f.kind, Kind::Sounds | Kind::Heard))
    {
        let Some(number) = index.number(feature) else {
            continue;
        };
        let weight = feature.weight * field_weight(feature.kind);
        match weights.iter_mut().find(|(n, _)| *n == number) {
            Some((_, known)) => *known = known.max(weight),
            None => weights.push((number, weight)),
        }
    }
    weights
}

/// How telling a feature is that `holders` of `articles` have.
fn rarity(holders: f32, articles: f32) -> f32 {
    let idf = |h: f32| (1.0 + (articles - h + 0.5) / (h + 0.5)).ln();
    idf(holders) / idf(0.0).max(f32::MIN_POSITIVE)
}

fn latin_stems(lexicon: &Lexicon, article: &Article) -> Vec<String> {
    let texts = article
        .title
        .all()
        .chain(article.aliases.iter().map(String::as_str));
    let folded = texts
        .chain(article.keywords.iter().map(String::as_str))
        .map(|text| lexicon.fold(text));
    folded
        .flat_map(|text| units::cut(&text, |_| false))
        .filter(|unit| unit.script == units::Script::Latin)
        .map(|unit| unit.text)
        .collect()
}
