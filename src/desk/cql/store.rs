//! The desk over its tables: opening, and what is read without changing anything.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crest_actors::directory::Directory;
use crest_actors::ids::{AgentId, TenantId};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::articles::{Head, Named, Saved};
use super::journal::Journal;
use super::kind::{Kind, SETTINGS, scope_of, versions_of};
use super::limits::{AT_ONCE, READ_TRIES};
use super::revisions::{self, Revisions, sum};
use super::sheet::{Part, TextId, parse};
use super::staff::Hired;
use super::tables::{Stood, Tables};
use super::thread::DeskThread;
use crate::desk::directory;
use crate::desk::failure::{DeskError, DeskFailure, DeskRefusal};
use crate::desk::records::{
    Article, ArticleVersion, CannedReply, CannedScope, Digest, Group, KnowledgeArticle,
    StaffMember, Tenant,
};
use crate::store::cql::{GIVE_UP, Place, REQUEST_TIMEOUT, check_desk, connect};

/// The desk in the keyspace beside the logs'. Dropping it finishes the writes already asked for.
pub struct CqlDesk {
    pub(super) thread: DeskThread,
    pub(super) desk: Arc<Desk>,
}

/// What every job of the desk uses.
pub struct Desk {
    pub tables: Tables,
    pub revisions: Revisions,
    /// Held for a change.
    pub turn: tokio::sync::Mutex<()>,
    pub journal: Journal,
    published: Mutex<HashMap<TenantId, Texts>>,
}

/// Published texts as they were read last: a text never changes, so only new ones are read.
type Texts = HashMap<String, (Named, Arc<str>)>;

impl CqlDesk {
    /// Connects, checks that the keyspace has this program's tables, and begins to look out for other
    /// nodes' changes. Blocks; must not be called on a thread that runs tasks.
    pub fn open(place: &Place) -> Result<Self, DeskFailure> {
        let place = place.clone();
        let (thread, desk) = DeskThread::start(move || async move {
            let session = connect(&place, REQUEST_TIMEOUT).await?;
            check_desk(&session, &place).await?;
            let desk = Arc::new(Desk {
                tables: Tables::prepare(session, &place).await?,
                revisions: Revisions::default(),
                turn: tokio::sync::Mutex::default(),
                journal: Journal::default(),
                published: Mutex::default(),
            });
            revisions::look(&desk.tables, &desk.revisions).await?;
            let following = desk.clone();
            tokio::spawn(async move {
                revisions::follow(&following.tables, &following.revisions).await;
            });
            Ok(desk)
        })?;
        Ok(Self { thread, desk })
    }
}

impl Desk {
    pub async fn directory(&self) -> Result<Directory, DeskError> {
        let hints = self.tables.hints().await?;
        let reads = hints
            .into_iter()
            .map(|(tenant, _)| async move { self.configuration(&tenant).await });
        let all: Vec<_> = stream::iter(reads)
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(Directory {
            revision: sum(all.iter().map(|(stood, _)| stood.revision)),
            tenants: all.into_iter().filter_map(|(_, tenant)| tenant).collect(),
        })
    }

    async fn configuration(
        &self,
        id: &TenantId,
    ) -> Result<(Stood, Option<(TenantId, crest_actors::directory::Tenant)>), DeskError> {
        let (stood, rows) = self
            .unchanged(id, || self.tables.part(id, &Part::Configuration))
            .await?;
        let (mut settings, mut groups, mut staff) = (None, Vec::new(), Vec::new());
        for (kind, _, body) in rows {
            match kind {
                Kind::Settings => settings = Some(parse(kind, &body)?),
                Kind::Group => groups.push(parse::<Group>(kind, &body)?),
                Kind::Staff => staff.push(parse::<Hired>(kind, &body)?.member),
                _ => {}
            }
        }
        let tenant = settings.map(|settings| {
            let id = id.clone();
            let tenant = Tenant {
                id: id.clone(),
                settings,
            };
            (id, directory::tenant(tenant, groups, staff))
        });
        Ok((stood, tenant))
    }

    /// Reads rows until nothing changed meanwhile, so that they are of one version.
    pub async fn unchanged<T, F>(
        &self,
        tenant: &TenantId,
        read: impl Fn() -> F,
    ) -> Result<(Stood, T), DeskFailure>
    where
        F: Future<Output = Result<T, DeskFailure>>,
    {
        let mut before = self.tables.stood(tenant).await?;
        for _ in 0..READ_TRIES {
            let rows = read().await?;
            let after = self.tables.stood(tenant).await?;
            if after.version == before.version {
                return Ok((after, rows));
            }
            before = after;
        }
        Err(DeskFailure::Busy)
    }

