//! The normal form of a message: what stays equal when only the typing differs.

use unicode_normalization::UnicodeNormalization;

use super::language::{is_han, is_kana};
use super::limits::{MASKED_DIGITS, MESSAGE_CHARS};

/// NFKC, lower case, simplified Chinese; letters and digits only, everything else
/// (emoji, kaomoji, punctuation) one space; long numbers masked as `#`; a letter
/// held down (three times or more) written once. Reads [`MESSAGE_CHARS`] characters.
pub fn normalise(text: &str) -> String {
    let head: String = text.chars().take(MESSAGE_CHARS).collect();
    let folded: String = head.nfkc().flat_map(char::to_lowercase).collect();
    let letters = keep_letters(&fast2s::convert(&folded));
    mask_numbers(&release_held(&letters))
}

/// Letters and digits; apostrophes vanish (`can't` is `cant`), the rest separates.
fn keep_letters(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\'' | '\u{2019}' | '\u{feff}' | '\u{200b}'..='\u{200d}' => {}
            '々' | 'ー' => kept.push(c),
            c if c.is_ascii_alphanumeric() || is_han(c) || is_kana(c) && c != '・' => kept.push(c),
            c if c.is_alphanumeric() && !c.is_ascii() => kept.push(c),
            _ if !kept.ends_with(' ') => kept.push(' '),
            _ => {}
        }
    }
    kept.trim().to_owned()
}

fn release_held(text: &str) -> String {
    let mut released: Vec<char> = Vec::with_capacity(text.len());
    let mut run = 0;
    for c in text.chars() {
        run = if released.last() == Some(&c) {
            run + 1
        } else {
            1
        };
        if run >= 3 && !c.is_ascii_digit() && c != ' ' {
            if run == 3 {
                released.pop();
            }
            continue;
        }
        released.push(c);
    }
    released.into_iter().collect()
}

fn mask_numbers(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut digits = String::new();
    for c in text.chars().chain(std::iter::once('\0')) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        match digits.len() {
            // A hot line is a word, not somebody's number.
            _ if digits == "12315" => masked.push_str(&digits),
            length if length >= MASKED_DIGITS => masked.push('#'),
            _ => masked.push_str(&digits),
        }
        digits.clear();
        if c != '\0' {
            masked.push(c);
        }
    }
    masked
}
