//! What a terminal shows below the lines, redrawn as it changes: what waits to be sent, who types,
//! the place in the queue, open offers, the board.

use crest_schema::frame::ClientFrame;

use super::args::Side;
use super::line::{Line, Mark};
use super::state::{Link, Talk};
use super::words;

impl Talk {
    /// The live rows, from top to bottom.
    pub fn live_rows(&self, now: u64) -> Vec<Line> {
        let mut rows = Vec::new();
        if self.side == Side::Supervisor && self.desk.board.is_known() {
            let board = self.desk.board.rows(self.server_time(now), &self.rooms);
            rows.extend(board.into_iter().map(|row| Line::new(Mark::Board, row)));
        }
        for shown in &self.desk.offers {
            let left = shown.expires_at.saturating_sub(self.server_time(now));
            let text = format!(
                "offer #{}: a takes it, d does not; {} s",
                shown.number,
                left / 1_000
            );
            rows.push(Line::new(Mark::Supervisor, text));
        }
        if let Some(row) = &self.desk.row {
            let presence = words::presence(&row.presence);
            let text = format!("{presence}, {} of {} at work", row.load, row.capacity);
            rows.push(Line::new(Mark::System, text));
        }
        if let Some(place) = &self.customer.place {
            rows.push(Line::new(Mark::System, Self::place_words(place)));
        }
        for room in self.rooms.attached() {
            let numbered = match self.side {
                Side::Customer => String::new(),
                Side::Agent | Side::Supervisor => format!("#{} ", room.number),
            };
            if let Some(who) = room.typing(now) {
                rows.push(Line::new(
                    Mark::System,
                    format!("{numbered}{who} is typing…"),
                ));
            } else if room.own_seq > 0
                && room.own_seq == room.last
                && room.read_by_other >= room.own_seq
            {
                rows.push(Line::new(Mark::System, format!("{numbered}read (已读)")));
            }
        }
        let unsent = self
            .outbox
            .waiting()
            .filter(|it| matches!(it.frame, ClientFrame::Send(_) | ClientFrame::Whisper(_)));
        rows.extend(unsent.map(|it| Line::new(Mark::Hint, format!("sending: {}", it.label))));
        if let Link::Down { attempts, until } = self.link
            && !self.name.is_empty()
        {
            let seconds = until.saturating_sub(now).div_ceil(1_000);
            let attempt = attempts + 1;
            let text = format!("reconnecting… attempt {attempt} in {seconds} s; Enter tries now");
            rows.push(Line::new(Mark::Warning, text));
        }
        rows
    }

    /// What stands before the words being typed.
    pub fn prompt(&self) -> String {
        let name = match self.side {
            Side::Customer => "you",
            Side::Agent | Side::Supervisor => self.name.as_str(),
        };
        match self.rooms.current() {
            Some(room) if self.side == Side::Supervisor && !room.taken_over => {
                format!("{name} (watching #{})> ", room.number)
            }
            Some(room) if self.side != Side::Customer => format!("{name} #{}> ", room.number),
            _ => format!("{name}> "),
        }
    }
}
