//! The words of customer service that no shop has to teach: which phrases mean
//! the same, which say nothing, which belong to another world.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use serde::Deserialize;

use super::normal::normalise;
use super::phrases::{self, Phrases};
use super::spelling::Spellings;
use super::units::{self, Script, Unit};

/// What a phrase of the lexicon stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Meaning {
    /// A thing or deed of the trade, by its number.
    Concept(u16),
    /// A shape of question (when, how, who), by its number.
    Shape(u16),
    /// A matter of another world.
    Foreign,
}

/// A phrase found in a message: units `start..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    pub meaning: Meaning,
    pub start: usize,
    pub end: usize,
    /// Found by its sound only.
    pub by_sound: bool,
}

/// The lexicon, ready for lookup.
#[derive(Debug)]
pub struct Lexicon {
    spellings: Spellings,
    phrases: Phrases<Vec<Meaning>>,
    sounds: Phrases<Vec<Meaning>>,
    polite: Phrases<()>,
    light: HashSet<String>,
    aside: Phrases<()>,
    english: HashSet<String>,
    human: Phrases<()>,
    human_not: Phrases<()>,
    greeting: HashSet<String>,
    thanks: HashSet<String>,
    farewell: HashSet<String>,
    nod: HashSet<String>,
    none_of_these: HashSet<String>,
}

/// The texts of units, one space between: the compact form of what they were cut from.
pub fn joined(units: &[Unit]) -> String {
    let texts: Vec<&str> = units.iter().map(|unit| unit.text.as_str()).collect();
    texts.join(" ")
}

/// The lexicon compiled into the program.
pub fn shared() -> &'static Lexicon {
    static SHARED: LazyLock<Lexicon> = LazyLock::new(|| {
        let source: Source = toml::from_str(include_str!("lexicon.toml"))
            .expect("the lexicon is part of the program");
        Lexicon::from_source(source)
    });
    &SHARED
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    rewrite: BTreeMap<String, String>,
    concepts: BTreeMap<String, Vec<String>>,
    shapes: BTreeMap<String, Vec<String>>,
    words: Words,
    requests: Requests,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    polite: Vec<String>,
    light: Vec<String>,
    aside: Vec<String>,
    foreign: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Requests {
    human: Vec<String>,
    human_not: Vec<String>,
    greeting: Vec<String>,
    thanks: Vec<String>,
    farewell: Vec<String>,
    nod: Vec<String>,
    none_of_these: Vec<String>,
}

impl Lexicon {
    /// The normal form of `text` with its spellings folded. What the other methods
    /// call folded is this; it is the dear part, so it is done once a text.
    pub fn fold(&self, text: &str) -> String {
        self.spellings.fold(&normalise(text))
    }

    /// The same without spaces and kindness: equal for two messages that differ in
    /// typing only.
    pub fn compact(&self, text: &str) -> String {
        self.compact_folded(&self.fold(text))
    }

    /// [`Self::compact`] of a folded text.
    pub fn compact_folded(&self, folded: &str) -> String {
        joined(&self.without_polite(units::cut(folded, |_| false)))
    }

    /// The units of a folded text without what is said to be kind only. Latin words
    /// that are no English known to the bot or to `vocabulary` are read as pinyin.
    pub fn units(&self, folded: &str, vocabulary: &HashSet<String>) -> Vec<Unit> {
        let is_pinyin = |word: &str| {
            super::syllables::split(word).is_some()
                && !self.is_english(word)
                && !vocabulary.contains(&units::stem(word))
        };
        let all_pinyin = folded
            .split(|c: char| !c.is_ascii_lowercase())
            .filter(|w| !w.is_empty())
            .all(is_pinyin);
        let has_han = folded.chars().any(super::language::is_han);
        let units = units::cut(folded, |word| (has_han || all_pinyin) && is_pinyin(word));
        self.without_polite(units)
    }

