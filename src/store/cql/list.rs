//! Lists of conversations from the summary tables, newest first, page by page.

use std::collections::VecDeque;

use crest_actors::conversation::Summary;
use crest_actors::ids::{AgentId, ConversationId, ConversationKey, CustomerId};
use crest_actors::ports::StoreFailure;
use futures_util::future::try_join_all;
use scylla::response::PagingState;

use super::index::{MILLIS_A_DAY, PARTS, day, day_of, rows_of};
use super::limits::{LIST_CHECKS, LIST_DAYS_MAX};
use super::logs::Logs;
use super::retention::now_ms;
use super::summary::decode;
use super::tables::{Tables, Told, read_page};
use crate::store::limits::{PAGE_EXAMINED_MAX, PAGE_LIMIT_MAX};
use crate::store::list::{Page, Query, first_id, fits};

/// One page. It may be short, or empty, before the end: it ends after so many rows or days.
pub async fn list(logs: &Logs, query: &Query) -> Result<Page, StoreFailure> {
    let mut reader = Reader {
        logs,
        query,
        limit: query.limit.clamp(1, PAGE_LIMIT_MAX),
        examined: 0,
        unchecked: Vec::new(),
        page: Page::default(),
    };
    if let Some(customer) = &query.customer {
        let sources = vec![Source::new(Partition::Customer(customer.clone()), query)];
        reader.merge(sources).await?;
        return Ok(reader.page);
    }
    let (newest, oldest) = days(query, logs.first_day);
    for (count, day) in (oldest..=newest).rev().enumerate() {
        if count as i32 == LIST_DAYS_MAX {
            let last = (day as u64 + 1) * MILLIS_A_DAY;
            reader.page.next = Some(ConversationId(first_id(crest_actors::ids::Millis(last))));
            break;
        }
        let sources = match &query.agent {
            Some(agent) => vec![Source::new(Partition::Agent(agent.clone(), day), query)],
            None => (0..PARTS)
                .map(|part| Source::new(Partition::Day(day, part), query))
                .collect(),
        };
        if reader.merge(sources).await? {
            break;
        }
    }
    Ok(reader.page)
}

/// The newest of a conversation's index rows whose event is in its log.
pub async fn standing(
    logs: &Logs,
    key: &ConversationKey,
    rows: &[(Told, Vec<u8>)],
) -> Result<Option<Summary>, StoreFailure> {
    if rows.is_empty() {
        return Ok(None);
    }
    let told: Vec<Told> = rows.iter().map(|(told, _)| *told).collect();
    let Some(place) = logs.holds(key, &told).await? else {
        return Ok(None);
    };
    let summary = decode(key.clone(), &rows[place].1).ok_or_else(|| {
        StoreFailure::Corrupt(format!(
            "index row of {}/{} is not what was written",
            key.tenant, key.id
        ))
    })?;
    Ok(Some(summary))
}

/// Newest and oldest day to look at.
fn days(query: &Query, first: i32) -> (i32, i32) {
    // Another node's clock may be ahead.
    let tomorrow = day(now_ms()) + 1;
    let newest = [query.to.map(|to| day(to.0)), query.cursor.map(day_of)];
    let newest = newest.into_iter().flatten().fold(tomorrow, i32::min);
    (newest, query.from.map_or(first - 1, |from| day(from.0)))
}

/// Which partition rows come from.
enum Partition {
    Customer(CustomerId),
    Agent(AgentId, i32),
    Day(i32, i8),
}

/// Rows of one conversation, newest first.
type Rows = Vec<(Told, Vec<u8>)>;

/// A partition that is read page by page.
struct Source {
    partition: Partition,
    below: Vec<u8>,
    from: [u8; 16],
    rows: VecDeque<(ConversationId, Told, Vec<u8>)>,
    /// Where to go on; `None` at the end.
    state: Option<PagingState>,
}

impl Source {
    fn new(partition: Partition, query: &Query) -> Self {
        let to = query.to.map(first_id);
        let cursor = query.cursor.map(|cursor| cursor.0);
        let below = [to, cursor].into_iter().flatten().min();
        Self {
            partition,
            // Longer than any id, so above them all.
            below: below.map_or(vec![0xff; 17], |below| below.to_vec()),
            from: first_id(query.from.unwrap_or_default()),
            rows: VecDeque::new(),
            state: Some(PagingState::start()),
        }
    }

    /// Reads on until there is a row, or the end.
    async fn fill(&mut self, tables: &Tables, tenant: &str) -> Result<(), StoreFailure> {
        while self.rows.is_empty() && self.state.is_some() {
            self.read_on(tables, tenant).await?;
        }
        Ok(())
    }

