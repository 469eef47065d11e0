//! The audit log: rows are added and read, never changed.

use crest_actors::ids::{Millis, TenantId};
use rusqlite::{Connection, Transaction, params};

use crate::desk::failure::DeskError;
use crate::desk::records::{AuditLine, AuditRecord};

pub(super) fn append(tx: &Transaction<'_>, record: &AuditRecord) -> Result<(), DeskError> {
    tx.prepare_cached(
        "INSERT INTO audit (at, tenant, actor, role, operation, subject, address)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        record.at.0,
        record.tenant.as_str(),
        record.actor,
        record.role,
        record.operation,
        record.subject,
        record.address
    ])?;
    Ok(())
}

pub(super) fn list(
    db: &Connection,
    tenant: &TenantId,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<AuditLine>, DeskError> {
    let mut statement = db.prepare_cached(
        "SELECT id, at, actor, role, operation, subject, address FROM audit
         WHERE tenant = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3",
    )?;
    let newest = before.map_or(i64::MAX, |id| i64::try_from(id).unwrap_or(i64::MAX));
    let rows = statement.query_map(params![tenant.as_str(), newest, limit], |row| {
        Ok(AuditLine {
            id: row.get(0)?,
            record: AuditRecord {
                at: Millis(row.get(1)?),
                tenant: tenant.clone(),
                actor: row.get(2)?,
                role: row.get(3)?,
                operation: row.get(4)?,
                subject: row.get(5)?,
                address: row.get(6)?,
            },
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
