//! A tenant as a whole, out and in.
//!
//! Out: read until it is of one version. In: the articles in several changes, then the rest in the last
//! one, which makes the tenant exist; before that nobody looks.

use crest_actors::ids::TenantId;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::articles::{Head, Named, Saved};
use super::edit::{Shows, edit};
use super::journal;
use super::kind::{Kind, SETTINGS, article_of, place_of, version_of};
use super::limits::{AT_ONCE, IMPORT_RECORDS};
use super::sheet::{Sheet, Stop, Text, parse};
use super::staff::Hired;
use super::store::{Desk, bodies, lost_text};
use super::tenants::KeyRecord;
use super::{groups, staff, tenants};
use crate::desk::failure::{DeskError, DeskFailure, DeskRefusal};
use crate::desk::records::{
    ArticleVersion, AuditRecord, CannedReply, NewStaff, SigningKey, Tenant, WholeArticle,
    WholeTenant, check_id,
};

pub async fn export(desk: &Desk, id: &TenantId) -> Result<Option<WholeTenant>, DeskError> {
    let (stood, whole) = desk.unchanged(id, || read(desk, id)).await?;
    Ok(whole.map(|whole| WholeTenant {
        knowledge: stood.knowledge,
        ..whole
    }))
}

async fn read(desk: &Desk, id: &TenantId) -> Result<Option<WholeTenant>, DeskFailure> {
    let Some(settings) = desk.tables.row(id, Kind::Settings, SETTINGS).await? else {
        return Ok(None);
    };
    let keys: Vec<KeyRecord> = bodies(all(desk, id, Kind::SigningKey).await?)?;
    let staff: Vec<Hired> = bodies(all(desk, id, Kind::Staff).await?)?;
    let mut canned: Vec<CannedReply> = bodies(all(desk, id, Kind::Canned).await?)?;
    canned.sort_by(|one, other| one.id.cmp(&other.id));
    let mut articles = Vec::new();
    for (kind, key, body) in all(desk, id, Kind::Article).await? {
        let head: Head = parse(kind, &body)?;
        articles.push(WholeArticle {
            published: head.published.map(|named| named.version),
            versions: Vec::new(),
            key,
        });
    }
    let versions = all(desk, id, Kind::Version).await?;
    let reads = versions.into_iter().map(|(kind, place, body)| async move {
        let saved: Saved = parse(kind, &body)?;
        let key = article_of(&place).to_owned();
        let text = desk.tables.text(id, &saved.text.of(&key)).await?;
        let text = text.ok_or_else(|| lost_text(&key))?;
        Ok::<_, DeskFailure>((key, saved.with(parse(kind, &text)?)))
    });
    let versions: Vec<(String, ArticleVersion)> =
        stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
    for (key, version) in versions {
        if let Ok(place) = articles.binary_search_by(|it| it.key.cmp(&key)) {
            articles[place].versions.push(version);
        }
    }
    Ok(Some(WholeTenant {
        tenant: Tenant {
            id: id.clone(),
            settings: parse(Kind::Settings, &settings)?,
        },
        keys: keys.into_iter().map(SigningKey::from).collect(),
        groups: bodies(all(desk, id, Kind::Group).await?)?,
        staff: staff
            .into_iter()
            .map(|Hired { member, hash, .. }| NewStaff { member, hash })
            .collect(),
        articles,
        canned,
        knowledge: 0,
    }))
}

async fn all(
    desk: &Desk,
    id: &TenantId,
    kind: Kind,
) -> Result<Vec<(Kind, String, String)>, DeskFailure> {
    desk.tables.from(id, kind, "", usize::MAX).await
}

