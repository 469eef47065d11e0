//! One change of one tenant: read, decide, transact, and settle what was not answered.

use std::time::Duration;

use crest_actors::ids::TenantId;
use futures_util::{StreamExt, TryStreamExt, stream};
use scylla::statement::batch::{Batch, BatchType};
use scylla::value::CqlValue;
use tokio::time::{Instant, sleep, timeout_at};

use super::limits::{AT_ONCE, CONTENDED, EDIT_RECORDS_MAX, WRITERS_MAX};
use super::sheet::{Edits, Part, Sheet, Stop, Text, TextId, Writer};
use super::store::Desk;
use super::tables::{Doubt, Stood, Tables, applied};
use crate::desk::failure::{DeskError, DeskFailure, DeskRefusal};
use crate::store::cql::GIVE_UP;

/// Does the directory or the knowledge show the change?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    Yes,
    No,
}

/// What became of the transaction that was to make the version after `base`.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Made,
    /// Somebody else made that version; the transaction can never succeed.
    Lost,
    /// Nobody has, yet.
    Open,
    /// Too long ago to be told.
    Forgotten,
}

/// Changes a tenant as `decide` says, whole or not at all.
///
/// `decide` may be run several times, on ever newer rows. Each try of the transaction carries the same
/// writer, and its condition is the version it was decided on; so at most one of them succeeds, also
/// of those that arrive late, and the writers of that version tell whether one did.
pub async fn edit<T>(
    desk: &Desk,
    tenant: &TenantId,
    shows: Shows,
    decide: impl Fn(&mut Sheet) -> Result<T, Stop>,
) -> Result<T, DeskError> {
    let deadline = Instant::now() + GIVE_UP;
    let writer: Writer = rand::random();
    // One at a time here: this node's changes would only refuse one another.
    let Ok(_turn) = timeout_at(deadline, desk.turn.lock()).await else {
        return Err(DeskFailure::Away("earlier changes wait for the CQL server".to_owned()).into());
    };
    let mut tried = Tried {
        last: None,
        texts: Vec::new(),
    };
    let done = try_until(desk, tenant, shows, deadline, writer, &decide, &mut tried).await;
    if !matches!(done, Ok(_) | Err(DeskError::Failed(DeskFailure::Lost))) {
        // Nothing names them, and nothing will.
        drop_texts(&desk.tables, tenant, tried.texts).await;
    }
    done
}

/// What an edit has done so far that may last.
struct Tried<T> {
    /// The newest transaction, as long as nothing is known of it: its base, its answer, and the texts
    /// to be dropped after it.
    last: Option<(u64, T, Vec<TextId>)>,
    texts: Vec<TextId>,
}

async fn try_until<T>(
    desk: &Desk,
    tenant: &TenantId,
    shows: Shows,
    deadline: Instant,
    writer: Writer,
    decide: &impl Fn(&mut Sheet) -> Result<T, Stop>,
    tried: &mut Tried<T>,
) -> Result<T, DeskError> {
    let tables = &desk.tables;
    let mut why = "it was changed by others all the time".to_owned();
    loop {
        let in_doubt = tried.last.is_some();
        let away = |failure: DeskFailure| match failure {
            DeskFailure::Away(_) if in_doubt => DeskFailure::Lost,
            failure => failure,
        };
        let stood = tables.stood(tenant).await.map_err(away)?;
        if let Some((base, answer, dropped)) = tried.last.take() {
            match outcome(&stood, base, &writer) {
                Outcome::Made => {
                    desk.revisions.note(tenant, stood.revision);
                    drop_texts(tables, tenant, dropped).await;
                    return Ok(answer);
                }
                Outcome::Lost => {}
                // It may arrive yet, unless another one is made in its place.
                Outcome::Open => tried.last = Some((base, answer, dropped)),
                Outcome::Forgotten => return Err(DeskFailure::Lost.into()),
            }
        }
        if Instant::now() >= deadline {
            let failure = match tried.last {
                Some(_) => DeskFailure::Lost,
                None => DeskFailure::Away(why),
            };
            return Err(failure.into());
        }
        let decided = decide_on(tables, tenant, &stood, writer, decide).await;
        let (answer, edits) = match decided {
            Ok(decided) => decided,
            Err(DeskError::Failed(failure)) => return Err(away(failure).into()),
            Err(refused) => {
                // Rows newer than the version may have been read, an own late change among them.
                let now = tables.stood(tenant).await.map_err(away)?;
                if now.version == stood.version && tried.last.is_none() {
                    return Err(refused);
                }
                continue;
            }
        };
        if edits.records.len() > EDIT_RECORDS_MAX {
            return Err(DeskRefusal::Invalid {
                field: "installation",
                why: "has more than 8000 records at once; leave articles out and save them one by one",
            }
            .into());
        }
        let revision = stood.revision + u64::from(shows == Shows::Yes);
        if shows == Shows::Yes {
            tables.hint(tenant, revision).await.map_err(away)?;
        }
        write_texts(tables, tenant, &writer, &edits.texts, &mut tried.texts)
            .await
            .map_err(away)?;
        let transaction = transact(tables, tenant, &stood, &edits, revision, &writer).await;
        match transaction {
            Ok(true) => {
                desk.revisions.note(tenant, revision);
                drop_texts(tables, tenant, edits.dropped).await;
                return Ok(answer);
            }
            Ok(false) => tried.last = Some((stood.version, answer, edits.dropped)),
            Err(Doubt(doubt)) => {
                tracing::debug!(%tenant, doubt, "a change of the desk was not answered");
                why = doubt;
                tried.last = Some((stood.version, answer, edits.dropped));
            }
        }
        sleep(
            CONTENDED
                .mul_f64(rand::random::<f64>())
                .max(Duration::from_millis(1)),
        )
        .await;
    }
}