    /// The phrases of `units`: by letters, overlaps included; by sound, the longest
    /// only, where letters said nothing.
    pub fn find(&self, units: &[Unit]) -> Vec<Found> {
        let mut found = Vec::new();
        let mut said = vec![false; units.len()];
        for start in 0..units.len() {
            for (length, meanings) in self.phrases.at(units[start..].iter().map(|u| u.hash)) {
                let end = start + length;
                found.extend(meanings.iter().map(|&meaning| Found {
                    meaning,
                    start,
                    end,
                    by_sound: false,
                }));
                said[start..end].iter_mut().for_each(|unit| *unit = true);
            }
        }
        self.find_sounds(units, &said, &mut found);
        found
    }

    /// Which units belong to what a story is set among.
    pub fn aside(&self, units: &[Unit]) -> Vec<bool> {
        let mut aside = vec![false; units.len()];
        for start in 0..units.len() {
            let longest = self.aside.at(units[start..].iter().map(|u| u.hash)).last();
            let length = longest.map_or(0, |(length, ())| length);
            aside[start..start + length]
                .iter_mut()
                .for_each(|unit| *unit = true);
        }
        aside
    }

    /// Whether a unit says next to nothing.
    pub fn is_light(&self, unit: &Unit) -> bool {
        match unit.script {
            Script::Digits => true,
            _ => self.light.contains(&unit.text),
        }
    }

    /// Whether the bot knows `word` (any form of it) as English.
    pub fn is_english(&self, word: &str) -> bool {
        self.english.contains(word) || self.english.contains(&units::stem(word))
    }

    /// Whether `units` hold a request for a person.
    pub fn asks_for_human(&self, units: &[Unit]) -> bool {
        holds(&self.human, units) && !holds(&self.human_not, units)
    }

    pub(super) fn is_greeting(&self, compact: &str) -> bool {
        self.greeting.contains(compact)
    }

    pub(super) fn is_thanks(&self, compact: &str) -> bool {
        self.thanks.contains(compact)
    }

    pub(super) fn is_farewell(&self, compact: &str) -> bool {
        self.farewell.contains(compact)
    }

    pub(super) fn is_nod(&self, compact: &str) -> bool {
        self.nod.contains(compact)
    }

    pub(super) fn is_none_of_these(&self, compact: &str) -> bool {
        self.none_of_these.contains(compact)
    }

    fn find_sounds(&self, units: &[Unit], said: &[bool], found: &mut Vec<Found>) {
        let mut start = 0;
        while start < units.len() {
            let phrases = self
                .sounds
                .at(units[start..].iter().map(|u| u.sound))
                .filter(|(length, _)| {
                    let span = start..start + length;
                    span.clone().all(|at| !said[at])
                        || units[span].iter().any(|u| u.script == Script::Pinyin)
                });
            let Some((length, meanings)) = phrases.last() else {
                start += 1;
                continue;
            };
            let end = start + length;
            found.extend(meanings.iter().map(|&meaning| Found {
                meaning,
                start,
                end,
                by_sound: true,
            }));
            start = end;
        }
    }

    fn without_polite(&self, units: Vec<Unit>) -> Vec<Unit> {
        let mut kept = vec![true; units.len()];
        let mut start = 0;
        while start < units.len() {
            let longest = self.polite.at(units[start..].iter().map(|u| u.hash)).last();
            let length = longest.map_or(0, |(length, ())| length);
            kept[start..start + length]
                .iter_mut()
                .for_each(|unit| *unit = false);
            start += length.max(1);
        }
        units
            .into_iter()
            .zip(kept)
            .filter_map(|(unit, kept)| kept.then_some(unit))
            .collect()
    }

