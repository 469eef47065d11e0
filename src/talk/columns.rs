//! Columns of a terminal: a Han character takes two.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub(super) fn width(text: &str) -> usize {
    text.width()
}

pub(super) fn char_width(letter: char) -> usize {
    letter.width().unwrap_or(0)
}

/// Filled with spaces up to `columns`; longer ones are cut.
pub(super) fn pad(text: &str, columns: usize) -> String {
    let mut text = cut(text, columns);
    let missing = columns - width(&text);
    text.extend(std::iter::repeat_n(' ', missing));
    text
}

/// At most `columns` wide; what is cut off leaves an ellipsis.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for letter in text.chars() {
        if used + char_width(letter) + 1 > columns {
            break;
        }
        used += char_width(letter);
        kept.push(letter);
    }
    if columns > 0 {
        kept.push('…');
    }
    kept
}

/// The text in rows of at most `columns`, broken at a space where one is near the end.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2); // one Han character fits
    let mut rows = Vec::new();
    let mut row = String::new();
    for letter in text.chars() {
        if width(&row) + char_width(letter) > columns {
            let space = row.rfind(' ').filter(|at| *at > row.len() / 2);
            let rest = space.map(|at| row.split_off(at + 1));
            rows.push(std::mem::take(&mut row).trim_end().to_owned());
            row = rest.unwrap_or_default();
        }
        row.push(letter);
    }
    rows.push(row);
    rows
}

/// Without what a terminal would obey: other people's words must not move the cursor.
pub(super) fn harmless(text: &str) -> String {
    let keep = |letter: char| match letter {
        '\n' => '\n',
        '\t' => ' ',
        letter if letter.is_control() => '\u{fffd}',
        // Marks that turn the direction of what follows could disguise a line as another's.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        letter => letter,
    };
    text.chars().map(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn han_counts_double_and_what_is_cut_still_fits() {
        assert_eq!(pad("林晓 Lin", 10), "林晓 Lin  ");
        assert_eq!(cut("退货退款流程", 7), "退货退…");
        assert_eq!(width(&cut("退货退款流程", 6)), 5);
        assert_eq!(cut("ab", 2), "ab");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn long_text_is_broken_at_spaces_or_between_han() {
        assert_eq!(wrap("one two three", 9), ["one two", "three"]);
        assert_eq!(wrap("退货退款流程", 5), ["退货", "退款", "流程"]);
        assert_eq!(wrap("abcdef", 4), ["abcd", "ef"]);
        assert_eq!(wrap("", 4), [""]);
    }

    #[test]
    fn escapes_in_a_message_are_shown_not_obeyed() {
        assert_eq!(harmless("a\u{1b}[2Jb\tc\nd"), "a\u{fffd}[2Jb c\nd");
        assert_eq!(harmless("\u{202e}txt"), "\u{fffd}txt");
    }
}
