//! Numbered steps of the desk's schema; `user_version` of the file is the number of the last one taken.

use rusqlite::{Connection, TransactionBehavior};

use crate::desk::failure::DeskFailure;

/// In order; a released one is never edited, only joined by the next.
const MIGRATIONS: &[&str] = &[include_str!("../../../schema/sql/desk/0001_desk.sql")];

/// Takes the missing steps, each whole or not at all. Refuses a file of a newer version.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), DeskFailure> {
    let known = MIGRATIONS.len() as u32;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    let found: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > known {
        return Err(DeskFailure::NewerSchema { found, known });
    }
    for step in &MIGRATIONS[found as usize..] {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}
