//! Skill groups.

use crest_actors::ids::TenantId;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::row::{fresh, json, one, record, referring};
use super::tenants;
use crate::desk::failure::{DeskError, DeskRefusal};
use crate::desk::records::{Group, Overflow};

pub(super) fn list(db: &Connection, tenant: &TenantId) -> Result<Vec<Group>, DeskError> {
    let mut statement =
        db.prepare_cached("SELECT profile FROM skill_groups WHERE tenant = ?1 ORDER BY id")?;
    let rows = statement.query_map([tenant.as_str()], |row| record(row, 0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn find(
    db: &Connection,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<Group>, DeskError> {
    Ok(db
        .prepare_cached("SELECT profile FROM skill_groups WHERE tenant = ?1 AND id = ?2")?
        .query_row([tenant.as_str(), id], |row| record(row, 0))
        .optional()?)
}

/// Several that may overflow into each other.
pub(super) fn create_all(
    tx: &Transaction<'_>,
    tenant: &TenantId,
    groups: &[Group],
) -> Result<(), DeskError> {
    for group in groups {
        group.check()?;
        let inserted = tx.execute(
            "INSERT INTO skill_groups (tenant, id, profile) VALUES (?1, ?2, ?3)",
            params![tenant.as_str(), group.id, json(group)],
        );
        fresh(inserted)?;
    }
    groups
        .iter()
        .try_for_each(|group| check_overflow(tx, tenant, group))
}

pub(super) fn update(
    tx: &Transaction<'_>,
    tenant: &TenantId,
    group: &Group,
) -> Result<(), DeskError> {
    group.check()?;
    check_overflow(tx, tenant, group)?;
    one(tx.execute(
        "UPDATE skill_groups SET profile = ?3 WHERE tenant = ?1 AND id = ?2",
        params![tenant.as_str(), group.id, json(group)],
    )?)
}

pub(super) fn delete(tx: &Transaction<'_>, tenant: &TenantId, id: &str) -> Result<(), DeskError> {
    if let Some(tenant) = tenants::find(tx, tenant)?
        && tenant.settings.default_group == id
    {
        return Err(DeskRefusal::InUse("the tenant's default_group").into());
    }
    let overflow = Overflow::Group(id.to_owned());
    if list(tx, tenant)?
        .iter()
        .any(|group| group.overflow == overflow)
    {
        return Err(DeskRefusal::InUse("another group's overflow").into());
    }
    let deleted = tx.execute(
        "DELETE FROM skill_groups WHERE tenant = ?1 AND id = ?2",
        params![tenant.as_str(), id],
    );
    one(referring(deleted, DeskRefusal::InUse("staff"))?)?;
    tx.execute(
        "DELETE FROM canned_replies WHERE tenant = ?1 AND scope = 'group' AND owner = ?2",
        params![tenant.as_str(), id],
    )?;
    Ok(())
}

fn check_overflow(db: &Connection, tenant: &TenantId, group: &Group) -> Result<(), DeskError> {
    match &group.overflow {
        Overflow::Group(to) if find(db, tenant, to)?.is_none() => {
            Err(DeskRefusal::NoSuch { field: "overflow" }.into())
        }
        Overflow::Group(_) | Overflow::Bot | Overflow::LeaveMessage => Ok(()),
    }
}
