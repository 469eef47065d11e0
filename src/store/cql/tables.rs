//! The tables: every statement prepared once, and what is bound to and read from each.

use crest_actors::ids::{ConversationId, ConversationKey, Shard, Token};
use crest_actors::ports::{LogId, StoreFailure};
use scylla::client::session::Session;
use scylla::response::query_result::QueryResult;
use scylla::response::{PagingState, PagingStateResponse};
use scylla::serialize::row::SerializeRow;
use scylla::statement::Consistency;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::prepared::PreparedStatement;

use super::chain::Marker;
use super::connect::Place;
use super::failure::CqlFailure;
use super::limits::BUCKET_ROWS;
use super::retention::{self, Kept, now_ms};
use super::seal::Seal;
use super::settle::Gate;
use super::statements::{IndexStatements, Statements};
use crate::store::name::Name;

/// One row of an event table, as it lies there.
#[derive(Clone, Debug)]
pub struct StoredRow {
    pub seq: u64,
    pub token: Token,
    pub bytes: Vec<u8>,
}

/// The event that an index row tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    pub seq: u64,
    pub token: Token,
}

/// A page of what was asked, and where to go on.
pub type Paged<T> = (Vec<T>, Option<PagingState>);

/// A session with everything prepared.
pub struct Tables {
    pub(super) session: Session,
    pub(super) gate: Gate,
    add_event: PreparedStatement,
    add_standing: PreparedStatement,
    events: PreparedStatement,
    standing: PreparedStatement,
    has_event: PreparedStatement,
    add_marker: PreparedStatement,
    markers: PreparedStatement,
    pub(super) names: PreparedStatement,
    pub(super) set_oldest: PreparedStatement,
    add_seal: PreparedStatement,
    newest_seal: PreparedStatement,
    pub(super) kept: Kept,
    pub(super) index: IndexStatements,
}

impl Tables {
    pub async fn prepare(session: Session, place: &Place) -> Result<Self, CqlFailure> {
        let kept = retention::agree(&session, place).await?;
        let statements = Statements {
            session: &session,
            keyspace: &place.keyspace,
        };
        Ok(Self {
            add_event: statements.add("event", "tenant, id, bucket, seq, epoch, activation, row").await?,
            add_standing: statements.add(
                "standing_event",
                "kind, tenant, id, bucket, seq, epoch, activation, row",
            )
            .await?,
            events: statements.select(
                "seq, epoch, activation, row",
                "event WHERE tenant = ? AND id = ? AND bucket = ? AND seq >= ?",
            )
            .await?,
            standing: statements.select(
                "seq, epoch, activation, row",
                "standing_event WHERE kind = ? AND tenant = ? AND id = ? AND bucket = ? AND seq >= ?",
            )
            .await?,
            has_event: statements.select(
                "seq",
                "event WHERE tenant = ? AND id = ? AND bucket = ? AND seq = ? AND epoch = ? AND activation = ?",
            )
            .await?,
            add_marker: statements.add(
                "marker",
                "kind, tenant, id, epoch, activation, first_seq, prev_epoch, prev_activation, base_seq",
            )
            .await?,
            markers: statements.select(
                "epoch, activation, first_seq, prev_epoch, prev_activation, base_seq",
                "marker WHERE kind = ? AND tenant = ? AND id = ?",
            )
            .await?,
            names: statements
                .select("DISTINCT kind, tenant, id", "marker")
                .await?,
            set_oldest: statements.set_oldest().await?,
            add_seal: statements.add("seal", "tenant, id, last_seq, epoch, activation, chain").await?,
            newest_seal: statements.select(
                "last_seq, epoch, activation, chain",
                "seal WHERE tenant = ? AND id = ? LIMIT 1",
            )
            .await?,
            kept,
            index: IndexStatements::prepare(&statements).await?,
            session,
            gate: Gate::default(),
        })
    }

    /// Writes rows of one bucket, all of them or none: one partition is one mutation.
    pub async fn add_rows(&self, log: &LogId, rows: &[StoredRow]) -> Result<(), StoreFailure> {
        let name = Name::of(log);
        let ttl = self.kept.ttl(log, now_ms())?;
        match (log, rows) {
            (LogId::Conversation(_), [row]) => {
                self.write(&self.add_event, event(&name, row, ttl)).await
            }
            (LogId::Conversation(_), rows) => {
                let values = rows.iter().map(|row| event(&name, row, ttl));
                self.write_all(&self.add_event, values.collect()).await
            }
            (_, [row]) => self.write(&self.add_standing, standing(&name, row)).await,
            (_, rows) => {
                let values = rows.iter().map(|row| standing(&name, row));
                self.write_all(&self.add_standing, values.collect()).await
            }
        }
    }