    pub async fn one<T: DeserializeOwned>(
        &self,
        tenant: &TenantId,
        kind: Kind,
        id: &str,
    ) -> Result<Option<T>, DeskError> {
        let body = self.tables.row(tenant, kind, id).await?;
        Ok(body.map(|body| parse(kind, &body)).transpose()?)
    }

    /// All of one kind of the configuration, by id.
    pub async fn all<T: DeserializeOwned>(
        &self,
        tenant: &TenantId,
        kind: Kind,
    ) -> Result<Vec<T>, DeskError> {
        let rows = self.tables.from(tenant, kind, "", usize::MAX).await?;
        Ok(bodies(rows)?)
    }

    /// The secret of this name, `fresh` if there was none.
    pub async fn secret(&self, name: &str, fresh: Digest) -> Result<Digest, DeskError> {
        let tables = &self.tables;
        let deadline = Instant::now() + GIVE_UP;
        while Instant::now() < deadline {
            let rows = tables.rows::<(Vec<u8>,)>(&tables.secret, (name,)).await?;
            if let Some((value,)) = rows.into_iter().next() {
                let kept = value.try_into().map_err(|_| DeskFailure::Corrupt {
                    what: "a secret",
                    why: "not 32 bytes".to_owned(),
                })?;
                return Ok(kept);
            }
            // Whatever becomes of it, what is read next is what stays.
            let values = (name, &fresh[..]);
            let _ = tables.transact(&tables.add_secret, values).await;
        }
        Err(DeskFailure::Away(format!("the secret {name} cannot be written")).into())
    }

    pub async fn tenant(&self, id: TenantId) -> Result<Option<Tenant>, DeskError> {
        let settings = self.one(&id, Kind::Settings, SETTINGS).await?;
        Ok(settings.map(|settings| Tenant { id, settings }))
    }

    pub async fn staff(&self, tenant: &TenantId) -> Result<Vec<StaffMember>, DeskError> {
        let hired: Vec<Hired> = self.all(tenant, Kind::Staff).await?;
        Ok(hired.into_iter().map(|hired| hired.member).collect())
    }

    pub async fn canned_replies(
        &self,
        tenant: &TenantId,
        member: &AgentId,
    ) -> Result<Vec<CannedReply>, DeskError> {
        let hired: Option<Hired> = self.one(tenant, Kind::Staff, member.as_str()).await?;
        let groups = hired.into_iter().flat_map(|hired| hired.member.groups);
        let mut scopes = vec![
            CannedScope::Tenant,
            CannedScope::Personal(member.as_str().to_owned()),
        ];
        scopes.extend(groups.map(CannedScope::Group));
        let reads = scopes.into_iter().map(|scope| async move {
            let part = Part::Under(Kind::Canned, scope_of(&scope));
            self.tables.part(tenant, &part).await
        });
        let found: Vec<_> = stream::iter(reads)
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let mut replies: Vec<CannedReply> = bodies(found.into_iter().flatten().collect())?;
        replies.sort_by_cached_key(|reply| (reply.shortcut.clone(), scope_of(&reply.scope)));
        Ok(replies)
    }

