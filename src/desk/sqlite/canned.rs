//! Canned replies by scope.

use crest_actors::ids::{AgentId, TenantId};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::row::{fresh, one};
use super::{groups, staff};
use crate::desk::failure::{DeskError, DeskRefusal};
use crate::desk::records::{CannedReply, CannedScope};

const COLUMNS: &str = "SELECT id, scope, owner, shortcut, title, text FROM canned_replies";

fn reply(row: &Row<'_>) -> rusqlite::Result<CannedReply> {
    let owner: String = row.get(2)?;
    Ok(CannedReply {
        id: row.get(0)?,
        scope: match row.get_ref(1)?.as_str()? {
            "personal" => CannedScope::Personal(owner),
            "group" => CannedScope::Group(owner),
            _ => CannedScope::Tenant,
        },
        shortcut: row.get(3)?,
        title: row.get(4)?,
        text: row.get(5)?,
    })
}

fn columns(scope: &CannedScope) -> (&'static str, &str) {
    match scope {
        CannedScope::Personal(agent) => ("personal", agent),
        CannedScope::Group(group) => ("group", group),
        CannedScope::Tenant => ("tenant", ""),
    }
}

pub(super) fn list(
    db: &Connection,
    tenant: &TenantId,
    member: &AgentId,
) -> Result<Vec<CannedReply>, DeskError> {
    let mut statement = db.prepare_cached(&format!(
        "{COLUMNS} WHERE tenant = ?1 AND (
            scope = 'tenant'
            OR (scope = 'personal' AND owner = ?2)
            OR (scope = 'group' AND owner IN
                (SELECT skill_group FROM staff_groups WHERE tenant = ?1 AND agent = ?2)))
         ORDER BY shortcut, scope, owner"
    ))?;
    let rows = statement.query_map([tenant.as_str(), member.as_str()], reply)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Of every scope, by id.
pub(super) fn all(db: &Connection, tenant: &TenantId) -> Result<Vec<CannedReply>, DeskError> {
    let mut statement = db.prepare_cached(&format!("{COLUMNS} WHERE tenant = ?1 ORDER BY id"))?;
    let rows = statement.query_map([tenant.as_str()], reply)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn find(
    db: &Connection,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<CannedReply>, DeskError> {
    Ok(db
        .prepare_cached(&format!("{COLUMNS} WHERE tenant = ?1 AND id = ?2"))?
        .query_row([tenant.as_str(), id], reply)
        .optional()?)
}

pub(super) fn create(
    tx: &Transaction<'_>,
    tenant: &TenantId,
    reply: &CannedReply,
) -> Result<(), DeskError> {
    check(tx, tenant, reply)?;
    insert(tx, tenant, reply)
}

pub(super) fn insert(
    tx: &Transaction<'_>,
    tenant: &TenantId,
    reply: &CannedReply,
) -> Result<(), DeskError> {
    let (scope, owner) = columns(&reply.scope);
    fresh(tx.execute(
        "INSERT INTO canned_replies (tenant, scope, owner, shortcut, id, title, text)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            tenant.as_str(),
            scope,
            owner,
            reply.shortcut,
            reply.id,
            reply.title,
            reply.text
        ],
    ))
}

pub(super) fn update(
    tx: &Transaction<'_>,
    tenant: &TenantId,
    reply: &CannedReply,
) -> Result<(), DeskError> {
    delete(tx, tenant, &reply.id)?;
    create(tx, tenant, reply)
}

pub(super) fn delete(tx: &Transaction<'_>, tenant: &TenantId, id: &str) -> Result<(), DeskError> {
    one(tx.execute(
        "DELETE FROM canned_replies WHERE tenant = ?1 AND id = ?2",
        [tenant.as_str(), id],
    )?)
}

fn check(db: &Connection, tenant: &TenantId, reply: &CannedReply) -> Result<(), DeskError> {
    reply.check()?;
    let known = match &reply.scope {
        CannedScope::Personal(agent) => {
            staff::credentials(db, tenant, &AgentId::new(agent))?.is_some()
        }
        CannedScope::Group(group) => groups::find(db, tenant, group)?.is_some(),
        CannedScope::Tenant => true,
    };
    if known {
        Ok(())
    } else {
        Err(DeskRefusal::NoSuch { field: "scope" }.into())
    }
}
