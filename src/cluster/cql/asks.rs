//! The statements, each prepared once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use futures_util::future::try_join_all;
use scylla::client::session::Session;
use scylla::errors::ExecutionError;
use scylla::response::query_result::QueryResult;
use scylla::serialize::row::SerializeRow;
use scylla::statement::Consistency;
use scylla::statement::prepared::PreparedStatement;
use tokio::time::timeout;
use uuid::Uuid;

use super::cell::{self, Damage};
use super::coordinator::Coordinator;
use crate::cluster::ask::{Answer, Ask, LeaseRow};
use crate::cluster::limits::{ASK_MS, LOOK_MS, PING_MS, SECOND_TRY_MS};
use crate::cluster::process::{Incarnation, NodeId};
use crate::store::cql::{CqlFailure, Place, applied, check, connect_impatiently};

/// The one row of `assignment`: see ops/adr/0006.
const REGION: &str = "all";
/// To connect and to prepare, where nobody's lease depends on it yet.
const OPENING: Duration = Duration::from_secs(5);
/// Of so many looks one says which rows it passed over: once a minute.
const SAID_LOOKS: u64 = 60_000 / LOOK_MS;

/// Why an ask was not answered. Its outcome is unknown: carried out, or not, or not yet.
#[derive(Debug, thiserror::Error)]
pub enum AskFailure {
    #[error("the CQL server did not answer: {why}")]
    Unanswered { why: String },
    #[error(transparent)]
    Cql(#[from] CqlFailure),
    #[error("row '{REGION}' of {keyspace}.assignment, version {version}: cell `owners`: {damage}")]
    Map {
        keyspace: String,
        version: i64,
        damage: Damage,
    },
    #[error(
        "row '{key}' of {keyspace}.node_lease is no lease: {what}; was it written by another program? Put it right by hand, but never delete it"
    )]
    Lease {
        keyspace: String,
        key: String,
        what: &'static str,
    },
}

/// A session of its own, so that no transcript stands in the way of a lease.
pub struct Asks {
    pub(super) session: Session,
    coordinator: Arc<Coordinator>,
    keyspace: String,
    look: PreparedStatement,
    look_at: PreparedStatement,
    read_lease: PreparedStatement,
    first_lease: PreparedStatement,
    next_lease: PreparedStatement,
    read_map: PreparedStatement,
    first_map: PreparedStatement,
    next_map: PreparedStatement,
    looks: AtomicU64,
    /// Nodes that have a row, as far as a scan showed.
    known: ArcSwap<Vec<NodeId>>,
}

type LeaseCells = (String, Option<Uuid>, Option<i64>, Option<bool>);

