//! What the desk says no to, and how it breaks.

use crate::store::cql::CqlFailure;

/// Why the desk did not do it.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// A legal no; nothing was changed.
    #[error("refused: {0:?}")]
    Refused(DeskRefusal),
    #[error(transparent)]
    Failed(#[from] DeskFailure),
}

/// A legal no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeskRefusal {
    /// No such thing in this tenant.
    NotFound,
    /// The id, key or shortcut is taken.
    Exists,
    /// It is still referred to by what is named.
    InUse(&'static str),
    /// A field names something that does not exist.
    NoSuch { field: &'static str },
    /// A field breaks its bound or form.
    Invalid {
        field: &'static str,
        why: &'static str,
    },
    /// Somebody saved another version meanwhile; this is the newest.
    Stale { latest: u64 },
}

/// The desk's world is broken.
#[derive(Debug, thiserror::Error)]
pub enum DeskFailure {
    #[error("the desk's file cannot be used: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("a stored record of {what} is not readable: {why}")]
    Corrupt { what: &'static str, why: String },
    #[error(
        "the desk was written by a newer version (schema {found}, this one knows {known}); start that version, or restore a backup made by this one"
    )]
    NewerSchema { found: u32, known: u32 },
    #[error(transparent)]
    Cql(#[from] CqlFailure),
    /// Nothing was changed.
    #[error("the desk's CQL server does not answer: {0}")]
    Away(String),
    #[error("the desk's directory cannot be made: {0}")]
    Directory(#[from] std::io::Error),
    /// More requests wait than the lane holds.
    #[error("the desk is busy")]
    Busy,
    /// The job ended without an answer; it may or may not have taken effect.
    #[error("the desk gave no answer")]
    Lost,
}

impl DeskFailure {
    /// Is it only that the disk is full?
    pub fn is_full(&self) -> bool {
        matches!(self, DeskFailure::Sqlite(error)
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull))
    }
}

impl From<DeskRefusal> for DeskError {
    fn from(refusal: DeskRefusal) -> Self {
        DeskError::Refused(refusal)
    }
}

impl From<rusqlite::Error> for DeskError {
    fn from(error: rusqlite::Error) -> Self {
        DeskError::Failed(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_failures() {
        let file = rusqlite::Connection::open_in_memory().expect("opens");
        file.execute_batch("CREATE TABLE words (text); PRAGMA max_page_count = 2")
            .expect("made");
        let write = |sql| DeskFailure::from(file.execute_batch(sql).expect_err("refused"));
        let full = write("INSERT INTO words VALUES (zeroblob(100000))");
        assert!(full.is_full(), "{full}");
        assert!(!write("INSERT INTO nothing VALUES (1)").is_full());
    }
}
