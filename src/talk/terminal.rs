//! The real terminal: raw mode, its size, the local clock.

use std::io::{self, IsTerminal, Read, Write};

use rustix::termios::{self, OptionalActions, Termios};
use tokio::sync::mpsc;

use super::limits::{INPUT_LINES, LINE_BYTES};

/// What the person did, in bytes or lines.
pub(super) enum Typed {
    Bytes(Vec<u8>),
    Line(String),
    End,
}

/// A terminal in raw mode until it is dropped.
pub(super) struct RawMode {
    before: Termios,
}

impl RawMode {
    pub fn enter() -> io::Result<Self> {
        let stdin = io::stdin();
        let before = termios::tcgetattr(&stdin)?;
        let mut raw = before.clone();
        raw.make_raw();
        termios::tcsetattr(&stdin, OptionalActions::Flush, &raw)?;
        Ok(Self { before })
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // The process ends: there is nobody left to tell of a failure.
        let _ = termios::tcsetattr(io::stdin(), OptionalActions::Flush, &self.before);
        let _ = io::stdout().write_all(b"\r\x1b[J\x1b[?25h");
        let _ = io::stdout().flush();
    }
}

/// Are both ends a person's terminal?
pub(super) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Columns and rows; 80 by 24 where the terminal does not say.
pub(super) fn size() -> (usize, usize) {
    match termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => {
            (usize::from(size.ws_col), usize::from(size.ws_row))
        }
        _ => (80, 24),
    }
}

/// Seconds that the local clock is east of Greenwich at this time; 0 where it cannot be told.
pub(super) fn local_offset_s(unix_s: i64) -> i64 {
    let mut local = std::mem::MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are valid for the call, and a zeroed `tm` is a valid one.
    let local = unsafe {
        if libc::localtime_r(&unix_s, local.as_mut_ptr()).is_null() {
            return 0;
        }
        local.assume_init()
    };
    local.tm_gmtoff
}

/// Standard input, read on a thread of its own, as it may block until the process ends.
pub(super) fn read_input(lines: bool) -> mpsc::Receiver<Typed> {
    let (sender, receiver) = mpsc::channel(INPUT_LINES);
    std::thread::spawn(move || {
        if lines {
            for line in io::stdin().lines() {
                let Ok(mut line) = line else { break };
                line.truncate(line.floor_char_boundary(LINE_BYTES));
                if sender.blocking_send(Typed::Line(line)).is_err() {
                    return;
                }
            }
        } else {
            let mut buffer = [0; 1024];
            while let Ok(read @ 1..) = io::stdin().lock().read(&mut buffer) {
                let bytes = buffer[..read].to_vec();
                if sender.blocking_send(Typed::Bytes(bytes)).is_err() {
                    return;
                }
            }
        }
        let _ = sender.blocking_send(Typed::End);
    });
    receiver
}
