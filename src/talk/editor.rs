//! The line being typed: bytes of a terminal in raw mode in, edits out.

use super::columns::char_width;
use super::limits::{LINE_BYTES, RECALLED_LINES};

/// What a key did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// The words changed.
    Typed,
    Moved,
    Line(String),
    /// Ctrl-C, or Ctrl-D on an empty line.
    Leave,
    Redraw,
}

#[derive(Debug, Default)]
pub(super) struct Editor {
    letters: Vec<char>,
    cursor: usize,
    earlier: Vec<String>,
    /// Which of `earlier` is shown; its length where none is.
    recalled: usize,
    unread: Vec<u8>,
}

impl Editor {
    /// Reads keys; one cut in the middle waits for its rest.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Edit> {
        self.unread.extend_from_slice(bytes);
        let mut edits = Vec::new();
        while let Some((key, used)) = next_key(&self.unread) {
            self.unread.drain(..used);
            edits.extend(self.press(key));
        }
        edits
    }

    pub fn text(&self) -> String {
        self.letters.iter().collect()
    }

    /// The part of the line that fits into `columns` with the cursor in it, and the cursor's column.
    pub fn window(&self, columns: usize) -> (String, usize) {
        let mut from = 0;
        let width = |letters: &[char]| letters.iter().map(|it| char_width(*it)).sum::<usize>();
        while width(&self.letters[from..self.cursor]) >= columns.max(1) {
            from += 1;
        }
        let mut shown = String::new();
        let mut used = 0;
        for letter in &self.letters[from..] {
            used += char_width(*letter);
            if used > columns {
                break;
            }
            shown.push(*letter);
        }
        (shown, width(&self.letters[from..self.cursor]))
    }

    fn press(&mut self, key: Key) -> Option<Edit> {
        match key {
            Key::Enter => {
                let line = self.text();
                self.letters.clear();
                self.cursor = 0;
                if !line.trim().is_empty() && self.earlier.last() != Some(&line) {
                    self.earlier.push(line.clone());
                    let excess = self.earlier.len().saturating_sub(RECALLED_LINES);
                    self.earlier.drain(..excess);
                }
                self.recalled = self.earlier.len();
                return Some(Edit::Line(line));
            }
            Key::Letter(letter) if self.text().len() < LINE_BYTES => {
                self.letters.insert(self.cursor, letter);
                self.cursor += 1;
                return Some(Edit::Typed);
            }
            Key::Letter(_) | Key::Unknown => return None,
            Key::Back if self.cursor > 0 => {
                self.cursor -= 1;
                self.letters.remove(self.cursor);
            }
            Key::Delete | Key::CtrlD if self.cursor < self.letters.len() => {
                self.letters.remove(self.cursor);
            }
            Key::CtrlD if self.letters.is_empty() => return Some(Edit::Leave),
            Key::CtrlC => return Some(Edit::Leave),
            Key::Back | Key::Delete | Key::CtrlD => {}
            Key::Left => self.cursor = self.cursor.saturating_sub(1),
            Key::Right => self.cursor = (self.cursor + 1).min(self.letters.len()),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = self.letters.len(),
            Key::Up => self.recall(self.recalled.saturating_sub(1)),
            Key::Down => self.recall(self.recalled + 1),
            Key::EraseLine => {
                self.letters.drain(..self.cursor);
                self.cursor = 0;
            }
            Key::EraseWord => {
                let before = &self.letters[..self.cursor];
                let end = before
                    .iter()
                    .rposition(|it| *it != ' ')
                    .map_or(0, |at| at + 1);
                let start = before[..end].iter().rposition(|it| *it == ' ');
                let start = start.map_or(0, |at| at + 1);
                self.letters.drain(start..self.cursor);
                self.cursor = start;
            }
            Key::Redraw => return Some(Edit::Redraw),
        }
        Some(Edit::Moved)
    }

    fn recall(&mut self, at: usize) {
        self.recalled = at.min(self.earlier.len());
        let line = self.earlier.get(self.recalled);
        self.letters = line.map(|it| it.chars().collect()).unwrap_or_default();
        self.cursor = self.letters.len();
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Letter(char),
    Enter,
    Back,
    Delete,
    Left,
    Right,
    Up,
    Down,
    Home,
    End,
    EraseLine,
    EraseWord,
    CtrlC,
    CtrlD,
    Redraw,
    Unknown,
}