fn outcome(stood: &Stood, base: u64, writer: &Writer) -> Outcome {
    let Some(since) = stood.version.checked_sub(base + 1) else {
        return Outcome::Open;
    };
    match stood.writers.get(since as usize) {
        Some(made) if made == writer => Outcome::Made,
        Some(_) => Outcome::Lost,
        None => Outcome::Forgotten,
    }
}

/// Runs the decision until it has read all it asks for.
async fn decide_on<T>(
    tables: &Tables,
    tenant: &TenantId,
    stood: &Stood,
    writer: Writer,
    decide: &impl Fn(&mut Sheet) -> Result<T, Stop>,
) -> Result<(T, Edits), DeskError> {
    let mut sheet = Sheet::new(writer, stood.version == 0);
    loop {
        sheet.begin();
        let part: Part = match decide(&mut sheet) {
            Ok(answer) => return Ok((answer, sheet.end())),
            Err(Stop::Error(error)) => return Err(error),
            Err(Stop::Load(part)) => part,
        };
        // What is newer than `stood` here makes the transaction fail, and is read again then.
        let rows = tables.part(tenant, &part).await?;
        sheet.loaded(part, rows);
    }
}

async fn transact(
    tables: &Tables,
    tenant: &TenantId,
    stood: &Stood,
    edits: &Edits,
    revision: u64,
    writer: &Writer,
) -> Result<bool, Doubt> {
    let text = |text: &str| CqlValue::Text(text.to_owned());
    let number = |number: u64| CqlValue::BigInt(number as i64);
    let newest = std::iter::once(writer).chain(&stood.writers);
    let writers: Vec<u8> = newest.take(WRITERS_MAX).flatten().copied().collect();
    let mut batch = Batch::new(BatchType::Unlogged);
    let mut values = vec![vec![
        number(stood.version + 1),
        number(revision),
        number(stood.knowledge + edits.knowledge),
        CqlValue::Blob(writers),
        text(tenant.as_str()),
    ]];
    if stood.version == 0 {
        batch.append_statement(tables.first_change.clone());
    } else {
        batch.append_statement(tables.change.clone());
        values[0].push(number(stood.version));
    }
    for ((kind, id), body) in &edits.records {
        let mut row = vec![
            text(tenant.as_str()),
            CqlValue::TinyInt(*kind as i8),
            text(id),
        ];
        match body {
            Some(body) => {
                row.push(text(body));
                batch.append_statement(tables.put.clone());
            }
            None => batch.append_statement(tables.remove.clone()),
        }
        values.push(row);
    }
    applied(tables.session.batch(&batch, values).await)
}

async fn write_texts(
    tables: &Tables,
    tenant: &TenantId,
    writer: &Writer,
    texts: &[Text],
    written: &mut Vec<TextId>,
) -> Result<(), DeskFailure> {
    let mut writes = Vec::with_capacity(texts.len());
    for text in texts {
        let id = TextId {
            key: text.key.clone(),
            version: text.version,
            writer: *writer,
        };
        if !written.contains(&id) {
            written.push(id);
        }
        writes.push(tables.add_text(tenant, writer, text));
    }
    stream::iter(writes)
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

/// What cannot be dropped lies there unread.
async fn drop_texts(tables: &Tables, tenant: &TenantId, texts: Vec<TextId>) {
    for text in texts {
        if let Err(failure) = tables.remove_text(tenant, &text).await {
            tracing::debug!(%tenant, key = text.key, %failure, "a text that nothing names stays");
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_tells_who_made_it() {
        let stood = Stood {
            version: 9,
            writers: vec![[9; 16], [8; 16]],
            ..Stood::default()
        };
        assert_eq!(outcome(&stood, 9, &[1; 16]), Outcome::Open);
        assert_eq!(outcome(&stood, 8, &[9; 16]), Outcome::Made);
        assert_eq!(outcome(&stood, 8, &[8; 16]), Outcome::Lost);
        assert_eq!(outcome(&stood, 7, &[8; 16]), Outcome::Made);
        assert_eq!(outcome(&stood, 6, &[7; 16]), Outcome::Forgotten);
    }
}