    /// Rows of one bucket from `from` on, in the order of (seq, token).
    pub async fn rows(
        &self,
        log: &LogId,
        in_bucket: u64,
        from: u64,
        state: PagingState,
    ) -> Result<Paged<StoredRow>, StoreFailure> {
        let name = Name::of(log);
        let (bucket, from) = (in_bucket as i64, from as i64);
        let page = match log {
            LogId::Conversation(_) => {
                let values = (name.tenant, name.id, bucket, from);
                self.page(&self.events, values, state).await?
            }
            LogId::Ledger(_) | LogId::Pointer(_) => {
                let values = (name.kind as i8, name.tenant, name.id, bucket, from);
                self.page(&self.standing, values, state).await?
            }
        };
        read_page(
            page,
            |(seq, epoch, activation, bytes): (i64, i64, i64, Vec<u8>)| StoredRow {
                seq: seq as u64,
                token: token(epoch, activation),
                bytes,
            },
        )
    }

    /// Is there a row with this token at this seq of a transcript?
    pub async fn has_event(&self, key: &ConversationKey, at: Told) -> Result<bool, StoreFailure> {
        let values = (
            key.tenant.as_str(),
            &key.id.0[..],
            bucket(at.seq),
            at.seq as i64,
            at.token.epoch as i64,
            at.token.activation as i64,
        );
        let page = self
            .page(&self.has_event, values, PagingState::start())
            .await?;
        let (found, _) = read_page(page, |(seq,): (i64,)| seq)?;
        Ok(!found.is_empty())
    }

    pub async fn add_marker(&self, log: &LogId, marker: &Marker) -> Result<(), StoreFailure> {
        let name = Name::of(log);
        let values = (
            name.kind as i8,
            name.tenant,
            name.id,
            marker.token.epoch as i64,
            marker.token.activation as i64,
            marker.first as i64,
            marker.previous.epoch as i64,
            marker.previous.activation as i64,
            marker.base as i64,
            self.kept.ttl(log, now_ms())?,
        );
        self.write(&self.add_marker, values).await
    }

    pub async fn add_seal(&self, key: &ConversationKey, seal: &Seal) -> Result<(), StoreFailure> {
        let values = (
            key.tenant.as_str(),
            &key.id.0[..],
            seal.last as i64,
            seal.token.epoch as i64,
            seal.token.activation as i64,
            &seal.link[..],
            self.ttl(key.id)?,
        );
        self.write(&self.add_seal, values).await
    }

    /// The seal that reaches furthest, and of those the newest.
    pub async fn newest_seal(&self, key: &ConversationKey) -> Result<Option<Seal>, StoreFailure> {
        let values = (key.tenant.as_str(), &key.id.0[..]);
        let page = self
            .page(&self.newest_seal, values, PagingState::start())
            .await?;
        let (seals, _) = read_page(
            page,
            |(last, epoch, activation, link): (i64, i64, i64, Vec<u8>)| {
                Some(Seal {
                    last: last as u64,
                    token: token(epoch, activation),
                    link: link.try_into().ok()?,
                })
            },
        )?;
        Ok(seals.into_iter().next().flatten())
    }

    /// The time to live in seconds of what is written of a conversation now.
    pub fn ttl(&self, id: ConversationId) -> Result<i32, StoreFailure> {
        self.kept.ttl_of(id, now_ms())
    }

    /// Is this log to be taken as gone?
    pub fn is_over(&self, log: &LogId) -> bool {
        match log {
            LogId::Conversation(key) => self.kept.is_over(key.id, now_ms()),
            LogId::Ledger(_) | LogId::Pointer(_) => false,
        }
    }

    /// Markers of a log, newest first.
    pub async fn markers(
        &self,
        log: &LogId,
        state: PagingState,
    ) -> Result<Paged<Marker>, StoreFailure> {
        let name = Name::of(log);
        let values = (name.kind as i8, name.tenant, name.id);
        let page = self.page(&self.markers, values, state).await?;
        type Columns = (i64, i64, i64, i64, i64, i64);
        read_page(
            page,
            |(epoch, activation, first, prev_epoch, prev_activation, base): Columns| Marker {
                token: token(epoch, activation),
                first: first as u64,
                previous: token(prev_epoch, prev_activation),
                base: base as u64,
            },
        )
    }