impl Asks {
    /// Connects, checks that the keyspaces have this program's tables, and reads the map once, so
    /// that a damaged one is told of before anything starts.
    pub async fn open(place: &Place) -> Result<Self, AskFailure> {
        let (second_try, ping) = (millis(SECOND_TRY_MS), millis(PING_MS));
        let session = connect_impatiently(place, OPENING, second_try, ping).await?;
        check(&session, place).await?;
        let (keyspace, coordinator) = (place.lease_keyspace(), Coordinator::any());
        let prepare = async |text: &str| {
            let text = text.replace("lease.", &format!("{keyspace}."));
            let mut prepared = session.prepare(text).await.map_err(CqlFailure::refused)?;
            prepared.set_load_balancing_policy(Some(coordinator.clone()));
            prepared.set_request_timeout(Some(millis(ASK_MS)));
            Ok::<_, CqlFailure>(prepared)
        };
        let read = async |text: &str, consistency: Consistency| {
            let mut prepared = prepare(text).await?;
            prepared.set_consistency(consistency);
            prepared.set_is_idempotent(true);
            Ok::<_, CqlFailure>(prepared)
        };
        let look = "SELECT node, incarnation, beat, alive FROM lease.node_lease";
        let by_key = format!("{look} WHERE node = ?");
        let asks = Self {
            look: read(look, Consistency::Quorum).await?,
            look_at: read(&by_key, Consistency::Quorum).await?,
            read_lease: read(&by_key, Consistency::Serial).await?,
            first_lease: prepare(
                "INSERT INTO lease.node_lease (incarnation, beat, alive, node) VALUES (?, ?, ?, ?) IF NOT EXISTS",
            )
            .await?,
            next_lease: prepare(
                "UPDATE lease.node_lease SET incarnation = ?, beat = ?, alive = ? WHERE node = ? IF incarnation = ? AND beat = ? AND alive = ?",
            )
            .await?,
            read_map: read(
                "SELECT version, owners FROM lease.assignment WHERE region = ?",
                Consistency::Serial,
            )
            .await?,
            first_map: prepare(
                "INSERT INTO lease.assignment (version, owners, region) VALUES (?, ?, ?) IF NOT EXISTS",
            )
            .await?,
            next_map: prepare(
                "UPDATE lease.assignment SET version = ?, owners = ? WHERE region = ? IF version = ?",
            )
            .await?,
            session,
            coordinator,
            keyspace,
            looks: AtomicU64::new(0),
            known: ArcSwap::default(),
        };
        asks.read_map().await?;
        Ok(asks)
    }

    /// Sends the ask, once, and waits at most [`ASK_MS`]. `Err`: its outcome is unknown.
    pub async fn carry_out(&self, ask: &Ask) -> Result<Answer, AskFailure> {
        match ask {
            Ask::Look => self.look().await,
            Ask::ReadLease(node) => self
                .read_row(&self.read_lease, *node)
                .await
                .map(Answer::Lease),
            Ask::ReadMap => self.read_map().await,
            Ask::CasLease {
                node,
                expected,
                next,
            } => {
                let (node, next) = (node.0.to_string(), cells(*next)?);
                let (incarnation, beat, alive) = next;
                let Some(expected) = expected else {
                    let values = (incarnation, beat, alive, node);
                    return self.change(&self.first_lease, values).await;
                };
                let (was, beat_was, alive_was) = cells(*expected)?;
                let values = (incarnation, beat, alive, node, was, beat_was, alive_was);
                self.change(&self.next_lease, values).await
            }
            Ask::CasMap { expected, next } => {
                let (version, cell) = (number(next.version())?, cell::encode(next));
                let Some(expected) = expected else {
                    let values = (version, cell, REGION);
                    return self.change(&self.first_map, values).await;
                };
                let values = (version, cell, REGION, number(*expected)?);
                self.change(&self.next_map, values).await
            }
        }
    }

    /// Every row there is; while a server stands still, the rows that are known. A scan waits for
    /// that server until the others have noticed, some ten seconds, and a read by key does not.
    async fn look(&self) -> Result<Answer, AskFailure> {
        let scan = timeout(millis(SECOND_TRY_MS), self.scan());
        if let Ok(Ok(rows)) = scan.await {
            self.known
                .store(Arc::new(rows.iter().map(|(node, _)| *node).collect()));
            return Ok(Answer::Rows(rows));
        }
        let known = self.known.load_full();
        let reads = known.iter().map(async |node| {
            let row = self.read_row(&self.look_at, *node).await?;
            Ok::<_, AskFailure>(row.map(|row| (*node, row)))
        });
        let rows: Vec<_> = try_join_all(reads).await?;
        Ok(Answer::Rows(rows.into_iter().flatten().collect()))
    }

