//! Articles and their versions.

use crest_actors::ids::{Millis, TenantId};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::row::{json, one, record, referring};
use crate::desk::failure::{DeskError, DeskRefusal};
use crate::desk::records::{Article, ArticleVersion, KnowledgeArticle, check_article};

const WITH_LATEST: &str =
    "SELECT a.key, a.latest, a.published, v.body, v.saved_at, v.saved_by FROM articles a
     JOIN article_versions v ON v.tenant = a.tenant AND v.key = a.key AND v.version = a.latest";

fn article(row: &Row<'_>) -> rusqlite::Result<Article> {
    Ok(Article {
        key: row.get(0)?,
        latest: row.get(1)?,
        published: row.get(2)?,
        body: record(row, 3)?,
        saved_at: Millis(row.get(4)?),
        saved_by: row.get(5)?,
    })
}

pub(super) fn list(
    db: &Connection,
    tenant: &TenantId,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Article>, DeskError> {
    let mut statement = db.prepare_cached(&format!(
        "{WITH_LATEST} WHERE a.tenant = ?1 AND a.key > ?2 ORDER BY a.key LIMIT ?3"
    ))?;
    let rows = statement.query_map(
        params![tenant.as_str(), after.unwrap_or_default(), limit],
        article,
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn find(
    db: &Connection,
    tenant: &TenantId,
    key: &str,
) -> Result<Option<Article>, DeskError> {
    Ok(db
        .prepare_cached(&format!("{WITH_LATEST} WHERE a.tenant = ?1 AND a.key = ?2"))?
        .query_row([tenant.as_str(), key], article)
        .optional()?)
}

pub(super) fn versions(
    db: &Connection,
    tenant: &TenantId,
    key: &str,
) -> Result<Vec<ArticleVersion>, DeskError> {
    let mut statement = db.prepare_cached(
        "SELECT version, body, saved_at, saved_by FROM article_versions
         WHERE tenant = ?1 AND key = ?2 ORDER BY version DESC",
    )?;
    let rows = statement.query_map([tenant.as_str(), key], |row| {
        Ok(ArticleVersion {
            version: row.get(0)?,
            body: record(row, 1)?,
            saved_at: Millis(row.get(2)?),
            saved_by: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The number in `version` is ignored: the store counts.
pub(super) fn save(
    tx: &Transaction<'_>,
    tenant: &TenantId,
    key: &str,
    version: ArticleVersion,
    on: Option<u64>,
) -> Result<Article, DeskError> {
    check_article(key, &version.body)?;
    let latest = find(tx, tenant, key)?.map(|article| article.latest);
    let next = match (latest, on) {
        (None, None) => 1,
        (None, Some(_)) => return Err(DeskRefusal::NotFound.into()),
        (Some(_), None) => return Err(DeskRefusal::Exists.into()),
        (Some(latest), Some(on)) if latest == on => latest + 1,
        (Some(latest), Some(_)) => return Err(DeskRefusal::Stale { latest }.into()),
    };
    let changed = tx.execute(
        "INSERT INTO articles (tenant, key, latest) VALUES (?1, ?2, ?3)
         ON CONFLICT (tenant, key) DO UPDATE SET latest = ?3",
        params![tenant.as_str(), key, next],
    );
    referring(changed, DeskRefusal::NotFound)?;
    tx.execute(
        "INSERT INTO article_versions (tenant, key, version, body, saved_at, saved_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            tenant.as_str(),
            key,
            next,
            json(&version.body),
            version.saved_at.0,
            version.saved_by
        ],
    )?;
    find(tx, tenant, key)?.ok_or(DeskRefusal::NotFound.into())
}

pub(super) fn publish(
    tx: &Transaction<'_>,
    tenant: &TenantId,
    key: &str,
    version: Option<u64>,
) -> Result<Article, DeskError> {
    let article = find(tx, tenant, key)?.ok_or(DeskRefusal::NotFound)?;
    if version.is_some_and(|version| version == 0 || version > article.latest) {
        return Err(DeskRefusal::NoSuch { field: "version" }.into());
    }
    one(tx.execute(
        "UPDATE articles SET published = ?3 WHERE tenant = ?1 AND key = ?2",
        params![tenant.as_str(), key, version],
    )?)?;
    advance_knowledge(tx, tenant)?;
    Ok(Article {
        published: version,
        ..article
    })
}

pub(super) fn delete(tx: &Transaction<'_>, tenant: &TenantId, key: &str) -> Result<(), DeskError> {
    one(tx.execute(
        "DELETE FROM articles WHERE tenant = ?1 AND key = ?2",
        [tenant.as_str(), key],
    )?)?;
    advance_knowledge(tx, tenant)
}

pub(super) fn knowledge(
    db: &mut Connection,
    tenant: &TenantId,
    serves: Option<u64>,
) -> Result<Option<(u64, Vec<KnowledgeArticle>)>, DeskError> {
    // One read transaction, so that the version is that of the articles.
    let tx = db.transaction()?;
    let version: Option<u64> = tx
        .query_row(
            "SELECT knowledge_version FROM tenants WHERE id = ?1",
            [tenant.as_str()],
            |row| row.get(0),
        )
        .optional()?;
    let version = version.ok_or(DeskRefusal::NotFound)?;
    if serves == Some(version) {
        return Ok(None);
    }
    let mut statement = tx.prepare_cached(
        "SELECT a.key, a.published, v.body FROM articles a
         JOIN article_versions v ON v.tenant = a.tenant AND v.key = a.key AND v.version = a.published
         WHERE a.tenant = ?1 ORDER BY a.key",
    )?;
    let rows = statement.query_map([tenant.as_str()], |row| {
        Ok(KnowledgeArticle {
            key: row.get(0)?,
            version: row.get(1)?,
            body: record(row, 2)?,
        })
    })?;
    let articles = rows.collect::<rusqlite::Result<_>>()?;
    Ok(Some((version, articles)))
}

fn advance_knowledge(tx: &Transaction<'_>, tenant: &TenantId) -> Result<(), DeskError> {
    one(tx.execute(
        "UPDATE tenants SET knowledge_version = knowledge_version + 1 WHERE id = ?1",
        [tenant.as_str()],
    )?)
}
