//! The epoch of a process that serves a keyspace alone: one more than any before it.
//!
//! Raised by a lightweight transaction at each start. This is no lease: a process that was replaced
//! learns of it within [`EPOCH_CHECK`] and then refuses everything; several nodes on one keyspace
//! need the assignment of shards instead.

use std::sync::Arc;

use scylla::client::session::Session;
use scylla::statement::Consistency;
use scylla::statement::prepared::PreparedStatement;

use super::connect::{Place, applied};
use super::failure::CqlFailure;
use super::limits::{EPOCH_CHECK, EPOCH_TRIES};
use super::tables::Tables;

const NAME: &str = "alone";

/// Who took the epoch: random, so that no two starts are taken for one another.
pub type Holder = [u8; 16];

/// Takes the next epoch, and one above `above`, for `holder`.
pub async fn take(
    session: &Session,
    place: &Place,
    newest: &PreparedStatement,
    holder: &Holder,
    above: u64,
) -> Result<u64, CqlFailure> {
    let keyspace = place.lease_keyspace();
    let prepare = async |text: String| session.prepare(text).await.map_err(CqlFailure::refused);
    let first = prepare(format!(
        "INSERT INTO {keyspace}.epoch (name, epoch, holder) VALUES (?, ?, ?) IF NOT EXISTS"
    ))
    .await?;
    let raise = prepare(format!(
        "UPDATE {keyspace}.epoch SET epoch = ?, holder = ? WHERE name = ? IF epoch = ?"
    ))
    .await?;
    let mut failure = None;
    for _ in 0..EPOCH_TRIES {
        // A transaction that was not answered may have been carried out: only a SERIAL read tells.
        let next = match read(session, newest).await? {
            Some((epoch, held)) if held == holder => return Ok(epoch as u64),
            Some((epoch, _)) => {
                let next = epoch.max(above as i64) + 1;
                let values = (next, &holder[..], NAME, epoch);
                (next, session.execute_unpaged(&raise, values).await)
            }
            None => {
                let next = above as i64 + 1;
                let values = (NAME, next, &holder[..]);
                (next, session.execute_unpaged(&first, values).await)
            }
        };
        match next {
            (epoch, Ok(result)) => {
                if applied(result)? {
                    return Ok(epoch as u64);
                }
            }
            (_, Err(error)) => failure = Some(error.to_string()),
        }
    }
    Err(CqlFailure::refused(failure.unwrap_or_else(|| {
        "other processes take epochs of this keyspace all the time".to_owned()
    })))
}

/// Watches for another process that took a newer epoch, and then shuts the store.
pub async fn watch(tables: Arc<Tables>, newest: PreparedStatement, holder: Holder) {
    loop {
        tokio::time::sleep(EPOCH_CHECK).await;
        match read(&tables.session, &newest).await {
            Ok(Some((_, held))) if held == holder => tables.gate.heard(true),
            Ok(_) => {
                tracing::error!(
                    "another process serves this keyspace now; everything is refused here"
                );
                return tables.gate.shut();
            }
            // Whoever cannot read it cannot write either.
            Err(failure) => {
                tracing::debug!(%failure, "the epoch cannot be read");
                tables.gate.heard(false);
            }
        }
    }
}

/// The statement that reads the epoch for good.
pub async fn newest(session: &Session, place: &Place) -> Result<PreparedStatement, CqlFailure> {
    let text = format!(
        "SELECT epoch, holder FROM {}.epoch WHERE name = ?",
        place.lease_keyspace()
    );
    let mut statement = session.prepare(text).await.map_err(CqlFailure::refused)?;
    statement.set_consistency(Consistency::Serial);
    Ok(statement)
}

/// The epoch of the newest process that served alone, if there was one.
pub async fn held(
    session: &Session,
    newest: &PreparedStatement,
) -> Result<Option<u64>, CqlFailure> {
    Ok(read(session, newest).await?.map(|(epoch, _)| epoch as u64))
}

async fn read(
    session: &Session,
    newest: &PreparedStatement,
) -> Result<Option<(i64, Vec<u8>)>, CqlFailure> {
    session
        .execute_unpaged(newest, (NAME,))
        .await
        .map_err(CqlFailure::refused)?
        .into_rows_result()
        .map_err(CqlFailure::refused)?
        .maybe_first_row::<(i64, Vec<u8>)>()
        .map_err(CqlFailure::refused)
}
