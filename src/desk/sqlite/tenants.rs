//! Tenants, their signing keys, the desk's own secrets, and the fold into the directory.

use std::collections::HashMap;

use crest_actors::directory::Directory;
use crest_actors::ids::TenantId;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::row::{fresh, json, one, record, referring};
use super::{articles, canned, groups, staff};
use crate::desk::directory;
use crate::desk::failure::{DeskError, DeskFailure, DeskRefusal};
use crate::desk::records::{
    Algorithm, ArticleVersion, Digest, Installation, SigningKey, Tenant, check_id,
};

pub(super) fn revision(db: &Connection) -> Result<u64, DeskError> {
    let bytes: Vec<u8> = db.query_row(
        "SELECT value FROM meta WHERE name = 'revision'",
        [],
        |row| row.get(0),
    )?;
    let bytes = bytes.try_into().map_err(|_| DeskFailure::Corrupt {
        what: "the revision",
        why: "not 8 bytes".to_owned(),
    })?;
    Ok(u64::from_be_bytes(bytes))
}

/// Counts one change, within the transaction that makes it.
pub(super) fn advance(tx: &Transaction<'_>) -> Result<u64, DeskError> {
    let next = revision(tx)? + 1;
    tx.execute(
        "UPDATE meta SET value = ?1 WHERE name = 'revision'",
        [next.to_be_bytes().as_slice()],
    )?;
    Ok(next)
}

pub(super) fn secret(tx: &Transaction<'_>, name: &str, new: Digest) -> Result<Digest, DeskError> {
    tx.execute(
        "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        params![format!("secret:{name}"), new.as_slice()],
    )?;
    let kept: Digest = tx.query_row(
        "SELECT value FROM meta WHERE name = ?1",
        [format!("secret:{name}")],
        |row| row.get(0),
    )?;
    Ok(kept)
}

pub(super) fn directory(db: &mut Connection) -> Result<Directory, DeskError> {
    // One read transaction, so that tenants, groups and staff are of the same revision.
    let tx = db.transaction()?;
    let mut tenants = HashMap::new();
    for tenant in all(&tx)? {
        let id = tenant.id.clone();
        let members = staff::list(&tx, &id)?;
        let groups = groups::list(&tx, &id)?;
        tenants.insert(id, directory::tenant(tenant, groups, members));
    }
    Ok(Directory {
        tenants,
        revision: revision(&tx)?,
    })
}

fn all(db: &Connection) -> Result<Vec<Tenant>, DeskError> {
    let mut statement = db.prepare_cached("SELECT id, settings FROM tenants ORDER BY id")?;
    let rows = statement.query_map([], tenant)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn tenant(row: &rusqlite::Row<'_>) -> rusqlite::Result<Tenant> {
    Ok(Tenant {
        id: TenantId::new(row.get_ref(0)?.as_str()?),
        settings: record(row, 1)?,
    })
}

pub(super) fn find(db: &Connection, id: &TenantId) -> Result<Option<Tenant>, DeskError> {
    Ok(db
        .prepare_cached("SELECT id, settings FROM tenants WHERE id = ?1")?
        .query_row([id.as_str()], tenant)
        .optional()?)
}

pub(super) fn knowledge(db: &Connection, id: &TenantId) -> Result<u64, DeskError> {
    Ok(db.query_row(
        "SELECT knowledge_version FROM tenants WHERE id = ?1",
        [id.as_str()],
        |row| row.get(0),
    )?)
}

pub(super) fn update(tx: &Transaction<'_>, tenant: &Tenant) -> Result<(), DeskError> {
    tenant.settings.check()?;
    if groups::find(tx, &tenant.id, &tenant.settings.default_group)?.is_none() {
        return Err(DeskRefusal::NoSuch {
            field: "default_group",
        }
        .into());
    }
    one(tx.execute(
        "UPDATE tenants SET settings = ?2 WHERE id = ?1",
        params![tenant.id.as_str(), json(&tenant.settings)],
    )?)
}

pub(super) fn install(tx: &Transaction<'_>, installation: &Installation) -> Result<(), DeskError> {
    let tenant = &installation.tenant;
    check_id("tenant", tenant.id.as_str())?;
    fresh(tx.execute(
        "INSERT INTO tenants (id, settings) VALUES (?1, ?2)",
        params![tenant.id.as_str(), json(&tenant.settings)],
    ))?;
    for key in &installation.keys {
        set_key(tx, &tenant.id, key)?;
    }
    groups::create_all(tx, &tenant.id, &installation.groups)?;
    update(tx, tenant)?;
    for member in &installation.staff {
        staff::create(tx, &tenant.id, member)?;
    }
    for (key, body) in &installation.articles {
        let version = ArticleVersion {
            version: 1,
            body: body.clone(),
            saved_at: installation.at,
            saved_by: "installation".to_owned(),
        };
        articles::save(tx, &tenant.id, key, version, None)?;
        articles::publish(tx, &tenant.id, key, Some(1))?;
    }
    for reply in &installation.canned {
        canned::create(tx, &tenant.id, reply)?;
    }
    Ok(())
}

pub(super) fn keys(db: &Connection, tenant: &TenantId) -> Result<Vec<SigningKey>, DeskError> {
    let mut statement = db.prepare_cached(
        "SELECT kid, algorithm = 'EdDSA', key FROM signing_keys WHERE tenant = ?1 ORDER BY kid",
    )?;
    let rows = statement.query_map([tenant.as_str()], |row| {
        Ok(SigningKey {
            kid: row.get(0)?,
            algorithm: if row.get(1)? {
                Algorithm::EdDSA
            } else {
                Algorithm::HS256
            },
            key: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn set_key(
    tx: &Transaction<'_>,
    tenant: &TenantId,
    key: &SigningKey,
) -> Result<(), DeskError> {
    key.check()?;
    let algorithm = match key.algorithm {
        Algorithm::EdDSA => "EdDSA",
        Algorithm::HS256 => "HS256",
    };
    let changed = tx.execute(
        "INSERT INTO signing_keys (tenant, kid, algorithm, key) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (tenant, kid) DO UPDATE SET algorithm = ?3, key = ?4",
        params![tenant.as_str(), key.kid, algorithm, key.key],
    );
    referring(changed, DeskRefusal::NotFound)?;
    Ok(())
}

pub(super) fn delete_key(
    tx: &Transaction<'_>,
    tenant: &TenantId,
    kid: &str,
) -> Result<(), DeskError> {
    one(tx.execute(
        "DELETE FROM signing_keys WHERE tenant = ?1 AND kid = ?2",
        [tenant.as_str(), kid],
    )?)
}
