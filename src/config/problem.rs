//! Why a configuration is refused.

use std::fmt;

/// Every problem found; never only the first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the configuration is refused:\n{}", .0.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n"))]
pub struct ConfigFailure(pub Vec<Problem>);

/// One thing to put right. `place` is where it was written: a file's key, a variable, a flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    Unknown {
        place: String,
        nearest: Option<String>,
    },
    /// Not readable as the key's type. The value is left out where the key is secret.
    Unreadable {
        place: String,
        value: Option<String>,
        wanted: &'static str,
    },
    OutOfBounds {
        place: String,
        value: u64,
        least: u64,
        most: u64,
    },
    /// The same key twice in one layer, as value and as file.
    Both {
        place: String,
        other: String,
    },
    /// A secret's file that cannot be read.
    File {
        place: String,
        why: String,
    },
    NotToml {
        file: String,
        why: String,
    },
    /// Values that do not go together.
    Contradiction(&'static str),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Unknown {
                place,
                nearest: Some(nearest),
            } => write!(f, "{place}: no such key; did you mean {nearest}?"),
            Problem::Unknown {
                place,
                nearest: None,
            } => write!(
                f,
                "{place}: no such key; `crest config print` lists every key"
            ),
            Problem::Unreadable {
                place,
                value: Some(value),
                wanted,
            } => write!(f, "{place}: {value} is not {wanted}"),
            Problem::Unreadable {
                place,
                value: None,
                wanted,
            } => write!(f, "{place}: not {wanted}"),
            Problem::OutOfBounds {
                place,
                value,
                least,
                most,
            } => write!(f, "{place}: {value} is not within {least} to {most}"),
            Problem::Both { place, other } => {
                write!(f, "{place} and {other} are both given; keep one")
            }
            Problem::File { place, why } => write!(f, "{place}: {why}"),
            Problem::NotToml { file, why } => write!(f, "{file}: not TOML: {why}"),
            Problem::Contradiction(why) => f.write_str(why),
        }
    }
}