    async fn read_on(&mut self, tables: &Tables, tenant: &str) -> Result<(), StoreFailure> {
        let Some(state) = self.state.take() else {
            return Ok(());
        };
        let (below, from, index) = (&self.below[..], &self.from[..], &tables.index);
        let page = match &self.partition {
            Partition::Customer(customer) => {
                let values = (tenant, customer.as_str(), below, from);
                tables.page(&index.list_by_customer, values, state).await?
            }
            Partition::Agent(agent, day) => {
                let values = (tenant, agent.as_str(), *day, below, from);
                tables.page(&index.list_by_agent, values, state).await?
            }
            Partition::Day(day, part) => {
                let values = (tenant, *day, *part, below, from);
                tables.page(&index.list_by_day, values, state).await?
            }
        };
        type Columns = (Vec<u8>, i64, i64, i64, Vec<u8>);
        let (rows, next) = read_page(page, |(id, seq, epoch, activation, bytes): Columns| {
            let id = ConversationId(id.try_into().ok()?);
            Some((id, Told::of(seq, epoch, activation), bytes))
        })?;
        self.rows.extend(rows.into_iter().flatten());
        self.state = next;
        Ok(())
    }

    /// All rows of the conversation in front.
    async fn take(
        &mut self,
        tables: &Tables,
        tenant: &str,
    ) -> Result<Option<(ConversationId, Rows)>, StoreFailure> {
        let Some(&(id, ..)) = self.rows.front() else {
            return Ok(None);
        };
        let mut taken = Vec::new();
        loop {
            while self.rows.front().is_some_and(|(next, ..)| *next == id) {
                if let Some((_, told, bytes)) = self.rows.pop_front() {
                    taken.push((told, bytes));
                }
            }
            if !self.rows.is_empty() || self.state.is_none() {
                return Ok(Some((id, taken)));
            }
            self.read_on(tables, tenant).await?;
        }
    }
}

struct Reader<'a> {
    logs: &'a Logs,
    query: &'a Query,
    limit: usize,
    examined: usize,
    /// Conversations that fit by their rows; their logs have not been asked.
    unchecked: Vec<(ConversationKey, Rows)>,
    page: Page,
}

impl Reader<'_> {
    /// Takes the newest of all sources again and again. `true`: the page is full.
    async fn merge(&mut self, mut sources: Vec<Source>) -> Result<bool, StoreFailure> {
        let (tables, tenant) = (&*self.logs.tables, self.query.tenant.as_str());
        loop {
            try_join_all(sources.iter_mut().map(|it| it.fill(tables, tenant))).await?;
            let newest = sources
                .iter_mut()
                .filter(|source| !source.rows.is_empty())
                .max_by_key(|source| source.rows.front().map(|(id, ..)| *id));
            let taken = match newest {
                Some(newest) => newest.take(tables, tenant).await?,
                None => None,
            };
            let Some((id, rows)) = taken else {
                self.check().await?;
                return Ok(false);
            };
            self.examined += 1;
            let key = ConversationKey {
                tenant: self.query.tenant.clone(),
                id,
            };
            let over = tables.kept.is_over(id, now_ms());
            let may_fit = !over
                && rows.iter().any(|(_, bytes)| {
                    decode(key.clone(), bytes).is_none_or(|summary| fits(self.query, &summary))
                });
            if may_fit {
                self.unchecked.push((key, rows));
            }
            let enough = self.page.conversations.len() + self.unchecked.len() >= self.limit;
            let spent = self.examined >= PAGE_EXAMINED_MAX;
            if enough || spent || self.unchecked.len() >= LIST_CHECKS {
                self.check().await?;
            }
            if spent || self.page.conversations.len() >= self.limit {
                // What follows may be nothing; the next page says so.
                self.page.next = Some(id);
                return Ok(true);
            }
        }
    }

    /// Asks the logs of those that fit.
    async fn check(&mut self) -> Result<(), StoreFailure> {
        let unchecked = std::mem::take(&mut self.unchecked);
        let by_agent = self.query.customer.is_none() && self.query.agent.is_some();
        let checks = unchecked.iter().map(async |(key, rows)| {
            if by_agent {
                // Another agent may hold it by now: that row lies in another partition.
                let rows = rows_of(&self.logs.tables, key).await?;
                return standing(self.logs, key, &rows).await;
            }
            standing(self.logs, key, rows).await
        });
        let found = try_join_all(checks).await?;
        let fitting = found
            .into_iter()
            .flatten()
            .filter(|summary| fits(self.query, summary));
        self.page.conversations.extend(fitting);
        Ok(())
    }
}
