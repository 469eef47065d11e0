//! The language of a message, told from its letters.

use serde::{Deserialize, Serialize};

use super::syllables;

/// A language the bot answers in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    Zh,
    En,
    Ja,
}

/// Words written in Han that only Japanese uses, as they are after normalising.
const JAPANESE_HAN: &[&str] = &[
    "返品",
    "返金",
    "領収書",
    "領收書",
    "领収书",
    "领收书",
    "送料",
    "在庫",
    "在库",
    "発送",
    "配達",
    "注文",
    "荷物",
    "営業",
    "届",
    "払",
    "変更",
    "割引",
    "予約",
    "対応",
    "価格",
    "値下",
    "壊",
    "会員",
    "紛失",
];

/// The language of `text`, or `None` when nothing tells it (digits, emoji, `ok`).
pub fn detect(text: &str) -> Option<Language> {
    let mut han = 0;
    let mut latin = 0;
    for c in text.chars() {
        match c {
            '\u{3041}'..='\u{30ff}' | '\u{ff66}'..='\u{ff9d}'
                if c != '\u{30fb}' && c != '\u{30fc}' =>
            {
                return Some(Language::Ja);
            }
            c if is_han(c) => han += 1,
            c if c.is_alphabetic() => latin += 1,
            _ => {}
        }
    }
    match (han, latin) {
        (0, 0) => None,
        (0, _) if syllables::is_typed_pinyin(text) => Some(Language::Zh),
        (0, _) => Some(Language::En),
        _ if JAPANESE_HAN.iter().any(|word| text.contains(word)) => Some(Language::Ja),
        _ => Some(Language::Zh),
    }
}

/// Whether `c` is a Chinese character (also the ones Japanese shares).
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2ebef}')
}

/// Whether `c` is hiragana or katakana.
pub fn is_kana(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30ff}')
}
