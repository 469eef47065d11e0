//! What the core hands out: lines to print, frames to send.

use crest_schema::ClientFrame;

/// One line for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub mark: Mark,
    /// Unix milliseconds; absent where the time says nothing.
    pub at: Option<u64>,
    pub text: String,
}

/// What kind of line it is; a terminal gives each its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    You,
    Customer,
    Bot,
    Agent,
    Supervisor,
    Whisper,
    /// What happened.
    System,
    /// What one can do.
    Hint,
    Warning,
    Board,
}

/// What the shell carries out, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    Print(Line),
    /// Passing news: a terminal shows them in its live rows, plain output as a line.
    Brief(Line),
    Send(Option<u32>, ClientFrame),
    /// The connection is dead although nobody closed it.
    Drop,
    /// Over; with why where something was wrong.
    Quit(Option<String>),
}

impl Line {
    pub fn new(mark: Mark, text: impl Into<String>) -> Self {
        Self {
            mark,
            at: None,
            text: text.into(),
        }
    }

    pub fn at(mark: Mark, at: u64, text: impl Into<String>) -> Self {
        Self {
            at: Some(at),
            ..Self::new(mark, text)
        }
    }
}
