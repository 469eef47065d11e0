//! The tables: every statement prepared once, and how each is carried out. Reads and plain writes are
//! repeated until they are answered; a transaction is tried once, for its outcome must be settled.

use crest_actors::ids::TenantId;
use crest_actors::ports::StoreFailure;
use scylla::client::session::Session;
use scylla::deserialize::row::DeserializeRow;
use scylla::errors::ExecutionError;
use scylla::response::query_result::QueryResult;
use scylla::response::{PagingState, PagingStateResponse};
use scylla::serialize::row::SerializeRow;
use scylla::statement::Consistency;
use scylla::statement::prepared::PreparedStatement;

use super::kind::{END, Kind, LAST_OF_CONFIGURATION, after};
use super::sheet::{Part, Text, TextId, Writer};
use crate::desk::failure::DeskFailure;
use crate::store::cql::{self, CqlFailure, Gate, Place};

/// A session with everything prepared.
pub struct Tables {
    pub session: Session,
    pub gate: Gate,
    stood: PreparedStatement,
    pub(super) first_change: PreparedStatement,
    pub(super) change: PreparedStatement,
    pub(super) put: PreparedStatement,
    pub(super) remove: PreparedStatement,
    configuration: PreparedStatement,
    row: PreparedStatement,
    span: PreparedStatement,
    add_text: PreparedStatement,
    remove_text: PreparedStatement,
    text: PreparedStatement,
    hint: PreparedStatement,
    hints: PreparedStatement,
    pub(super) add_session: PreparedStatement,
    pub(super) remove_session: PreparedStatement,
    pub(super) session_of: PreparedStatement,
    pub(super) first_claim: PreparedStatement,
    pub(super) change_claim: PreparedStatement,
    pub(super) remove_claim: PreparedStatement,
    pub(super) claim: PreparedStatement,
    pub(super) add_secret: PreparedStatement,
    pub(super) secret: PreparedStatement,
    pub(super) add_audit: PreparedStatement,
    pub(super) audit: PreparedStatement,
    pub(super) add_audit_day: PreparedStatement,
    pub(super) audit_days: PreparedStatement,
}

/// How far a tenant's changes have come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stood {
    /// 0: nothing was ever written.
    pub version: u64,
    pub revision: u64,
    pub knowledge: u64,
    /// Of the newest changes, newest first.
    pub writers: Vec<Writer>,
}

/// What the row of a tenant's partition is.
type Found = (Option<i8>, Option<String>, Option<String>);

