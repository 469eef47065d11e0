//! Articles: a small record of each and of each of its versions, and the texts they name.

use crest_actors::ids::Millis;
use serde::{Deserialize, Serialize};

use super::kind::{Kind, version_of, versions_of};
use super::sheet::{Sheet, Stop, Text, TextId, Writer};
use super::tenants;
use crate::desk::failure::DeskRefusal;
use crate::desk::records::{Article, ArticleVersion, check_article};

/// An article's record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Head {
    pub latest: Saved,
    pub published: Option<Named>,
}

/// A version's record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Saved {
    pub text: Named,
    pub saved_at: u64,
    pub saved_by: String,
}

/// Which text: that of this version by this writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    pub version: u64,
    pub writer: Writer,
}

/// The number in `version` is ignored: the store counts.
pub fn save(
    sheet: &mut Sheet,
    key: &str,
    version: &ArticleVersion,
    on: Option<u64>,
) -> Result<Head, Stop> {
    check_article(key, &version.body)?;
    tenants::must_exist(sheet)?;
    let head: Option<Head> = sheet.get(Kind::Article, key)?;
    let latest = head.as_ref().map(|head| head.latest.text.version);
    let next = match (latest, on) {
        (None, None) => 1,
        (None, Some(_)) => return Err(DeskRefusal::NotFound.into()),
        (Some(_), None) => return Err(DeskRefusal::Exists.into()),
        (Some(latest), Some(on)) if latest == on => latest + 1,
        (Some(latest), Some(_)) => return Err(DeskRefusal::Stale { latest }.into()),
    };
    sheet.write_text(Text {
        key: key.to_owned(),
        version: next,
        body: version.body.to_string(),
    });
    let saved = Saved {
        text: Named {
            version: next,
            writer: sheet.writer(),
        },
        saved_at: version.saved_at.0,
        saved_by: version.saved_by.clone(),
    };
    sheet.put(Kind::Version, &version_of(key, next), &saved);
    let head = Head {
        latest: saved,
        published: head.and_then(|head| head.published),
    };
    sheet.put(Kind::Article, key, &head);
    Ok(head)
}

pub fn publish(sheet: &mut Sheet, key: &str, version: Option<u64>) -> Result<Head, Stop> {
    let head: Head = sheet
        .get(Kind::Article, key)?
        .ok_or(DeskRefusal::NotFound)?;
    let published = match version {
        None => None,
        Some(version) => {
            let saved: Option<Saved> = sheet.get(Kind::Version, &version_of(key, version))?;
            let saved = saved.ok_or(DeskRefusal::NoSuch { field: "version" })?;
            Some(saved.text)
        }
    };
    let head = Head { published, ..head };
    sheet.put(Kind::Article, key, &head);
    sheet.advance_knowledge();
    Ok(head)
}

pub fn delete(sheet: &mut Sheet, key: &str) -> Result<(), Stop> {
    if !sheet.has(Kind::Article, key)? {
        return Err(DeskRefusal::NotFound.into());
    }
    sheet.remove(Kind::Article, key);
    for (id, saved) in sheet.under::<Saved>(Kind::Version, &versions_of(key))? {
        sheet.remove(Kind::Version, &id);
        sheet.drop_text(saved.text.of(key));
    }
    sheet.advance_knowledge();
    Ok(())
}

impl Named {
    pub fn of(self, key: &str) -> TextId {
        TextId {
            key: key.to_owned(),
            version: self.version,
            writer: self.writer,
        }
    }
}

impl Head {
    /// With the text of its newest version.
    pub fn with(self, key: String, body: serde_json::Value) -> Article {
        Article {
            key,
            latest: self.latest.text.version,
            published: self.published.map(|named| named.version),
            body,
            saved_at: Millis(self.latest.saved_at),
            saved_by: self.latest.saved_by,
        }
    }
}

impl Saved {
    pub fn with(self, body: serde_json::Value) -> ArticleVersion {
        ArticleVersion {
            version: self.text.version,
            body,
            saved_at: Millis(self.saved_at),
            saved_by: self.saved_by,
        }
    }
}