    /// Writes one row at QUORUM, again until that is known.
    pub async fn write(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<(), StoreFailure> {
        let values = &values;
        let written = self
            .gate
            .settle(async || self.session.execute_unpaged(statement, values).await);
        written.await.map(drop)
    }

    async fn write_all(
        &self,
        statement: &PreparedStatement,
        values: Vec<impl SerializeRow>,
    ) -> Result<(), StoreFailure> {
        let mut batch = Batch::new(BatchType::Unlogged);
        batch.set_consistency(Consistency::Quorum);
        batch.set_is_idempotent(true);
        values
            .iter()
            .for_each(|_| batch.append_statement(statement.clone()));
        let (batch, values) = (&batch, &values);
        let written = self
            .gate
            .settle(async || self.session.batch(batch, values).await);
        written.await.map(drop)
    }

    /// One page at QUORUM, asked again until it is answered.
    pub async fn page(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
        state: PagingState,
    ) -> Result<(QueryResult, PagingStateResponse), StoreFailure> {
        let (values, state) = (&values, &state);
        self.gate
            .settle(async || {
                let asked = self
                    .session
                    .execute_single_page(statement, values, state.clone());
                asked.await
            })
            .await
    }

    /// Everything that is asked for, page after page: for what is known to be small.
    pub async fn all<C, T>(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
        read: impl Fn(C) -> T,
    ) -> Result<Vec<T>, StoreFailure>
    where
        C: for<'f> scylla::deserialize::row::DeserializeRow<'f, 'f>,
    {
        let mut found = Vec::new();
        let mut state = Some(PagingState::start());
        while let Some(from) = state {
            let page = self.page(statement, &values, from).await?;
            let (rows, next) = read_page(page, &read)?;
            found.extend(rows);
            state = next;
        }
        Ok(found)
    }
}

/// The last one is the time to live.
type EventColumns<'a> = (&'a str, &'a [u8], i64, i64, i64, i64, &'a [u8], i32);
type StandingColumns<'a> = (i8, &'a str, &'a [u8], i64, i64, i64, i64, &'a [u8], i32);

fn event<'a>(name: &Name<'a>, row: &'a StoredRow, ttl: i32) -> EventColumns<'a> {
    let (epoch, activation) = (row.token.epoch as i64, row.token.activation as i64);
    let (bucket, seq) = (bucket(row.seq), row.seq as i64);
    (
        name.tenant,
        name.id,
        bucket,
        seq,
        epoch,
        activation,
        &row.bytes,
        ttl,
    )
}

/// A time to live that does not end.
const FOR_EVER: i32 = 0;

fn standing<'a>(name: &Name<'a>, row: &'a StoredRow) -> StandingColumns<'a> {
    let (tenant, id, bucket, seq, epoch, activation, bytes, ttl) = event(name, row, FOR_EVER);
    let kind = name.kind as i8;
    (kind, tenant, id, bucket, seq, epoch, activation, bytes, ttl)
}

/// Rows of a page, and where to go on.
pub fn read_page<C, T>(
    (result, paging): (QueryResult, PagingStateResponse),
    read: impl Fn(C) -> T,
) -> Result<Paged<T>, StoreFailure>
where
    C: for<'f> scylla::deserialize::row::DeserializeRow<'f, 'f>,
{
    let unreadable = |why: String| StoreFailure::Corrupt(format!("CQL answer: {why}"));
    let result = result
        .into_rows_result()
        .map_err(|why| unreadable(why.to_string()))?;
    let rows = result
        .rows::<C>()
        .map_err(|why| unreadable(why.to_string()))?;
    let rows = rows
        .map(|row| row.map(&read))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|why| unreadable(why.to_string()))?;
    let next = match paging {
        PagingStateResponse::HasMorePages { state } => Some(state),
        PagingStateResponse::NoMorePages => None,
    };
    Ok((rows, next))
}

/// The partition a seq lies in.
pub fn bucket_of(seq: u64) -> u64 {
    seq / BUCKET_ROWS
}

fn bucket(seq: u64) -> i64 {
    bucket_of(seq) as i64
}

impl Told {
    /// From its columns.
    pub fn of(seq: i64, epoch: i64, activation: i64) -> Self {
        Self {
            seq: seq as u64,
            token: token(epoch, activation),
        }
    }

    /// Its columns: `seq`, `epoch`, `activation`.
    pub fn columns(self) -> (i64, i64, i64) {
        let Token { epoch, activation } = self.token;
        (self.seq as i64, epoch as i64, activation as i64)
    }
}

pub fn token(epoch: i64, activation: i64) -> Token {
    Token {
        epoch: epoch as u64,
        activation: activation as u64,
    }
}

/// The column `shard`.
pub fn shard(shard: Shard) -> i16 {
    i16::from(shard.0)
}