impl Tables {
    pub async fn prepare(session: Session, place: &Place) -> Result<Self, CqlFailure> {
        let prepare = async |text: &str| {
            let text = text.replace(" desk.", &format!(" {}.", place.desk_keyspace()));
            let mut prepared = session.prepare(text).await.map_err(CqlFailure::refused)?;
            prepared.set_consistency(Consistency::Quorum);
            Ok::<_, CqlFailure>(prepared)
        };
        let serial = async |text: &str| {
            let mut prepared = prepare(text).await?;
            prepared.set_consistency(Consistency::Serial);
            Ok::<_, CqlFailure>(prepared)
        };
        Ok(Self {
            stood: serial(
                "SELECT version, revision, knowledge, writers FROM desk.record WHERE tenant = ? LIMIT 1",
            )
            .await?,
            first_change: prepare(
                "UPDATE desk.record SET version = ?, revision = ?, knowledge = ?, writers = ? WHERE tenant = ? IF version = null",
            )
            .await?,
            change: prepare(
                "UPDATE desk.record SET version = ?, revision = ?, knowledge = ?, writers = ? WHERE tenant = ? IF version = ?",
            )
            .await?,
            put: prepare("INSERT INTO desk.record (tenant, kind, id, body) VALUES (?, ?, ?, ?)")
                .await?,
            remove: prepare("DELETE FROM desk.record WHERE tenant = ? AND kind = ? AND id = ?")
                .await?,
            configuration: prepare(
                "SELECT kind, id, body FROM desk.record WHERE tenant = ? AND kind <= ?",
            )
            .await?,
            row: prepare(
                "SELECT kind, id, body FROM desk.record WHERE tenant = ? AND kind = ? AND id = ?",
            )
            .await?,
            span: prepare(
                "SELECT kind, id, body FROM desk.record WHERE tenant = ? AND kind = ? AND id > ? AND id < ? LIMIT ?",
            )
            .await?,
            add_text: prepare(
                "INSERT INTO desk.article_text (tenant, key, version, writer, body) VALUES (?, ?, ?, ?, ?)",
            )
            .await?,
            remove_text: prepare(
                "DELETE FROM desk.article_text WHERE tenant = ? AND key = ? AND version = ? AND writer = ?",
            )
            .await?,
            text: prepare(
                "SELECT body FROM desk.article_text WHERE tenant = ? AND key = ? AND version = ? AND writer = ?",
            )
            .await?,
            hint: prepare(
                "INSERT INTO desk.revision (part, tenant, revision) VALUES (0, ?, ?) USING TIMESTAMP ?",
            )
            .await?,
            hints: prepare("SELECT tenant, revision FROM desk.revision WHERE part = 0").await?,
            // A digest is never used again: with these timestamps its end outlasts its beginning
            // whatever the clocks of two nodes say.
            add_session: prepare(
                "INSERT INTO desk.staff_session (digest, tenant, agent, login, expires_at) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP 1 AND TTL ?",
            )
            .await?,
            remove_session: prepare(
                "DELETE FROM desk.staff_session USING TIMESTAMP 2 WHERE digest = ?",
            )
            .await?,
            session_of: prepare(
                "SELECT tenant, agent, login, expires_at FROM desk.staff_session WHERE digest = ?",
            )
            .await?,
            first_claim: prepare(
                "UPDATE desk.idempotency USING TTL ? SET claim = ? WHERE tenant = ? AND actor = ? AND key = ? IF claim = null",
            )
            .await?,
            change_claim: prepare(
                "UPDATE desk.idempotency USING TTL ? SET claim = ? WHERE tenant = ? AND actor = ? AND key = ? IF claim = ?",
            )
            .await?,
            remove_claim: prepare(
                "DELETE claim FROM desk.idempotency WHERE tenant = ? AND actor = ? AND key = ? IF claim = ?",
            )
            .await?,
            claim: serial(
                "SELECT claim FROM desk.idempotency WHERE tenant = ? AND actor = ? AND key = ?",
            )
            .await?,
            add_secret: prepare("INSERT INTO desk.secret (name, value) VALUES (?, ?) IF NOT EXISTS")
                .await?,
            secret: serial("SELECT value FROM desk.secret WHERE name = ?").await?,
            add_audit: prepare(
                "INSERT INTO desk.audit (tenant, day, id, writer, at, actor, role, operation, subject, address) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )
            .await?,
            audit: prepare(
                "SELECT id, at, actor, role, operation, subject, address FROM desk.audit WHERE tenant = ? AND day = ? AND id < ? LIMIT ?",
            )
            .await?,
            add_audit_day: prepare("INSERT INTO desk.audit_day (tenant, day) VALUES (?, ?)")
                .await?,
            audit_days: prepare("SELECT day FROM desk.audit_day WHERE tenant = ? AND day <= ?")
                .await?,
            session,
            gate: Gate::default(),
        })
    }

    /// Settles whatever transaction of this tenant is under way.
    pub async fn stood(&self, tenant: &TenantId) -> Result<Stood, DeskFailure> {
        type Columns = (Option<i64>, Option<i64>, Option<i64>, Option<Vec<u8>>);
        if is_nobody(tenant) {
            return Ok(Stood::default());
        }
        let rows = self
            .rows::<Columns>(&self.stood, (tenant.as_str(),))
            .await?;
        let Some((version, revision, knowledge, writers)) = rows.into_iter().next() else {
            return Ok(Stood::default());
        };
        let number = |column: Option<i64>| column.unwrap_or_default() as u64;
        let writers = writers.unwrap_or_default();
        Ok(Stood {
            version: number(version),
            revision: number(revision),
            knowledge: number(knowledge),
            writers: writers.as_chunks().0.to_vec(),
        })
    }

    /// Kind, id and body of every row of a part.
    pub async fn part(
        &self,
        tenant: &TenantId,
        part: &Part,
    ) -> Result<Vec<(Kind, String, String)>, DeskFailure> {
        if is_nobody(tenant) {
            return Ok(Vec::new());
        }
        match part {
            Part::Configuration => {
                let last = LAST_OF_CONFIGURATION as i8;
                let values = (tenant.as_str(), last);
                records(self.rows(&self.configuration, values).await?)
            }
            Part::Row(kind, id) => {
                let values = (tenant.as_str(), *kind as i8, id.as_str());
                records(self.rows(&self.row, values).await?)
            }
            Part::Under(kind, prefix) => {
                let to = after(prefix);
                self.span(tenant, *kind, prefix, &to, usize::MAX).await
            }
        }
    }

    /// One row's body.
    pub async fn row(
        &self,
        tenant: &TenantId,
        kind: Kind,
        id: &str,
    ) -> Result<Option<String>, DeskFailure> {
        let rows = self.part(tenant, &Part::Row(kind, id.to_owned())).await?;
        Ok(rows.into_iter().next().map(|(_, _, body)| body))
    }

    /// All of a kind strictly after an id, at most `limit`.
    pub async fn from(
        &self,
        tenant: &TenantId,
        kind: Kind,
        after: &str,
        limit: usize,
    ) -> Result<Vec<(Kind, String, String)>, DeskFailure> {
        self.span(tenant, kind, after, END, limit).await
    }

    async fn span(
        &self,
        tenant: &TenantId,
        kind: Kind,
        after: &str,
        before: &str,
        limit: usize,
    ) -> Result<Vec<(Kind, String, String)>, DeskFailure> {
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        if limit == 0 || is_nobody(tenant) {
            return Ok(Vec::new());
        }
        let values = (tenant.as_str(), kind as i8, after, before, limit);
        records(self.rows(&self.span, values).await?)
    }

    pub async fn add_text(
        &self,
        tenant: &TenantId,
        writer: &Writer,
        text: &Text,
    ) -> Result<(), DeskFailure> {
        let Text { key, version, body } = text;
        let values = (tenant.as_str(), key, *version as i64, &writer[..], body);
        self.write(&self.add_text, values).await
    }

    pub async fn remove_text(&self, tenant: &TenantId, text: &TextId) -> Result<(), DeskFailure> {
        let TextId {
            key,
            version,
            writer,
        } = text;
        let values = (tenant.as_str(), key, *version as i64, &writer[..]);
        self.write(&self.remove_text, values).await
    }

    pub async fn text(
        &self,
        tenant: &TenantId,
        text: &TextId,
    ) -> Result<Option<String>, DeskFailure> {
        let TextId {
            key,
            version,
            writer,
        } = text;
        let values = (tenant.as_str(), key, *version as i64, &writer[..]);
        let rows = self.rows::<(String,)>(&self.text, values).await?;
        Ok(rows.into_iter().next().map(|(body,)| body))
    }

    /// Tells every node that the tenant's revision is about to be this.
    pub async fn hint(&self, tenant: &TenantId, revision: u64) -> Result<(), DeskFailure> {
        let revision = revision as i64;
        self.write(&self.hint, (tenant.as_str(), revision, revision))
            .await
    }

    /// Every tenant there may be, with the revision it may have.
    pub async fn hints(&self) -> Result<Vec<(TenantId, u64)>, DeskFailure> {
        let rows = self.rows::<(String, i64)>(&self.hints, ()).await?;
        let rows = rows.into_iter();
        Ok(rows
            .map(|(tenant, revision)| (TenantId::new(tenant), revision as u64))
            .collect())
    }

    /// Every row of every page.
    pub async fn rows<C>(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<Vec<C>, DeskFailure>
    where
        C: for<'f> DeserializeRow<'f, 'f>,
    {
        let mut all = Vec::new();
        let mut state = PagingState::start();
        loop {
            let page = || {
                self.session
                    .execute_single_page(statement, &values, state.clone())
            };
            let (result, paging) = self.gate.settle(page).await.map_err(failed)?;
            let result = result.into_rows_result().map_err(unreadable)?;
            for row in result.rows::<C>().map_err(unreadable)? {
                all.push(row.map_err(unreadable)?);
            }
            match paging {
                PagingStateResponse::HasMorePages { state: next } => state = next,
                PagingStateResponse::NoMorePages => return Ok(all),
            }
        }
    }

    /// A plain write, which is the same however often it arrives.
    pub async fn write(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<(), DeskFailure> {
        let attempt = || self.session.execute_unpaged(statement, &values);
        self.gate.settle(attempt).await.map_err(failed)?;
        Ok(())
    }

    /// One try of a transaction on one row. `Err`: it may have been carried out, or may yet be.
    pub async fn transact(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<bool, Doubt> {
        applied(self.session.execute_unpaged(statement, values).await)
    }
}

/// The outcome of a transaction is not known; why.
#[derive(Debug)]
pub struct Doubt(pub String);

/// Did the transaction's condition hold?
pub fn applied(outcome: Result<QueryResult, ExecutionError>) -> Result<bool, Doubt> {
    let result = outcome.map_err(|why| Doubt(why.to_string()))?;
    cql::applied(result).map_err(|why| Doubt(why.to_string()))
}

/// No partition can have the empty key, and no tenant the empty id.
fn is_nobody(tenant: &TenantId) -> bool {
    tenant.as_str().is_empty()
}

fn records(rows: Vec<Found>) -> Result<Vec<(Kind, String, String)>, DeskFailure> {
    let whole = rows.into_iter().map(|found| match found {
        (Some(kind), Some(id), Some(body)) => Kind::of(kind).map(|kind| (kind, id, body)),
        _ => None,
    });
    whole
        .collect::<Option<_>>()
        .ok_or_else(|| DeskFailure::Corrupt {
            what: "a tenant",
            why: "a row without body, or of a kind that this program does not know".to_owned(),
        })
}

fn failed(failure: StoreFailure) -> DeskFailure {
    DeskFailure::Away(failure.to_string())
}

fn unreadable(why: impl std::fmt::Display) -> DeskFailure {
    DeskFailure::Corrupt {
        what: "the CQL server's answer",
        why: why.to_string(),
    }
}
