//! What is configured, and the audit log.

use std::sync::Arc;

use crest_actors::ids::TenantId;

use super::failure::CopyFailure;
use crate::desk::{AuditRecord, DeskError, DeskRefusal, DeskStore, WholeTenant, limits::PAGE_MAX};

type Desk = Arc<dyn DeskStore>;

/// What is at the target's desk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopiedDesk {
    pub groups: usize,
    pub staff: usize,
    pub articles: usize,
    pub versions: usize,
    pub canned: usize,
    pub audit_lines: u64,
}

/// The tenant at the source, which the target must not have.
pub async fn check(from: &Desk, to: &Desk, tenant: &TenantId) -> Result<WholeTenant, CopyFailure> {
    let Some(whole) = from.export(tenant.clone()).await? else {
        let directory = from.directory().await?;
        let mut there: Vec<_> = directory.tenants.keys().map(ToString::to_string).collect();
        there.sort();
        return Err(CopyFailure::Unknown {
            tenant: tenant.clone(),
            there: there.join(", "),
        });
    };
    match to.tenant(tenant.clone()).await? {
        Some(_) => Err(CopyFailure::There(tenant.clone())),
        None => Ok(whole),
    }
}

/// Copies the audit log, then makes the tenant, and compares.
pub async fn copy(from: &Desk, to: &Desk, whole: WholeTenant) -> Result<CopiedDesk, CopyFailure> {
    let id = whole.tenant.id.clone();
    copy_audit(from, to, &id).await?;
    match to.import(whole.clone()).await {
        Err(DeskError::Refused(DeskRefusal::Exists)) => return Err(CopyFailure::There(id)),
        imported => imported?,
    }
    let audit = sum_of_audit(from, &id).await?;
    if sum_of_audit(to, &id).await? != audit {
        return Err(CopyFailure::Differs("the audit log".to_owned()));
    }
    if to.export(id.clone()).await?.as_ref() != Some(&whole) {
        return Err(CopyFailure::Differs("the desk".to_owned()));
    }
    if from.export(id).await?.as_ref() != Some(&whole) {
        return Err(CopyFailure::Moving("the desk"));
    }
    Ok(CopiedDesk {
        groups: whole.groups.len(),
        staff: whole.staff.len(),
        articles: whole.articles.len(),
        versions: whole.articles.iter().map(|one| one.versions.len()).sum(),
        canned: whole.canned.len(),
        audit_lines: audit.lines,
    })
}

/// Oldest first, so that both engines give ids in the same order. All lines are in memory at once
/// (some 200 B each): the log is read from its newest end only.
async fn copy_audit(from: &Desk, to: &Desk, id: &TenantId) -> Result<(), CopyFailure> {
    let mut lines: Vec<AuditRecord> = Vec::new();
    each_page(from, id, |record| lines.push(record)).await?;
    lines.reverse();
    for (page, lines) in lines.chunks(PAGE_MAX).enumerate() {
        let before = (page * PAGE_MAX) as u64;
        to.import_audit(id.clone(), lines.to_vec(), before).await?;
    }
    Ok(())
}

/// Equal for equal lines in whatever order: two engines order those of one moment differently.
#[derive(Default, PartialEq, Eq)]
struct Sum {
    lines: u64,
    hashes: u128,
}

async fn sum_of_audit(desk: &Desk, id: &TenantId) -> Result<Sum, CopyFailure> {
    let mut sum = Sum::default();
    each_page(desk, id, |record| {
        let hash = blake3::hash(format!("{record:?}").as_bytes());
        let (first, _) = hash.as_bytes().split_first_chunk().expect("32 bytes");
        sum.lines += 1;
        sum.hashes = sum.hashes.wrapping_add(u128::from_be_bytes(*first));
    })
    .await?;
    Ok(sum)
}

async fn each_page(
    desk: &Desk,
    id: &TenantId,
    mut take: impl FnMut(AuditRecord),
) -> Result<(), CopyFailure> {
    let mut before = None;
    loop {
        let page = desk.audit_log(id.clone(), before, PAGE_MAX).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        before = Some(last.id);
        page.into_iter().for_each(|line| take(line.record));
    }
}
