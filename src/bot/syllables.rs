//! Syllables of Chinese without tones: homophones and typed pinyin become equal.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use pinyin::ToPinyin;

use super::{lexicon, phrases};

/// The hash of a Chinese character's syllable, with the sounds that typists
/// confuse (zh/z, ch/c, sh/s, -ng/-n) folded together; 0 when it has none.
pub fn sound(c: char) -> u64 {
    static SOUNDS: LazyLock<Vec<u64>> = LazyLock::new(|| {
        let syllable = |c: char| c.to_pinyin().map(|p| fold(&ascii(p.plain())));
        HAN.map(|c| syllable(c).map_or(0, |s| phrases::hash(&s)))
            .collect()
    });
    let at = (c as usize).checked_sub(*HAN.start() as usize);
    at.and_then(|at| SOUNDS.get(at)).copied().unwrap_or(0)
}

/// Splits a word typed in Latin letters into folded syllables; `None` unless the
/// whole word is pinyin. Longer syllables are tried first.
pub fn split(word: &str) -> Option<Vec<String>> {
    if word.len() < 2 || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return None;
    }
    let lengths = first_lengths(word);
    let mut syllables = Vec::new();
    let mut at = 0;
    while at < word.len() {
        let length = lengths[at]?;
        syllables.push(fold(&word[at..at + length]));
        at += length;
    }
    Some(syllables)
}

/// Whether Latin text reads as pinyin: every word splits and one at least has two
/// syllables or more, none of them a word of English the bot knows.
pub fn is_typed_pinyin(text: &str) -> bool {
    let mut longest = 0;
    for word in text
        .split(|c: char| !c.is_ascii_alphabetic())
        .filter(|w| !w.is_empty())
    {
        let word = word.to_ascii_lowercase();
        if lexicon::shared().is_english(&word) {
            return false;
        }
        match split(&word) {
            Some(syllables) => longest = longest.max(syllables.len()),
            None => return false,
        }
    }
    longest >= 2
}

/// The longest syllable has six letters: zhuang.
const SYLLABLE_LETTERS: usize = 6;

/// The characters whose sounds are known.
const HAN: RangeInclusive<char> = '\u{4e00}'..='\u{9fa5}';

static KNOWN: LazyLock<HashSet<String>> = LazyLock::new(|| {
    HAN.filter_map(|c| c.to_pinyin().map(|sound| ascii(sound.plain())))
        .filter(|s| s.len() > 1 || s == "a" || s == "e" || s == "o")
        .filter(|s| !matches!(s.as_str(), "ng" | "hm" | "hng" | "fiao"))
        .collect()
});

/// For each place in an ASCII word, the length of the longest syllable that begins there and leaves a
/// rest that is pinyin as well. From the end, so that each place is looked at once: people send
/// thousands of letters without a pause.
fn first_lengths(word: &str) -> Vec<Option<usize>> {
    let mut lengths = vec![None; word.len()];
    for at in (0..word.len()).rev() {
        let splits = |length: &usize| {
            let end = at + length;
            KNOWN.contains(&word[at..end]) && (end == word.len() || lengths[end].is_some())
        };
        lengths[at] = (1..=SYLLABLE_LETTERS.min(word.len() - at))
            .rev()
            .find(splits);
    }
    lengths
}

fn ascii(syllable: &str) -> String {
    syllable.replace('ü', "v").replace('ê', "e")
}

fn fold(syllable: &str) -> String {
    let folded = ["zh", "ch", "sh"]
        .iter()
        .find_map(|two| {
            syllable
                .strip_prefix(two)
                .map(|rest| format!("{}{rest}", &two[..1]))
        })
        .unwrap_or_else(|| syllable.to_owned());
    match folded.strip_suffix("ng") {
        Some(open) if !open.ends_with('o') => format!("{open}n"),
        _ => folded,
    }
}
