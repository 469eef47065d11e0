//! The index of conversations: rows that find logs, never truth.
//!
//! Rows for an event are at QUORUM before the event is written, so that whatever the log says can be
//! found; older rows are deleted by their whole key after it is. A row whose event is not in the log
//! does not count, and a row too many costs one look.

use crest_actors::conversation::Summary;
use crest_actors::ids::{AgentId, ConversationId, ConversationKey, CustomerId};
use crest_actors::ports::StoreFailure;
use futures_util::future::{BoxFuture, FutureExt, join_all, try_join_all};

use super::summary::{decode, encode};
use super::tables::{Tables, Told, shard};

/// Index rows of one conversation, as far as this activation knows them.
#[derive(Debug, Default)]
pub struct Known {
    /// What older activations left has been read.
    read: bool,
    summaries: Vec<Row>,
    awake: Vec<Told>,
    /// One of `awake` is this activation's own. Others may be about to be deleted by their writer.
    own_awake: bool,
}

/// A row of the summary tables.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    told: Told,
    customer: CustomerId,
    agent: Option<AgentId>,
}

impl Known {
    /// Adds the rows that the event `told` of the log leads to, and learns of older ones.
    pub async fn before(
        &mut self,
        tables: &Tables,
        summary: &Summary,
        told: Told,
    ) -> Result<(), StoreFailure> {
        let bytes = encode(summary);
        let row = Row {
            told,
            customer: summary.customer.clone(),
            agent: summary.agent.clone(),
        };
        let mut writes = vec![
            add_by_customer(tables, &summary.key, &row, &bytes).boxed(),
            add_by_day(tables, &summary.key, &row, &bytes).boxed(),
        ];
        if let Some(agent) = &row.agent {
            writes.push(add_by_agent(tables, &summary.key, agent, told, &bytes).boxed());
        }
        if summary.awake && !self.own_awake {
            writes.push(awake(tables, &summary.key, told, true).boxed());
        }
        let learn = async {
            if self.read {
                return Ok(None);
            }
            let older = futures_util::future::try_join(
                older(tables, &summary.key),
                older_awake(tables, &summary.key),
            );
            older.await.map(Some)
        };
        let (_, older) = futures_util::future::try_join(try_join_all(writes), learn).await?;
        if let Some((summaries, awake)) = older {
            self.read = true;
            self.summaries.extend(summaries);
            self.awake.extend(awake);
        }
        if !self.summaries.contains(&row) {
            self.summaries.push(row);
        }
        if summary.awake && !self.own_awake {
            self.own_awake = true;
            if !self.awake.contains(&told) {
                self.awake.push(told);
            }
        }
        Ok(())
    }

    /// Deletes what the event `told`, which is in the log now, made old. What cannot be deleted
    /// is tried again with the next.
    pub async fn after(&mut self, tables: &Tables, summary: &Summary, told: Told) {
        let old = |row: &&Row| row.told != told;
        let mut deletes: Vec<BoxFuture<'_, bool>> = Vec::new();
        let summaries = &self.summaries;
        deletes.extend(summaries.iter().filter(old).map(|row| {
            async {
                let removed = remove(tables, &summary.key, row).await;
                removed.is_ok()
            }
            .boxed()
        }));
        let summaries_removed = join_all(deletes).await;
        let mut outcomes = summaries_removed.into_iter();
        self.summaries
            .retain(|row| row.told == told || !outcomes.next().unwrap_or(false));
        if summary.awake {
            return;
        }
        let removed = join_all(self.awake.iter().map(async |row| {
            let removed = awake(tables, &summary.key, *row, false).await;
            removed.is_ok()
        }));
        let mut outcomes = removed.await.into_iter();
        self.awake.retain(|_| !outcomes.next().unwrap_or(false));
        self.own_awake = false;
    }
}

/// The day (UTC, since 1970) a conversation was born on.
pub fn day_of(id: ConversationId) -> i32 {
    day(id.minted_at().0)
}

/// The day of a Unix time in milliseconds.
pub fn day(millis: u64) -> i32 {
    (millis / MILLIS_A_DAY) as i32
}

pub const MILLIS_A_DAY: u64 = 86_400_000;

/// Parts of a day, by shard.
pub const PARTS: i8 = 16;

/// The part of a day that a conversation lies in.
pub fn part_of(key: &ConversationKey) -> i8 {
    (key.id.shard().0 / 16) as i8
}

