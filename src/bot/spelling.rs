//! Spellings folded into one: abbreviations, slips, words of other regions.

use std::collections::{BTreeMap, HashMap};

use super::normal::normalise;

/// Which spelling becomes which.
#[derive(Debug)]
pub struct Spellings {
    /// Words of Latin letters, rewritten whole only.
    words: HashMap<String, String>,
    /// The others by their first letter, the longest first.
    letters: HashMap<char, Vec<(String, String)>>,
}

impl Spellings {
    /// Normalises both sides of each pair. What a spelling becomes is respelled too,
    /// once and here, so that a text need not be looked at twice.
    pub fn new(pairs: BTreeMap<String, String>) -> Self {
        let (words, others): (Vec<_>, Vec<_>) = pairs
            .into_iter()
            .map(|(from, to)| (normalise(&from), normalise(&to)))
            .partition(|(from, _)| from.bytes().all(|b| b.is_ascii_lowercase()));
        let mut letters: HashMap<char, Vec<(String, String)>> = HashMap::new();
        for (from, to) in others {
            if let Some(first) = from.chars().next() {
                letters.entry(first).or_default().push((from, to));
            }
        }
        for spellings in letters.values_mut() {
            spellings.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.0.cmp(&b.0)));
        }
        let words = words.into_iter().collect();
        let raw = Self { words, letters };
        let mut letters = raw.letters.clone();
        for (_, to) in letters.values_mut().flatten() {
            *to = raw.respell(to);
        }
        Self { letters, ..raw }
    }

    /// A normal form with its spellings folded.
    pub fn fold(&self, normal: &str) -> String {
        let folded = self.respell(normal);
        if !folded.bytes().any(|b| b.is_ascii_lowercase()) {
            return folded;
        }
        let words = folded
            .split(' ')
            .map(|word| self.words.get(word).map_or(word, String::as_str));
        words.collect::<Vec<_>>().join(" ")
    }

    /// One pass from left to right; at each place the longest spelling wins.
    fn respell(&self, text: &str) -> String {
        let mut respelled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let spellings = self.letters.get(&c).map_or(&[][..], Vec::as_slice);
            let found = spellings.iter().find(|(from, _)| rest.starts_with(from));
            let length = match found {
                Some((from, to)) => {
                    respelled.push_str(to);
                    from.len()
                }
                None => {
                    respelled.push(c);
                    c.len_utf8()
                }
            };
            rest = &rest[length..];
        }
        respelled
    }
}