    fn from_source(source: Source) -> Self {
        let mut lexicon = Self {
            spellings: Spellings::new(source.rewrite),
            phrases: Phrases::default(),
            sounds: Phrases::default(),
            polite: Phrases::default(),
            light: HashSet::new(),
            aside: Phrases::default(),
            english: HashSet::new(),
            human: Phrases::default(),
            human_not: Phrases::default(),
            greeting: HashSet::new(),
            thanks: HashSet::new(),
            farewell: HashSet::new(),
            nod: HashSet::new(),
            none_of_these: HashSet::new(),
        };
        lexicon.add_meanings(source.concepts, source.shapes, &source.words.foreign);
        lexicon.light = source
            .words
            .light
            .iter()
            .flat_map(|w| lexicon.texts(w))
            .collect();
        lexicon.polite = lexicon.phrases_of(&source.words.polite);
        lexicon.aside = lexicon.phrases_of(&source.words.aside);
        lexicon.human = lexicon.phrases_of(&source.requests.human);
        lexicon.human_not = lexicon.phrases_of(&source.requests.human_not);
        let english = lexicon
            .light
            .iter()
            .filter(|t| t.bytes().all(|b| b.is_ascii_lowercase()))
            .cloned();
        let english: Vec<String> = english
            .chain(
                source
                    .words
                    .polite
                    .iter()
                    .chain(&source.words.aside)
                    .flat_map(|p| lexicon.english_of(p)),
            )
            .collect();
        lexicon.english.extend(english);
        lexicon.greeting = lexicon.joined(&source.requests.greeting);
        lexicon.thanks = lexicon.joined(&source.requests.thanks);
        lexicon.farewell = lexicon.joined(&source.requests.farewell);
        lexicon.nod = lexicon.joined(&source.requests.nod);
        lexicon.none_of_these = lexicon.joined(&source.requests.none_of_these);
        lexicon
    }

    fn add_meanings(
        &mut self,
        concepts: BTreeMap<String, Vec<String>>,
        shapes: BTreeMap<String, Vec<String>>,
        foreign: &[String],
    ) {
        for (number, phrases) in (0..).zip(concepts.values()) {
            phrases
                .iter()
                .for_each(|phrase| self.add(phrase, Meaning::Concept(number)));
        }
        for (number, phrases) in (0..).zip(shapes.values()) {
            phrases
                .iter()
                .for_each(|phrase| self.add(phrase, Meaning::Shape(number)));
        }
        foreign
            .iter()
            .for_each(|phrase| self.add(phrase, Meaning::Foreign));
    }

    fn add(&mut self, phrase: &str, meaning: Meaning) {
        let units = units::cut(&self.fold(phrase), |_| false);
        if units.len() >= 2 && units.iter().all(|u| u.sound != 0) && meaning != Meaning::Foreign {
            push(self.sounds.entry(units.iter().map(|u| u.sound)), meaning);
        }
        push(self.phrases.entry(units.iter().map(|u| u.hash)), meaning);
        let english = self.english_of(phrase);
        self.english.extend(english);
    }

    fn texts(&self, phrase: &str) -> Vec<String> {
        units::cut(&self.fold(phrase), |_| false)
            .into_iter()
            .map(|u| u.text)
            .collect()
    }

    fn joined(&self, list: &[String]) -> HashSet<String> {
        list.iter()
            .map(|phrase| self.texts(phrase).join(" "))
            .collect()
    }

    fn english_of(&self, phrase: &str) -> Vec<String> {
        self.texts(phrase)
            .into_iter()
            .filter(|t| t.bytes().all(|b| b.is_ascii_lowercase()))
            .collect()
    }

    fn phrases_of(&self, list: &[String]) -> Phrases<()> {
        let mut phrases = Phrases::default();
        for phrase in list {
            phrases.entry(self.texts(phrase).iter().map(|t| phrases::hash(t)));
        }
        phrases
    }
}

fn push(meanings: &mut Vec<Meaning>, meaning: Meaning) {
    if !meanings.contains(&meaning) {
        meanings.push(meaning);
    }
}

fn holds(phrases: &Phrases<()>, units: &[Unit]) -> bool {
    (0..units.len()).any(|start| {
        phrases
            .at(units[start..].iter().map(|u| u.hash))
            .next()
            .is_some()
    })
}