/// The rows of one conversation, newest first.
pub async fn rows_of(
    tables: &Tables,
    key: &ConversationKey,
) -> Result<Vec<(Told, Vec<u8>)>, StoreFailure> {
    let values = (
        key.tenant.as_str(),
        day_of(key.id),
        part_of(key),
        &key.id.0[..],
    );
    type Columns = (Vec<u8>, i64, i64, i64, Vec<u8>);
    let read =
        |(_, seq, epoch, activation, bytes): Columns| (Told::of(seq, epoch, activation), bytes);
    tables.all(&tables.index.of_one, values, read).await
}

async fn older(tables: &Tables, key: &ConversationKey) -> Result<Vec<Row>, StoreFailure> {
    let rows = rows_of(tables, key).await?;
    let rows = rows.into_iter().filter_map(|(told, bytes)| {
        let summary = decode(key.clone(), &bytes)?;
        Some(Row {
            told,
            customer: summary.customer,
            agent: summary.agent,
        })
    });
    Ok(rows.collect())
}

async fn older_awake(tables: &Tables, key: &ConversationKey) -> Result<Vec<Told>, StoreFailure> {
    let values = (shard(key.id.shard()), key.tenant.as_str(), &key.id.0[..]);
    let read = |(seq, epoch, activation)| Told::of(seq, epoch, activation);
    tables.all(&tables.index.awake_of_one, values, read).await
}

async fn awake(
    tables: &Tables,
    key: &ConversationKey,
    told: Told,
    add: bool,
) -> Result<(), StoreFailure> {
    let (seq, epoch, activation) = told.columns();
    let (shard, tenant, id) = (shard(key.id.shard()), key.tenant.as_str(), &key.id.0[..]);
    if add {
        let ttl = tables.ttl(key.id)?;
        let values = (shard, tenant, id, seq, epoch, activation, ttl);
        tables.write(&tables.index.add_awake, values).await
    } else {
        let values = (shard, tenant, id, seq, epoch, activation);
        tables.write(&tables.index.remove_awake, values).await
    }
}

async fn add_by_customer(
    tables: &Tables,
    key: &ConversationKey,
    row: &Row,
    bytes: &[u8],
) -> Result<(), StoreFailure> {
    let (seq, epoch, activation) = row.told.columns();
    let (tenant, id) = (key.tenant.as_str(), &key.id.0[..]);
    let customer = row.customer.as_str();
    let ttl = tables.ttl(key.id)?;
    let values = (tenant, customer, id, seq, epoch, activation, bytes, ttl);
    tables.write(&tables.index.add_by_customer, values).await
}

async fn add_by_day(
    tables: &Tables,
    key: &ConversationKey,
    row: &Row,
    bytes: &[u8],
) -> Result<(), StoreFailure> {
    let (seq, epoch, activation) = row.told.columns();
    let (tenant, id) = (key.tenant.as_str(), &key.id.0[..]);
    let (day, part) = (day_of(key.id), part_of(key));
    let ttl = tables.ttl(key.id)?;
    let values = (tenant, day, part, id, seq, epoch, activation, bytes, ttl);
    tables.write(&tables.index.add_by_day, values).await
}

async fn add_by_agent(
    tables: &Tables,
    key: &ConversationKey,
    agent: &AgentId,
    told: Told,
    bytes: &[u8],
) -> Result<(), StoreFailure> {
    let (seq, epoch, activation) = told.columns();
    let (tenant, id) = (key.tenant.as_str(), &key.id.0[..]);
    let (agent, day) = (agent.as_str(), day_of(key.id));
    let ttl = tables.ttl(key.id)?;
    let values = (tenant, agent, day, id, seq, epoch, activation, bytes, ttl);
    tables.write(&tables.index.add_by_agent, values).await
}

/// By day last: it is what the others are found by.
async fn remove(tables: &Tables, key: &ConversationKey, row: &Row) -> Result<(), StoreFailure> {
    let (seq, epoch, activation) = row.told.columns();
    let (tenant, id) = (key.tenant.as_str(), &key.id.0[..]);
    let (day, part) = (day_of(key.id), part_of(key));
    let index = &tables.index;
    if let Some(agent) = &row.agent {
        let values = (tenant, agent.as_str(), day, id, seq, epoch, activation);
        tables.write(&index.remove_by_agent, values).await?;
    }
    let values = (tenant, row.customer.as_str(), id, seq, epoch, activation);
    tables.write(&index.remove_by_customer, values).await?;
    let values = (tenant, day, part, id, seq, epoch, activation);
    tables.write(&index.remove_by_day, values).await
}
