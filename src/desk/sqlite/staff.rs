//! Staff and what they log in with.

use crest_actors::ids::{AgentId, TenantId};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::row::{fresh, json, one, record, referring};
use super::sessions;
use crate::desk::failure::{DeskError, DeskRefusal};
use crate::desk::records::{Credentials, NewStaff, StaffMember};

pub(super) fn list(db: &Connection, tenant: &TenantId) -> Result<Vec<StaffMember>, DeskError> {
    let mut statement =
        db.prepare_cached("SELECT profile FROM staff WHERE tenant = ?1 ORDER BY id")?;
    let rows = statement.query_map([tenant.as_str()], |row| record(row, 0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn credentials(
    db: &Connection,
    tenant: &TenantId,
    agent: &AgentId,
) -> Result<Option<Credentials>, DeskError> {
    let found = db
        .prepare_cached("SELECT profile, password_hash FROM staff WHERE tenant = ?1 AND id = ?2")?
        .query_row([tenant.as_str(), agent.as_str()], |row| {
            Ok(Credentials {
                member: record(row, 0)?,
                hash: row.get(1)?,
            })
        })
        .optional()?;
    Ok(found.filter(|credentials| credentials.member.active))
}

/// Of a member, active or not.
pub(super) fn hash(
    db: &Connection,
    tenant: &TenantId,
    agent: &AgentId,
) -> Result<String, DeskError> {
    Ok(db
        .prepare_cached("SELECT password_hash FROM staff WHERE tenant = ?1 AND id = ?2")?
        .query_row([tenant.as_str(), agent.as_str()], |row| row.get(0))?)
}

pub(super) fn create(
    tx: &Transaction<'_>,
    tenant: &TenantId,
    staff: &NewStaff,
) -> Result<(), DeskError> {
    staff.member.check()?;
    fresh(tx.execute(
        "INSERT INTO staff (tenant, id, profile, password_hash) VALUES (?1, ?2, ?3, ?4)",
        params![
            tenant.as_str(),
            staff.member.id,
            json(&staff.member),
            staff.hash
        ],
    ))?;
    join_groups(tx, tenant, &staff.member)
}

pub(super) fn update(
    tx: &Transaction<'_>,
    tenant: &TenantId,
    member: &StaffMember,
) -> Result<(), DeskError> {
    member.check()?;
    one(tx.execute(
        "UPDATE staff SET profile = ?3 WHERE tenant = ?1 AND id = ?2",
        params![tenant.as_str(), member.id, json(member)],
    )?)?;
    join_groups(tx, tenant, member)?;
    if !member.active {
        sessions::close_all(tx, tenant, &member.id)?;
    }
    Ok(())
}

pub(super) fn set_password(
    tx: &Transaction<'_>,
    tenant: &TenantId,
    agent: &AgentId,
    hash: &str,
) -> Result<(), DeskError> {
    one(tx.execute(
        "UPDATE staff SET password_hash = ?3 WHERE tenant = ?1 AND id = ?2",
        params![tenant.as_str(), agent.as_str(), hash],
    )?)?;
    sessions::close_all(tx, tenant, agent.as_str())
}

/// The table beside the profile exists for its foreign key: a group with members cannot go.
fn join_groups(
    tx: &Transaction<'_>,
    tenant: &TenantId,
    member: &StaffMember,
) -> Result<(), DeskError> {
    tx.execute(
        "DELETE FROM staff_groups WHERE tenant = ?1 AND agent = ?2",
        params![tenant.as_str(), member.id],
    )?;
    for group in &member.groups {
        let inserted = tx.execute(
            "INSERT INTO staff_groups (tenant, agent, skill_group) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![tenant.as_str(), member.id, group],
        );
        referring(inserted, DeskRefusal::NoSuch { field: "groups" })?;
    }
    Ok(())
}
