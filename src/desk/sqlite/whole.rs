//! A tenant as a whole, out and in.

use crest_actors::ids::{AgentId, TenantId};
use rusqlite::{Connection, Transaction, params};

use super::{articles, canned, groups, journal, staff, tenants};
use crate::desk::failure::{DeskError, DeskRefusal};
use crate::desk::records::{AuditRecord, Installation, NewStaff, WholeArticle, WholeTenant};

pub(super) fn export(
    db: &mut Connection,
    tenant: &TenantId,
) -> Result<Option<WholeTenant>, DeskError> {
    // One read transaction, so that all of it is of one moment.
    let tx = db.transaction()?;
    let Some(found) = tenants::find(&tx, tenant)? else {
        return Ok(None);
    };
    let mut people = Vec::new();
    for member in staff::list(&tx, tenant)? {
        let hash = staff::hash(&tx, tenant, &AgentId::new(&member.id))?;
        people.push(NewStaff { member, hash });
    }
    let mut whole = Vec::new();
    for article in articles::list(&tx, tenant, None, i64::MAX as usize)? {
        let mut versions = articles::versions(&tx, tenant, &article.key)?;
        versions.reverse();
        whole.push(WholeArticle {
            key: article.key,
            published: article.published,
            versions,
        });
    }
    Ok(Some(WholeTenant {
        tenant: found,
        keys: tenants::keys(&tx, tenant)?,
        groups: groups::list(&tx, tenant)?,
        staff: people,
        articles: whole,
        canned: canned::all(&tx, tenant)?,
        knowledge: tenants::knowledge(&tx, tenant)?,
    }))
}

pub(super) fn import(tx: &Transaction<'_>, whole: &WholeTenant) -> Result<(), DeskError> {
    let tenant = &whole.tenant.id;
    let frame = Installation {
        tenant: whole.tenant.clone(),
        keys: whole.keys.clone(),
        groups: whole.groups.clone(),
        staff: whole.staff.clone(),
        articles: Vec::new(),
        canned: Vec::new(),
        at: Default::default(),
    };
    tenants::install(tx, &frame)?;
    for article in &whole.articles {
        for version in &article.versions {
            let on = (version.version > 1).then(|| version.version - 1);
            articles::save(tx, tenant, &article.key, version.clone(), on)?;
        }
        if article.published.is_some() {
            articles::publish(tx, tenant, &article.key, article.published)?;
        }
    }
    for reply in &whole.canned {
        canned::insert(tx, tenant, reply)?;
    }
    tx.execute(
        "UPDATE tenants SET knowledge_version = ?2 WHERE id = ?1",
        params![tenant.as_str(), whole.knowledge],
    )?;
    Ok(())
}

pub(super) fn import_audit(
    tx: &Transaction<'_>,
    tenant: &TenantId,
    lines: &[AuditRecord],
    before: u64,
) -> Result<(), DeskError> {
    let there: u64 = tx.query_row(
        "SELECT count(*) FROM audit WHERE tenant = ?1",
        [tenant.as_str()],
        |row| row.get(0),
    )?;
    let Some(known) = there.checked_sub(before) else {
        return Err(DeskRefusal::NoSuch { field: "before" }.into());
    };
    lines
        .iter()
        .skip(known as usize)
        .try_for_each(|line| journal::append(tx, line))
}
