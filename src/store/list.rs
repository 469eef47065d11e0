//! Lists of conversations by their index rows, newest first, page by page.

use std::collections::BTreeSet;

use crest_actors::conversation::{PhaseKind, Summary};
use crest_actors::ids::{AgentId, ChannelId, ConversationId, CustomerId, Millis, TenantId};
use rusqlite::{CachedStatement, Connection, Rows, ToSql, params};

use super::limits::{PAGE_EXAMINED_MAX, PAGE_LIMIT_MAX};
use super::summary::{COLUMNS, phase_number, read};

/// Which conversations of one tenant. Every condition that is set must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub tenant: TenantId,
    /// Empty: any.
    pub phases: BTreeSet<PhaseKind>,
    pub customer: Option<CustomerId>,
    /// Who holds or last held it.
    pub agent: Option<AgentId>,
    pub channel: Option<ChannelId>,
    /// Born at this time or later.
    pub from: Option<Millis>,
    /// Born before this time.
    pub to: Option<Millis>,
    /// `next` of the page before.
    pub cursor: Option<ConversationId>,
    /// At most [`PAGE_LIMIT_MAX`]; 0 is taken as 1.
    pub limit: usize,
}

impl Query {
    /// The newest conversations of a tenant.
    pub fn of(tenant: TenantId) -> Self {
        Self {
            tenant,
            phases: BTreeSet::new(),
            customer: None,
            agent: None,
            channel: None,
            from: None,
            to: None,
            cursor: None,
            limit: PAGE_LIMIT_MAX,
        }
    }
}

/// A page, newest birth first. A conversation that changes while pages are turned keeps its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    pub conversations: Vec<Summary>,
    /// Where to go on; `None` only at the end. A page may be short, or empty, before the end:
    /// at most [`PAGE_EXAMINED_MAX`] rows are examined for one.
    pub next: Option<ConversationId>,
}

/// Answers a query from the index that fits it best.
pub fn list(connection: &Connection, query: &Query) -> rusqlite::Result<Page> {
    let below = match (query.cursor, query.to) {
        (Some(cursor), Some(to)) => cursor.0.min(first_id(to)).to_vec(),
        (Some(cursor), None) => cursor.0.to_vec(),
        (None, Some(to)) => first_id(to).to_vec(),
        // Longer than any id, so above them all.
        (None, None) => vec![0xff; 17],
    };
    let from = first_id(query.from.unwrap_or_default());
    let mut statements = statements(connection, query)?;
    let mut sources = Vec::with_capacity(statements.len());
    for (statement, key) in &mut statements {
        let tenant = query.tenant.as_str();
        let mut rows = statement.query(params![tenant, &from[..], &below, &*key])?;
        let newest = step(&mut rows)?;
        sources.push((rows, newest));
    }
    merge(query, &mut sources)
}

/// One statement, or one for each phase: each walks its index newest first, so nothing is sorted.
fn statements<'a>(
    connection: &'a Connection,
    query: &'a Query,
) -> rusqlite::Result<Vec<(CachedStatement<'a>, Box<dyn ToSql + 'a>)>> {
    let prepare = |column: &str| {
        connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM conversation WHERE tenant = ?1 AND id >= ?2 AND id < ?3 \
             AND {column} = ?4 ORDER BY id DESC"
        ))
    };
    if let Some(customer) = &query.customer {
        return Ok(vec![(prepare("customer")?, Box::new(customer.as_str()))]);
    }
    if let Some(agent) = &query.agent {
        return Ok(vec![(prepare("agent")?, Box::new(agent.as_str()))]);
    }
    if query.phases.is_empty() {
        return Ok(vec![(prepare("tenant")?, Box::new(query.tenant.as_str()))]);
    }
    let phases = query.phases.iter();
    phases
        .map(|phase| {
            let key: Box<dyn ToSql> = Box::new(phase_number(*phase));
            Ok((prepare("phase")?, key))
        })
        .collect()
}

/// Takes the newest of all sources again and again, until the page or the allowance is full.
fn merge(query: &Query, sources: &mut [(Rows<'_>, Option<Summary>)]) -> rusqlite::Result<Page> {
    let limit = query.limit.clamp(1, PAGE_LIMIT_MAX);
    let mut page = Page::default();
    let mut last = None;
    for _ in 0..PAGE_EXAMINED_MAX {
        if page.conversations.len() == limit {
            break;
        }
        let newest = sources
            .iter_mut()
            .filter(|(_, summary)| summary.is_some())
            .max_by_key(|(_, summary)| summary.as_ref().map(|summary| summary.key.id));
        let Some((rows, newest)) = newest else {
            return Ok(page);
        };
        let following = step(rows)?;
        let summary = std::mem::replace(newest, following).expect("filtered above");
        last = Some(summary.key.id);
        if fits(query, &summary) {
            page.conversations.push(summary);
        }
    }
    if sources.iter().any(|(_, summary)| summary.is_some()) {
        page.next = last;
    }
    Ok(page)
}

fn step(rows: &mut Rows<'_>) -> rusqlite::Result<Option<Summary>> {
    rows.next()?.map(read).transpose()
}

/// Do all conditions hold but those of place and time?
pub fn fits(query: &Query, summary: &Summary) -> bool {
    let phase = query.phases.is_empty() || query.phases.contains(&summary.phase);
    let customer = query
        .customer
        .as_ref()
        .is_none_or(|it| *it == summary.customer);
    let agent = query.agent.is_none() || query.agent == summary.agent;
    let channel = query
        .channel
        .as_ref()
        .is_none_or(|it| *it == summary.channel);
    phase && customer && agent && channel
}

/// The smallest id that can be born at this time.
pub fn first_id(at: Millis) -> [u8; 16] {
    let mut id = [0; 16];
    let at = at.0.min((1 << 48) - 1);
    id[..6].copy_from_slice(&at.to_be_bytes()[2..]);
    id
}
