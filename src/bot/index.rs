//! The immutable index of a knowledge base: postings by article for the first
//! pass, each phrasing's features for the second.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::elsewhere;
use super::features::{self, Feature, Kind, Message};
use super::knowledge::{Article, Knowledge};
use super::lexicon::{self, Lexicon};
use super::phrases::{self, Hashed};
use super::units::{self, Script};

/// An index over the articles of one knowledge base, by their position in it.
#[derive(Debug, Default)]
pub struct Index {
    /// Articles of the knowledge base; numbers from here on are topics of elsewhere.
    ours: u32,
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
    /// Builds the index; takes about a millisecond for 100 phrasings.
    pub fn build(knowledge: &Knowledge) -> Self {
        let lexicon = lexicon::shared();
        let mut builder = Builder {
            lexicon,
            index: Self::default(),
            tallies: Vec::new(),
            weights: Vec::new(),
            lengths: Vec::new(),
        };
        let articles = knowledge.articles.iter();
        let articles = articles.map(|article| Folded::of(lexicon, article));
        let topics = elsewhere::topics().map(|topic| Folded::topic(lexicon, topic));
        let folded: Vec<Folded> = articles.chain(topics).collect();
        builder.index.ours = knowledge.articles.len() as u32;
        builder.index.vocabulary = folded.iter().flat_map(Folded::latin_stems).collect();
        for (number, article) in (0..).zip(&folded) {
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

    /// Number of articles and topics.
    pub(super) fn len(&self) -> usize {
        self.first_phrasing.len().saturating_sub(1)
    }

    /// Number of features.
    pub(super) fn features(&self) -> usize {
        self.rarity.len()
    }

    /// Whether a number is an article's, not a topic's of elsewhere.
    pub(super) fn is_ours(&self, article: u32) -> bool {
        article < self.ours
    }

    /// Whether any article has a feature; the topics of elsewhere do not count.
    pub(super) fn is_known_here(&self, number: u32) -> bool {
        self.postings(number)
            .first()
            .is_some_and(|posting| self.is_ours(posting.article))
    }

    /// Articles with exactly this title or alias, in its compact form.
    pub fn exact(&self, compact: &str) -> &[u32] {
        if compact.is_empty() {
            return &[];
        }
        self.exact
            .get(&phrases::hash(compact))
            .map_or(&[], Vec::as_slice)
    }
}

/// The texts of an article, each folded once.
struct Folded {
    phrasings: Vec<String>,
    keywords: Vec<String>,
    length: f32,
}

impl Folded {
    fn of(lexicon: &Lexicon, article: &Article) -> Self {
        let aliases = article.aliases.iter().map(String::as_str);
        let phrasings = article.title.all().chain(aliases);
        Self {
            phrasings: phrasings.map(|text| lexicon.fold(text)).collect(),
            keywords: article.keywords.iter().map(|k| lexicon.fold(k)).collect(),
            length: (article.aliases.len() + 3) as f32,
        }
    }

    fn topic(lexicon: &Lexicon, phrasings: &[String]) -> Self {
        Self {
            phrasings: phrasings.iter().map(|text| lexicon.fold(text)).collect(),
            keywords: Vec::new(),
            length: (phrasings.len() + 3) as f32,
        }
    }

    fn latin_stems(&self) -> impl Iterator<Item = String> {
        let texts = self.phrasings.iter().chain(&self.keywords);
        texts
            .flat_map(|text| text.split(|c: char| !c.is_ascii_lowercase()))
            .filter(|word| !word.is_empty())
            .map(units::stem)
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
    fn add(&mut self, article: u32, source: &Folded) {
        self.index
            .first_phrasing
            .push(self.index.phrasings.len() as u32);
        let mut tally = BTreeMap::new();
        for folded in &source.phrasings {
            let units = self.lexicon.units(folded, &self.index.vocabulary);
            let message = features::of(self.lexicon, &units);
            let weights = self.tally(&message, &mut tally);
            let features = weights.iter().map(|&(number, _)| number).collect();
            self.weights.push(weights);
            self.index.phrasings.push(Phrasing {
                features,
                mass: 0.0,
            });
            // Pinyin is compared as it is typed, so such a text is cut once more.
            let compact = if units.iter().any(|unit| unit.script == Script::Pinyin) {
                self.lexicon.compact_folded(folded)
            } else {
                lexicon::joined(&units)
            };
            if !compact.is_empty() {
                let articles = self.index.exact.entry(phrases::hash(&compact)).or_default();
                if !articles.contains(&article) {
                    articles.push(article);
                }
            }
        }
        for folded in &source.keywords {
            let message = features::message(self.lexicon, folded, &self.index.vocabulary);
            self.tally(&message, &mut tally);
        }
        self.lengths.push(source.length);
        self.tallies.push(tally);
    }

    /// Counts each feature once a message; the features' numbers in order, each
    /// with the weight it has by kind and place (sounds none: they repeat the pairs).
    fn tally(&mut self, message: &Message, tally: &mut BTreeMap<u32, f32>) -> Vec<(u32, f32)> {
        let mut weights: Vec<(u32, f32)> = Vec::with_capacity(message.features.len());
        for feature in message.features.iter().filter(|f| f.kind != Kind::Heard) {
            let fresh = self.index.numbers.len() as u32;
            let number = *self.index.numbers.entry(feature.id).or_insert(fresh);
            let weight = match feature.kind {
                Kind::Sounds => 0.0,
                kind => feature.weight * field_weight(kind),
            };
            weights.push((number, weight));
        }
        weights.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        weights.dedup_by_key(|(number, _)| *number);
        for &(number, _) in &weights {
            *tally.entry(number).or_default() += 1.0;
        }
        weights
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

/// How telling a feature is that `holders` of `articles` have.
fn rarity(holders: f32, articles: f32) -> f32 {
    let idf = |h: f32| (1.0 + (articles - h + 0.5) / (h + 0.5)).ln();
    idf(holders) / idf(0.0).max(f32::MIN_POSITIVE)
}
