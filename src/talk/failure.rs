//! Why `crest talk` ends with an error.

use crest_schema::codec::Malformed;

/// A broken world, in words that say what to do.
#[derive(Debug, thiserror::Error)]
pub enum TalkError {
    #[error("{url} is no address of a Crest server: {why}")]
    Url { url: String, why: &'static str },
    #[error("no answer from {address}: {source}; is the server running? `crest serve` starts one")]
    Unreachable {
        address: String,
        source: std::io::Error,
    },
    #[error("{address} did not answer in time; is it a Crest server?")]
    TimedOut { address: String },
    #[error("{address} does not speak HTTP as expected: {why}")]
    Http { address: String, why: String },
    #[error("the server refused: {words}")]
    Refused { status: u16, words: String },
    #[error("the WebSocket could not be opened: {0}")]
    WebSocket(#[from] Box<tokio_tungstenite::tungstenite::Error>),
    #[error("no password for {user}: give --password, or set CREST_PASSWORD")]
    NoPassword { user: String },
    #[error("no user for tenant {tenant}: give --user and --password")]
    NoUser { tenant: String },
    #[error("the demo token could not be signed: {0}")]
    Token(#[from] jsonwebtoken::errors::Error),
    #[error("the server sent bytes that are no frame: {0}")]
    Malformed(#[from] Malformed),
    #[error("terminal: {0}")]
    Terminal(#[from] std::io::Error),
    #[error("{0}")]
    Stopped(String),
}

impl TalkError {
    /// May the same attempt succeed later, unchanged?
    pub(super) fn temporary(&self) -> bool {
        match self {
            TalkError::Unreachable { .. }
            | TalkError::TimedOut { .. }
            | TalkError::Http { .. }
            | TalkError::WebSocket(_)
            | TalkError::Malformed(_) => true,
            TalkError::Refused { status, .. } => *status == 429 || *status >= 500,
            TalkError::Url { .. }
            | TalkError::NoPassword { .. }
            | TalkError::NoUser { .. }
            | TalkError::Token(_)
            | TalkError::Terminal(_)
            | TalkError::Stopped(_) => false,
        }
    }
}