/// The first key of these bytes and how many it takes. `None`: the rest is still to come.
fn next_key(bytes: &[u8]) -> Option<(Key, usize)> {
    let key = match bytes.first()? {
        b'\r' | b'\n' => Key::Enter,
        0x7f | 0x08 => Key::Back,
        0x01 => Key::Home,
        0x02 => Key::Left,
        0x03 => Key::CtrlC,
        0x04 => Key::CtrlD,
        0x05 => Key::End,
        0x06 => Key::Right,
        0x0c => Key::Redraw,
        0x0e => Key::Down,
        0x10 => Key::Up,
        0x15 => Key::EraseLine,
        0x17 => Key::EraseWord,
        0x1b => return escape(bytes),
        0x00..=0x1f => Key::Unknown,
        _ => return letter(bytes),
    };
    Some((key, 1))
}

fn letter(bytes: &[u8]) -> Option<(Key, usize)> {
    let length = match bytes[0] {
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => 1,
    };
    let letter = bytes.get(..length)?;
    match std::str::from_utf8(letter)
        .ok()
        .and_then(|it| it.chars().next())
    {
        Some(letter) => Some((Key::Letter(letter), length)),
        None => Some((Key::Unknown, 1)),
    }
}

fn escape(bytes: &[u8]) -> Option<(Key, usize)> {
    match bytes.get(1)? {
        b'[' | b'O' => {
            let end = bytes[2..]
                .iter()
                .position(|it| (0x40..=0x7e).contains(it))?
                + 2;
            let key = match (bytes[end], &bytes[2..end]) {
                (b'A', _) => Key::Up,
                (b'B', _) => Key::Down,
                (b'C', _) => Key::Right,
                (b'D', _) => Key::Left,
                (b'H', _) | (b'~', b"1" | b"7") => Key::Home,
                (b'F', _) | (b'~', b"4" | b"8") => Key::End,
                (b'~', b"3") => Key::Delete,
                _ => Key::Unknown,
            };
            Some((key, end + 1))
        }
        _ => Some((Key::Unknown, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(bytes: &[u8]) -> (Editor, Vec<Edit>) {
        let mut editor = Editor::default();
        let edits = editor.feed(bytes);
        (editor, edits)
    }

    #[test]
    fn keys_edit_the_line() {
        let table: [(&[u8], &str); 8] = [
            (b"abc\x7f", "ab"),
            (b"ac\x1b[Db", "abc"),
            (b"bc\x01a", "abc"),
            (b"one two\x17", "one "),
            (b"one two\x15", ""),
            (b"ab\x1b[H\x1b[3~", "b"),
            ("退货\u{7f}".as_bytes(), "退"),
            (b"a\x1b[15~b", "ab"),
        ];
        for (bytes, wanted) in table {
            assert_eq!(typed(bytes).0.text(), wanted, "{bytes:?}");
        }
    }

    #[test]
    fn a_letter_cut_in_the_middle_waits_for_its_rest() {
        let mut editor = Editor::default();
        let bytes = "货".as_bytes();
        assert_eq!(editor.feed(&bytes[..2]), []);
        assert_eq!(editor.feed(&bytes[2..]), [Edit::Typed]);
        assert_eq!(editor.text(), "货");
    }

    #[test]
    fn enter_gives_the_line_and_up_brings_it_back() {
        let (mut editor, edits) = typed(b"/ready\rx");
        let line = Edit::Line("/ready".to_owned());
        assert!(edits.contains(&line));
        editor.feed(b"\x1b[A");
        assert_eq!(editor.text(), "/ready");
        editor.feed(b"\x1b[B");
        assert_eq!(editor.text(), "");
        assert_eq!(editor.feed(b"\x04"), [Edit::Leave]);
    }

    #[test]
    fn a_long_line_shows_the_part_around_the_cursor() {
        let (mut editor, _) = typed("一二三四五".as_bytes());
        assert_eq!(editor.window(7), ("三四五".to_owned(), 6));
        editor.feed(b"\x01");
        assert_eq!(editor.window(7), ("一二三".to_owned(), 0));
    }
}