    pub async fn canned_reply(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<CannedReply>, DeskError> {
        let place: Option<String> = self.one(tenant, Kind::CannedId, id).await?;
        let Some(place) = place else { return Ok(None) };
        let reply: Option<CannedReply> = self.one(tenant, Kind::Canned, &place).await?;
        // Moved meanwhile, and another one there.
        Ok(reply.filter(|reply| reply.id == id))
    }

    pub async fn articles(
        &self,
        tenant: &TenantId,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Article>, DeskError> {
        let rows = self
            .tables
            .from(tenant, Kind::Article, after, limit)
            .await?;
        let reads = rows.into_iter().map(|(_, key, body)| async move {
            let head: Head = parse(Kind::Article, &body)?;
            self.article_of(tenant, key, head).await
        });
        let found: Vec<Option<Article>> =
            stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    pub async fn article(
        &self,
        tenant: &TenantId,
        key: String,
    ) -> Result<Option<Article>, DeskError> {
        match self.one(tenant, Kind::Article, &key).await? {
            Some(head) => self.article_of(tenant, key, head).await,
            None => Ok(None),
        }
    }

    /// `None`: deleted meanwhile.
    pub async fn article_of(
        &self,
        tenant: &TenantId,
        key: String,
        head: Head,
    ) -> Result<Option<Article>, DeskError> {
        let text = self.tables.text(tenant, &head.latest.text.of(&key)).await?;
        let Some(text) = text else {
            return match self.one::<Head>(tenant, Kind::Article, &key).await? {
                Some(now) if now.latest.text == head.latest.text => Err(lost_text(&key).into()),
                _ => Ok(None),
            };
        };
        let body = parse(Kind::Article, &text)?;
        Ok(Some(head.with(key, body)))
    }

    pub async fn article_versions(
        &self,
        tenant: &TenantId,
        key: &str,
    ) -> Result<Vec<ArticleVersion>, DeskError> {
        let part = Part::Under(Kind::Version, versions_of(key));
        let rows = self.tables.part(tenant, &part).await?;
        let saved: Vec<Saved> = bodies(rows)?;
        let reads = saved.into_iter().rev().map(|saved| async move {
            let text = self.tables.text(tenant, &saved.text.of(key)).await?;
            // None: the article was deleted meanwhile.
            let body = text.map(|text| parse(Kind::Version, &text)).transpose()?;
            Ok::<_, DeskError>(body.map(|body| saved.with(body)))
        });
        let found: Vec<Option<ArticleVersion>> =
            stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    pub async fn knowledge(
        &self,
        tenant: &TenantId,
        serves: Option<u64>,
    ) -> Result<Option<(u64, Vec<KnowledgeArticle>)>, DeskError> {
        if self
            .tables
            .row(tenant, Kind::Settings, SETTINGS)
            .await?
            .is_none()
        {
            return Err(DeskRefusal::NotFound.into());
        }
        if serves == Some(self.tables.stood(tenant).await?.knowledge) {
            return Ok(None);
        }
        let (stood, texts) = self
            .unchanged(tenant, || async {
                let rows = self
                    .tables
                    .from(tenant, Kind::Article, "", usize::MAX)
                    .await?;
                self.texts(tenant, rows).await
            })
            .await?;
        let mut articles = Vec::with_capacity(texts.len());
        for (key, (named, text)) in &texts {
            articles.push(KnowledgeArticle {
                key: key.clone(),
                version: named.version,
                body: parse(Kind::Article, text)?,
            });
        }
        articles.sort_by(|one, other| one.key.cmp(&other.key));
        let mut published = self
            .published
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        published.insert(tenant.clone(), texts);
        Ok(Some((stood.knowledge, articles)))
    }

    /// The published texts of these articles; one that is deleted meanwhile is left out.
    async fn texts(
        &self,
        tenant: &TenantId,
        rows: Vec<(Kind, String, String)>,
    ) -> Result<Texts, DeskFailure> {
        let mut texts = Texts::new();
        let mut missing = Vec::new();
        {
            let published = self
                .published
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let read_last = published.get(tenant);
            for (kind, key, body) in rows {
                let head: Head = parse(kind, &body)?;
                let Some(named) = head.published else {
                    continue;
                };
                match read_last.and_then(|texts| texts.get(&key)) {
                    Some((of, text)) if *of == named => {
                        texts.insert(key, (named, text.clone()));
                    }
                    _ => missing.push((key, named)),
                }
            }
        }
        let reads = missing.into_iter().map(|(key, named)| async move {
            let id: TextId = named.of(&key);
            let text = self.tables.text(tenant, &id).await?;
            Ok::<_, DeskFailure>(text.map(|text| (key, (named, Arc::from(text)))))
        });
        let read: Vec<_> = stream::iter(reads)
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        texts.extend(read.into_iter().flatten());
        Ok(texts)
    }
}

pub fn bodies<T: DeserializeOwned>(
    rows: Vec<(Kind, String, String)>,
) -> Result<Vec<T>, DeskFailure> {
    let rows = rows.into_iter();
    rows.map(|(kind, _, body)| parse(kind, &body)).collect()
}

pub fn lost_text(key: &str) -> DeskFailure {
    DeskFailure::Corrupt {
        what: "an article",
        why: format!("the newest text of {key} is not there"),
    }
}
