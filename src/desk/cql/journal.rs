//! The audit log: rows are added and read, never changed.
//!
//! An id is the time and eleven bits that grow within a process, so lines of one node stay in their
//! order, those of several in that of their clocks, and the number is exact in JSON until 2109.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crest_actors::ids::{Millis, TenantId};

use super::store::Desk;
use super::tables::Tables;
use crate::desk::failure::DeskError;
use crate::desk::records::{AuditLine, AuditRecord};

const BITS: u32 = 11;
const DAY_MS: u64 = 24 * 60 * 60_000;

/// What a process remembers of its own lines.
pub struct Journal {
    writer: [u8; 8],
    given: Mutex<Given>,
}

#[derive(Default)]
struct Given {
    last: u64,
    /// Days noted already; cleared when it has grown to many.
    days: HashSet<(TenantId, i32)>,
}

const DAYS_MAX: usize = 10_000;

impl Default for Journal {
    fn default() -> Self {
        Self {
            writer: rand::random(),
            given: Mutex::default(),
        }
    }
}

impl Journal {
    fn id(&self, at: Millis, random: u64) -> u64 {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.last = ((at.0 << BITS) + random % (1 << BITS)).max(given.last + 1);
        given.last
    }

    fn is_noted(&self, tenant: &TenantId, day: i32) -> bool {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.days.contains(&(tenant.clone(), day))
    }

    fn note(&self, tenant: &TenantId, day: i32) {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if given.days.len() >= DAYS_MAX {
            given.days.clear();
        }
        given.days.insert((tenant.clone(), day));
    }
}

pub async fn append(desk: &Desk, record: &AuditRecord) -> Result<(), DeskError> {
    let id = desk.journal.id(record.at, rand::random());
    write(desk, record, id, desk.journal.writer).await
}

/// A line of another store, after so many others of its tenant. Written again it is the same row.
pub async fn import(desk: &Desk, record: &AuditRecord, place: u64) -> Result<(), DeskError> {
    let id = (record.at.0 << BITS) + place % (1 << BITS);
    write(desk, record, id, place.to_be_bytes()).await
}

async fn write(
    desk: &Desk,
    record: &AuditRecord,
    id: u64,
    writer: [u8; 8],
) -> Result<(), DeskError> {
    let (tables, journal) = (&desk.tables, &desk.journal);
    let day = day_of(id);
    let tenant = record.tenant.as_str();
    if !journal.is_noted(&record.tenant, day) {
        tables.write(&tables.add_audit_day, (tenant, day)).await?;
        journal.note(&record.tenant, day);
    }
    let values = (
        tenant,
        day,
        id as i64,
        &writer[..],
        record.at.0 as i64,
        &record.actor,
        &record.role,
        &record.operation,
        &record.subject,
        &record.address,
    );
    Ok(tables.write(&tables.add_audit, values).await?)
}

pub async fn list(
    desk: &Desk,
    tenant: &TenantId,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<AuditLine>, DeskError> {
    let tables = &desk.tables;
    let before = before.unwrap_or(i64::MAX as u64).min(i64::MAX as u64);
    let values = (tenant.as_str(), day_of(before));
    if tenant.as_str().is_empty() {
        return Ok(Vec::new()); // no partition can have this key
    }
    let days = tables.rows::<(i32,)>(&tables.audit_days, values).await?;
    // One more than asked, to see whether the page ends within equal ids.
    let wanted = limit.saturating_add(1);
    let mut lines = Vec::new();
    for (day,) in days {
        if lines.len() >= wanted {
            break;
        }
        lines.extend(of_day(tables, tenant, day, before, wanted - lines.len()).await?);
    }
    cut(&mut lines, limit);
    Ok(lines)
}

async fn of_day(
    tables: &Tables,
    tenant: &TenantId,
    day: i32,
    before: u64,
    limit: usize,
) -> Result<Vec<AuditLine>, DeskError> {
    type Columns = (i64, i64, String, String, String, String, String);
    let limit = i32::try_from(limit).unwrap_or(i32::MAX);
    let values = (tenant.as_str(), day, before as i64, limit);
    let rows = tables.rows::<Columns>(&tables.audit, values).await?;
    let line = |(id, at, actor, role, operation, subject, address): Columns| AuditLine {
        id: id as u64,
        record: AuditRecord {
            at: Millis(at as u64),
            tenant: tenant.clone(),
            actor,
            role,
            operation,
            subject,
            address,
        },
    };
    Ok(rows.into_iter().map(line).collect())
}

/// Two nodes may have given one id. A page never ends between such lines, for the next one begins
/// below the id.
fn cut(lines: &mut Vec<AuditLine>, limit: usize) {
    if lines.len() <= limit {
        return;
    }
    let next = lines[limit].id;
    lines.truncate(limit);
    if lines.first().is_some_and(|first| first.id != next) {
        lines.retain(|line| line.id != next);
    }
}

fn day_of(id: u64) -> i32 {
    ((id >> BITS) / DAY_MS) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_a_process_grow_and_are_exact_in_json() {
        let journal = Journal::default();
        let now = Millis(1_800_000_000_000);
        let first = journal.id(now, 5);
        assert_eq!(journal.id(now, 5), first + 1);
        assert!(journal.id(Millis(0), 0) > first + 1, "the clock fell back");
        assert!(journal.id(Millis(4_300_000_000_000), u64::MAX) < 1 << 53);
        assert_eq!(u64::try_from(day_of(first)), Ok(now.0 / DAY_MS));
    }

    #[test]
    fn a_page_does_not_end_between_equal_ids() {
        let line = |id| AuditLine {
            id,
            record: AuditRecord {
                at: Millis(0),
                tenant: TenantId::new("t"),
                actor: String::new(),
                role: String::new(),
                operation: String::new(),
                subject: String::new(),
                address: String::new(),
            },
        };
        let page = |ids: &[u64], limit| {
            let mut lines: Vec<_> = ids.iter().copied().map(line).collect();
            cut(&mut lines, limit);
            lines.iter().map(|line| line.id).collect::<Vec<_>>()
        };
        assert_eq!(page(&[9, 8, 7], 2), [9, 8]);
        assert_eq!(page(&[9, 8, 8], 2), [9]);
        assert_eq!(page(&[8, 8, 8], 2), [8, 8]);
        assert_eq!(page(&[9, 8], 2), [9, 8]);
    }
}
