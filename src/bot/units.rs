//! A normal form cut into units: one Chinese or Japanese character, one word of
//! Latin letters (stemmed), one number.

use std::sync::LazyLock;

use rust_stemmers::{Algorithm, Stemmer};

use super::language::{is_han, is_kana};
use super::{phrases, syllables};

/// What a unit is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    Han,
    Kana,
    Latin,
    Digits,
    /// One syllable of a word typed in pinyin; its character is unknown.
    Pinyin,
}

/// One unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    pub text: String,
    pub script: Script,
    /// Hash of the text.
    pub hash: u64,
    /// Hash of its Chinese syllable; 0 when it has none.
    pub sound: u64,
}

/// Cuts a normal form. Latin words for which `is_pinyin` holds become syllables.
pub fn cut(normal: &str, is_pinyin: impl Fn(&str) -> bool) -> Vec<Unit> {
    let mut units = Vec::with_capacity(normal.len() / 2);
    let mut word = String::new();
    let mut script = None;
    for c in normal.chars().chain(std::iter::once(' ')) {
        let next = script_of(c);
        if next != script || !matches!(next, Some(Script::Latin | Script::Digits)) {
            flush(&mut units, &mut word, script, &is_pinyin);
        }
        if next.is_some() {
            word.push(c);
        }
        script = next;
    }
    units
}

fn script_of(c: char) -> Option<Script> {
    match c {
        ' ' => None,
        '0'..='9' | '#' => Some(Script::Digits),
        'ー' | '々' => Some(Script::Kana),
        c if is_han(c) => Some(Script::Han),
        c if is_kana(c) => Some(Script::Kana),
        _ => Some(Script::Latin),
    }
}

fn flush(
    units: &mut Vec<Unit>,
    word: &mut String,
    script: Option<Script>,
    is_pinyin: &impl Fn(&str) -> bool,
) {
    let Some(script) = script else { return };
    if word.is_empty() {
        return;
    }
    if script == Script::Latin && is_pinyin(word) {
        let syllables = syllables::split(word).unwrap_or_default();
        units.extend(syllables.into_iter().map(|syllable| {
            let sound = phrases::hash(&syllable);
            // A lone syllable is no word of Latin letters: `he` is not `he` typed for 和.
            Unit {
                hash: phrases::join(phrases::SEED, sound),
                text: syllable,
                script: Script::Pinyin,
                sound,
            }
        }));
    } else {
        let sound = word
            .chars()
            .next()
            .filter(|_| script == Script::Han)
            .map_or(0, syllables::sound);
        let text = if script == Script::Latin {
            stem(word)
        } else {
            word.clone()
        };
        units.push(Unit {
            hash: phrases::hash(&text),
            text,
            script,
            sound,
        });
    }
    word.clear();
}

/// The English stem of a word in lower case.
pub fn stem(word: &str) -> String {
    static ENGLISH: LazyLock<Stemmer> = LazyLock::new(|| Stemmer::create(Algorithm::English));
    ENGLISH.stem(word).into_owned()
}