pub async fn import(desk: &Desk, whole: &WholeTenant) -> Result<(), DeskError> {
    let id = &whole.tenant.id;
    check_id("tenant", id.as_str())?;
    clear(desk, id).await?;
    let mut lot: Vec<&WholeArticle> = Vec::new();
    let mut records = 0;
    for article in &whole.articles {
        let size = article.versions.len() + 1;
        if records + size > IMPORT_RECORDS && !lot.is_empty() {
            write_articles(desk, id, &lot).await?;
            lot.clear();
            records = 0;
        }
        lot.push(article);
        records += size;
    }
    write_articles(desk, id, &lot).await?;
    edit(desk, id, Shows::Yes, |sheet| install(sheet, whole)).await
}

/// Removes what an earlier try has left.
async fn clear(desk: &Desk, id: &TenantId) -> Result<(), DeskError> {
    for kind in [Kind::Article, Kind::Version] {
        loop {
            let left = desk.tables.from(id, kind, "", IMPORT_RECORDS).await?;
            if left.is_empty() {
                break;
            }
            edit(desk, id, Shows::No, |sheet| {
                must_not_exist(sheet)?;
                for (kind, place, body) in &left {
                    sheet.remove(*kind, place);
                    if *kind == Kind::Version {
                        let key = article_of(place);
                        let saved: Saved = super::sheet::record(*kind, body)?;
                        sheet.drop_text(saved.text.of(key));
                    }
                }
                Ok(())
            })
            .await?;
        }
    }
    Ok(())
}

async fn write_articles(
    desk: &Desk,
    id: &TenantId,
    lot: &[&WholeArticle],
) -> Result<(), DeskError> {
    if lot.is_empty() {
        return Ok(());
    }
    edit(desk, id, Shows::No, |sheet| {
        must_not_exist(sheet)?;
        for article in lot {
            write_article(sheet, article);
        }
        Ok(())
    })
    .await
}

fn write_article(sheet: &mut Sheet, article: &WholeArticle) {
    let key = &article.key;
    let writer = sheet.writer();
    let mut latest = None;
    for version in &article.versions {
        let number = version.version;
        sheet.write_text(Text {
            key: key.clone(),
            version: number,
            body: version.body.to_string(),
        });
        let saved = Saved {
            text: Named {
                version: number,
                writer,
            },
            saved_at: version.saved_at.0,
            saved_by: version.saved_by.clone(),
        };
        sheet.put(Kind::Version, &version_of(key, number), &saved);
        latest = Some(saved);
    }
    if let Some(latest) = latest {
        let published = article.published.map(|version| Named { version, writer });
        sheet.put(Kind::Article, key, &Head { latest, published });
    }
}

/// Everything but the articles, which are there.
fn install(sheet: &mut Sheet, whole: &WholeTenant) -> Result<(), Stop> {
    must_not_exist(sheet)?;
    let settings = &whole.tenant.settings;
    sheet.put(Kind::Settings, SETTINGS, settings);
    for key in &whole.keys {
        tenants::set_key(sheet, key)?;
    }
    groups::create_all(sheet, &whole.groups)?;
    tenants::update(sheet, settings)?;
    for member in &whole.staff {
        staff::create(sheet, member)?;
    }
    for reply in &whole.canned {
        let place = place_of(&reply.scope, &reply.shortcut);
        sheet.put(Kind::Canned, &place, reply);
        sheet.put(Kind::CannedId, &reply.id, &place);
    }
    sheet.advance_knowledge_by(whole.knowledge);
    Ok(())
}

fn must_not_exist(sheet: &Sheet) -> Result<(), Stop> {
    if sheet.has(Kind::Settings, SETTINGS)? {
        return Err(DeskRefusal::Exists.into());
    }
    Ok(())
}

pub async fn import_audit(
    desk: &Desk,
    tenant: &TenantId,
    lines: Vec<AuditRecord>,
    before: u64,
) -> Result<(), DeskError> {
    let writes = (before..).zip(lines).map(|(place, line)| {
        let record = AuditRecord {
            tenant: tenant.clone(),
            ..line
        };
        async move { journal::import(desk, &record, place).await }
    });
    stream::iter(writes)
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}