    async fn scan(&self) -> Result<Vec<(NodeId, LeaseRow)>, AskFailure> {
        let look = self.looks.fetch_add(1, Ordering::Relaxed);
        let says = look.is_multiple_of(SAID_LOOKS);
        let executed = self.session.execute_unpaged(&self.look, ()).await;
        let result = executed.map_err(unanswered)?;
        let result = result.into_rows_result().map_err(CqlFailure::refused)?;
        let mut rows = Vec::with_capacity(result.rows_num());
        for row in result.rows::<LeaseCells>().map_err(CqlFailure::refused)? {
            // One row that is nobody's must not hide the others from everybody.
            match self.row(row.map_err(CqlFailure::refused)?) {
                Ok(row) => rows.push(row),
                Err(why) if says => tracing::error!(%why, "a row was passed over"),
                Err(_) => {}
            }
        }
        Ok(rows)
    }

    async fn read_row(
        &self,
        statement: &PreparedStatement,
        node: NodeId,
    ) -> Result<Option<LeaseRow>, AskFailure> {
        let result = self.execute(statement, (node.0.to_string(),)).await?;
        let result = result.into_rows_result().map_err(CqlFailure::refused)?;
        let row = result.maybe_first_row::<LeaseCells>();
        let row = row.map_err(CqlFailure::refused)?.map(|row| self.row(row));
        Ok(row.transpose()?.map(|(_, row)| row))
    }

    async fn read_map(&self) -> Result<Answer, AskFailure> {
        let result = self.execute(&self.read_map, (REGION,)).await?;
        let result = result.into_rows_result().map_err(CqlFailure::refused)?;
        let row = result.maybe_first_row::<(Option<i64>, Option<Vec<u8>>)>();
        let Some((version, cell)) = row.map_err(CqlFailure::refused)? else {
            return Ok(Answer::Map(None));
        };
        let (version, cell) = (version.unwrap_or(0), cell.unwrap_or_default());
        let map = cell::decode(version, &cell).map_err(|damage| AskFailure::Map {
            keyspace: self.keyspace.clone(),
            version,
            damage,
        })?;
        Ok(Answer::Map(Some(Arc::new(map))))
    }

    async fn change(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<Answer, AskFailure> {
        let result = self.execute(statement, values).await?;
        Ok(if applied(result)? {
            Answer::Applied
        } else {
            Answer::Refused
        })
    }

    async fn execute(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<QueryResult, AskFailure> {
        let (turn, begun) = (self.coordinator.turn(), Instant::now());
        let executed = self.session.execute_unpaged(statement, values).await;
        if executed.is_err() || begun.elapsed() >= millis(SECOND_TRY_MS) {
            self.coordinator.pass(turn);
        }
        executed.map_err(unanswered)
    }

    fn row(&self, cells: LeaseCells) -> Result<(NodeId, LeaseRow), AskFailure> {
        let no_lease = |key: &str, what| AskFailure::Lease {
            keyspace: self.keyspace.clone(),
            key: key.to_owned(),
            what,
        };
        let (key, incarnation, beat, alive) = cells;
        let node = key
            .parse()
            .ok()
            .filter(|node: &u16| node.to_string() == key);
        let node = node.ok_or_else(|| no_lease(&key, "its key is not the number of a node"))?;
        let (Some(incarnation), Some(beat), Some(alive)) = (incarnation, beat, alive) else {
            return Err(no_lease(&key, "it lacks an incarnation, a beat or `alive`"));
        };
        let beat = u64::try_from(beat).map_err(|_| no_lease(&key, "its beat is below 0"))?;
        let row = LeaseRow {
            incarnation: Incarnation(incarnation.as_u128()),
            beat,
            alive,
        };
        Ok((NodeId(node), row))
    }
}

fn unanswered(error: ExecutionError) -> AskFailure {
    AskFailure::Unanswered {
        why: error.to_string(),
    }
}

fn cells(row: LeaseRow) -> Result<(Uuid, i64, bool), CqlFailure> {
    let incarnation = Uuid::from_u128(row.incarnation.0);
    Ok((incarnation, number(row.beat)?, row.alive))
}

fn number(number: u64) -> Result<i64, CqlFailure> {
    i64::try_from(number).map_err(CqlFailure::refused)
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
