//! Between rows and records: JSON columns, counts of changed rows, broken constraints.

use rusqlite::ErrorCode;
use rusqlite::types::Type;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::desk::failure::{DeskError, DeskRefusal};

/// A JSON column as its record.
pub(super) fn record<T: DeserializeOwned>(
    row: &rusqlite::Row<'_>,
    column: usize,
) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text)
        .map_err(|why| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(why)))
}

pub(super) fn json<T: Serialize>(record: &T) -> String {
    serde_json::to_string(record).expect("records have text keys only, so they always serialise")
}

/// `NotFound` unless exactly one row was changed.
pub(super) fn one(changed: usize) -> Result<(), DeskError> {
    match changed {
        1 => Ok(()),
        _ => Err(DeskRefusal::NotFound.into()),
    }
}

/// `Exists` where the row was there already.
pub(super) fn fresh(inserted: rusqlite::Result<usize>) -> Result<(), DeskError> {
    match inserted {
        Ok(_) => Ok(()),
        Err(error) if is_unique(&error) => Err(DeskRefusal::Exists.into()),
        Err(error) => Err(error.into()),
    }
}

/// The refusal given where a row names another that does not exist, or is still named.
pub(super) fn referring(
    changed: rusqlite::Result<usize>,
    refusal: DeskRefusal,
) -> Result<usize, DeskError> {
    changed.map_err(|error| {
        if extended(&error) == Some(rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY) {
            refusal.into()
        } else {
            error.into()
        }
    })
}

fn is_unique(error: &rusqlite::Error) -> bool {
    matches!(
        extended(error),
        Some(rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY | rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE)
    )
}

fn extended(error: &rusqlite::Error) -> Option<i32> {
    match error {
        rusqlite::Error::SqliteFailure(failure, _)
            if failure.code == ErrorCode::ConstraintViolation =>
        {
            Some(failure.extended_code)
        }
        _ => None,
    }
}
