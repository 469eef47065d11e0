//! Lines as bytes: plain ones, and a terminal's with live rows and a prompt at the bottom.

use std::fmt::Write as _;

use super::columns::{cut, harmless, width, wrap};
use super::editor::Editor;
use super::line::{Line, Mark};

/// How lines look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub colours: bool,
    /// Seconds east of Greenwich.
    pub offset_s: i64,
    /// Where rows are broken; `None`: wherever the reader breaks them.
    pub columns: Option<usize>,
}

impl Look {
    /// The line, a row for each of its lines, without a line end.
    pub fn rows(self, line: &Line) -> Vec<String> {
        let time = line.at.map(|at| format!("{}  ", self.clock(at)));
        let lead = match (&time, line.mark) {
            (Some(time), Mark::System) => format!("{time}· "),
            (Some(time), _) => time.clone(),
            (None, Mark::Warning) => "! ".to_owned(),
            (None, Mark::Hint) => "  ".to_owned(),
            (None, Mark::System) => "· ".to_owned(),
            (None, _) => String::new(),
        };
        let below = " ".repeat(width(&lead));
        let text = harmless(&line.text);
        let room = self.columns.map(|it| it.saturating_sub(width(&lead)));
        let rows = text.lines().flat_map(|row| match room {
            Some(room) => wrap(row, room),
            None => vec![row.to_owned()],
        });
        let rows = rows.enumerate().map(|(at, row)| {
            let lead = if at == 0 { &lead } else { &below };
            self.coloured(line.mark, &format!("{lead}{row}"))
        });
        rows.collect()
    }

    fn clock(self, at: u64) -> String {
        let second = (at / 1_000).cast_signed() + self.offset_s;
        let second = second.rem_euclid(86_400);
        format!(
            "{:02}:{:02}:{:02}",
            second / 3_600,
            second / 60 % 60,
            second % 60
        )
    }

    fn coloured(self, mark: Mark, text: &str) -> String {
        let code = match mark {
            Mark::You => "1",
            Mark::Customer => "36",
            Mark::Bot => "34",
            Mark::Agent => "32",
            Mark::Supervisor => "33",
            Mark::Whisper => "35",
            Mark::System | Mark::Hint => "2",
            Mark::Warning => "31",
            Mark::Board => "0",
        };
        match self.colours {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

/// The rows at the bottom that are drawn anew each time.
#[derive(Debug, Default)]
pub(super) struct Screen {
    drawn: usize,
    shown: Option<(Vec<Line>, String, String, usize, usize)>,
}

impl Screen {
    /// Bytes that print `lines` above the live rows and draw those and the prompt; none where nothing
    /// changed.
    pub fn draw(
        &mut self,
        look: Look,
        (columns, rows): (usize, usize),
        lines: &[Line],
        mut live: Vec<Line>,
        prompt: &str,
        editor: &Editor,
    ) -> String {
        let room = columns.saturating_sub(width(prompt) + 1).max(8);
        let (typed, cursor) = editor.window(room);
        let picture = (
            live.clone(),
            prompt.to_owned(),
            typed.clone(),
            cursor,
            columns,
        );
        // Nothing is drawn before the first line: some terminals keep what a screen's first row held.
        let begun = self.shown.is_some() || !lines.is_empty();
        if !begun || (lines.is_empty() && self.shown.as_ref() == Some(&picture)) {
            return String::new();
        }
        let look = Look {
            columns: Some(columns),
            ..look
        };
        self.shown = Some(picture);
        let mut bytes = self.erase();
        for line in lines {
            for row in look.rows(line) {
                let _ = write!(bytes, "{row}\r\n");
            }
        }
        live.truncate(rows.saturating_sub(2));
        for line in &live {
            let text = cut(&harmless(&line.text), columns.saturating_sub(3));
            let line = Line::new(line.mark, text);
            for row in look.rows(&line) {
                let _ = write!(bytes, "{row}\r\n");
            }
        }
        let before = width(prompt) + cursor;
        let _ = write!(bytes, "{prompt}{typed}\r");
        if before > 0 {
            let _ = write!(bytes, "\x1b[{before}C");
        }
        bytes.push_str("\x1b[?25h");
        self.drawn = live.len();
        bytes
    }

    /// Bytes that take the live rows away again.
    pub fn erase(&mut self) -> String {
        let mut bytes = "\x1b[?25l\r".to_owned();
        if self.drawn > 0 {
            let _ = write!(bytes, "\x1b[{}A", self.drawn);
        }
        bytes.push_str("\x1b[J");
        self.drawn = 0;
        bytes
    }

    pub fn forget(&mut self) {
        self.shown = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Look = Look {
        colours: false,
        offset_s: 8 * 3_600,
        columns: None,
    };

    #[test]
    fn a_line_has_its_time_and_what_belongs_to_it_below() {
        let line = Line::at(Mark::Bot, 1_000, "bot: which one?\n[1] coat");
        assert_eq!(
            PLAIN.rows(&line),
            ["08:00:01  bot: which one?", "          [1] coat"]
        );
        let system = Line::at(Mark::System, 0, "lin is here");
        assert_eq!(PLAIN.rows(&system), ["08:00:00  · lin is here"]);
    }

    #[test]
    fn a_row_too_long_goes_on_below_its_words() {
        let narrow = Look {
            columns: Some(20),
            ..PLAIN
        };
        let line = Line::at(Mark::Bot, 1_000, "bot: 退货退款");
        assert_eq!(
            narrow.rows(&line),
            ["08:00:01  bot: 退货", "          退款"]
        );
    }

    #[test]
    fn colours_come_only_where_they_are_wanted() {
        let look = Look {
            colours: true,
            ..PLAIN
        };
        let line = Line::new(Mark::Warning, "no");
        assert_eq!(look.rows(&line), ["\x1b[31m! no\x1b[0m"]);
        assert_eq!(PLAIN.rows(&line), ["! no"]);
    }

    #[test]
    fn live_rows_are_taken_away_before_the_next_line_and_nothing_is_drawn_twice() {
        let mut screen = Screen::default();
        let editor = Editor::default();
        let live = || vec![Line::new(Mark::Board, "row"), Line::new(Mark::Board, "row")];
        let size = (80, 24);
        assert_eq!(screen.draw(PLAIN, size, &[], live(), "you> ", &editor), "");
        let begin = [Line::new(Mark::Hint, "You are new.")];
        let first = screen.draw(PLAIN, size, &begin, live(), "you> ", &editor);
        assert!(
            first.ends_with("row\r\nrow\r\nyou> \r\x1b[5C\x1b[?25h"),
            "{first:?}"
        );
        assert_eq!(screen.draw(PLAIN, size, &[], live(), "you> ", &editor), "");
        let line = [Line::new(Mark::Bot, "hello")];
        let next = screen.draw(PLAIN, size, &line, live(), "you> ", &editor);
        assert!(
            next.starts_with("\x1b[?25l\r\x1b[2A\x1b[Jhello\r\nrow\r\n"),
            "{next:?}"
        );
    }
}
