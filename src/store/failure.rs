//! What goes wrong with the files, and how it is told.

use std::path::{Path, PathBuf};

use crest_actors::ports::StoreFailure;
use rusqlite::{ErrorCode, ffi};

use super::disk::take_bad_page;

/// The store cannot be opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenFailure {
    #[error(
        "{path}: in use by another process; stop that one (`crest serve` on the same data folder), or give this one a folder of its own with store.path"
    )]
    InUse { path: PathBuf },
    #[error("{path}: not a log store of Crest")]
    Foreign { path: PathBuf },
    #[error("{path}: schema {found} is newer than this program's {known}; install a newer Crest")]
    Newer {
        path: PathBuf,
        found: u32,
        known: u32,
    },
    #[error("{path}: {what}; restore it from a backup")]
    Corrupt { path: PathBuf, what: String },
    #[error("{path}: {source}")]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{path}: {source}")]
    Sqlite {
        path: PathBuf,
        source: rusqlite::Error,
    },
}

impl OpenFailure {
    pub(super) fn sqlite(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_path_buf();
        if let Some(what) = damage(&source) {
            return Self::Corrupt { path, what };
        }
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::Foreign { path },
            _ => Self::Sqlite { path, source },
        }
    }
}

/// Why a read or write of the open store failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The disk is full: nothing was stored, and it heals when there is room.
    Full,
    /// Bytes are not what was written.
    Corrupt(String),
    /// Anything else, a failed sync above all: what is on disk is not known.
    Broken(String),
}

impl Trouble {
    pub fn of(path: &Path, error: &rusqlite::Error) -> Self {
        if let Some(what) = damage(error) {
            return Self::Corrupt(format!("{}: {what}", path.display()));
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            _ => Self::Broken(format!("{}: {error}", path.display())),
        }
    }
}

/// What is wrong with the bytes, if it is the bytes.
fn damage(error: &rusqlite::Error) -> Option<String> {
    let failure = error.sqlite_error()?;
    if failure.extended_code == ffi::SQLITE_IOERR_DATA {
        let place = take_bad_page().map_or("a page".to_owned(), |offset| {
            format!("the page at offset {offset}")
        });
        return Some(format!("{place} fails its checksum"));
    }
    (failure.code == ErrorCode::DatabaseCorrupt).then(|| error.to_string())
}

/// Nothing is taken in any more.
pub fn closed() -> StoreFailure {
    StoreFailure::Unavailable("store closed".to_owned())
}

/// As many reads wait as may.
pub fn crowded() -> StoreFailure {
    StoreFailure::Unavailable("too many reads waiting".to_owned())
}

impl From<Trouble> for StoreFailure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Full => Self::Unavailable("disk full".to_owned()),
            Trouble::Corrupt(what) => Self::Corrupt(what),
            Trouble::Broken(what) => Self::Unavailable(what),
        }
    }
}
