//! What the rest of Crest asks of the desk. SQLite is one engine behind it; another must pass the same tests.

use crest_actors::directory::Directory;
use crest_actors::ids::{AgentId, Millis, TenantId};
use futures_util::future::BoxFuture;
use tokio::sync::watch;

use super::failure::DeskError;
use super::records::{
    Article, ArticleVersion, AuditLine, AuditRecord, CannedReply, Claim, Credentials, Digest,
    Group, Installation, KnowledgeArticle, NewStaff, SigningKey, StaffMember, StaffSession, Tenant,
    WholeTenant,
};

/// An answer to come; dropping it does not undo what was asked.
pub type Reply<T> = BoxFuture<'static, Result<T, DeskError>>;

/// The desk of every tenant.
///
/// Promises: a write is answered only once it is durable, and every read asked for after that answer
/// sees it; a refused write changes nothing; whatever [`DeskStore::directory`] or published
/// knowledge shows has a greater revision after each change, told through [`DeskStore::changes`].
pub trait DeskStore: Send + Sync + 'static {
    /// The newest revision; changes with everything that the directory or the knowledge shows.
    fn changes(&self) -> watch::Receiver<u64>;
    /// Every tenant as actors see it, with its revision.
    fn directory(&self) -> Reply<Directory>;
    /// The secret of this name: `fresh` is kept if there is none yet.
    fn secret(&self, name: &'static str, fresh: Digest) -> Reply<Digest>;

    /// All of it or nothing; refused with `Exists` where the tenant exists.
    fn install(&self, installation: Installation) -> Reply<()>;
    fn tenant(&self, tenant: TenantId) -> Reply<Option<Tenant>>;
    /// Replaces the settings of an existing tenant.
    fn set_tenant(&self, tenant: Tenant) -> Reply<()>;
    fn signing_keys(&self, tenant: TenantId) -> Reply<Vec<SigningKey>>;
    /// Adds a key or replaces the one of this `kid`.
    fn set_signing_key(&self, tenant: TenantId, key: SigningKey) -> Reply<()>;
    fn delete_signing_key(&self, tenant: TenantId, kid: String) -> Reply<()>;

    /// By id.
    fn groups(&self, tenant: TenantId) -> Reply<Vec<Group>>;
    fn create_group(&self, tenant: TenantId, group: Group) -> Reply<()>;
    fn set_group(&self, tenant: TenantId, group: Group) -> Reply<()>;
    /// Refused while staff, the tenant or another group's overflow refer to it.
    fn delete_group(&self, tenant: TenantId, group: String) -> Reply<()>;

    /// By id, deactivated ones included.
    fn staff(&self, tenant: TenantId) -> Reply<Vec<StaffMember>>;
    fn create_staff(&self, tenant: TenantId, staff: NewStaff) -> Reply<()>;
    /// Replaces the profile; deactivating ends every session of the member.
    fn set_staff(&self, tenant: TenantId, member: StaffMember) -> Reply<()>;
    /// Replaces the hash and ends every session of the member.
    fn set_password(&self, tenant: TenantId, agent: AgentId, hash: String) -> Reply<()>;
    /// Of an active member.
    fn credentials(&self, tenant: TenantId, agent: AgentId) -> Reply<Option<Credentials>>;

    fn open_session(&self, session: StaffSession, now: Millis) -> Reply<()>;
    /// The session and its member as it is now, if both stand.
    fn session(&self, digest: Digest, now: Millis) -> Reply<Option<(StaffSession, StaffMember)>>;
    fn close_session(&self, digest: Digest) -> Reply<()>;

    /// By key, strictly after `after`, at most `limit`.
    fn articles(
        &self,
        tenant: TenantId,
        after: Option<String>,
        limit: usize,
    ) -> Reply<Vec<Article>>;
    fn article(&self, tenant: TenantId, key: String) -> Reply<Option<Article>>;
    /// Newest first.
    fn article_versions(&self, tenant: TenantId, key: String) -> Reply<Vec<ArticleVersion>>;
    /// Saves a new version and returns it. `on` is the version it was written on top of: `None` for
    /// a new article, refused as `Exists` where there is one and as `Stale` where `on` is not the newest.
    fn save_article(
        &self,
        tenant: TenantId,
        key: String,
        version: ArticleVersion,
        on: Option<u64>,
    ) -> Reply<Article>;
    /// Publishes that version, or withdraws the article from the bot with `None`.
    fn publish_article(
        &self,
        tenant: TenantId,
        key: String,
        version: Option<u64>,
    ) -> Reply<Article>;
    fn delete_article(&self, tenant: TenantId, key: String) -> Reply<()>;
    /// Version of the knowledge as a whole, and everything published; `None` while it is still the
    /// version the caller already `serves`.
    fn knowledge(
        &self,
        tenant: TenantId,
        serves: Option<u64>,
    ) -> Reply<Option<(u64, Vec<KnowledgeArticle>)>>;

    /// What this member may use: its own, its groups' and the tenant's.
    fn canned_replies(&self, tenant: TenantId, member: AgentId) -> Reply<Vec<CannedReply>>;
    fn canned_reply(&self, tenant: TenantId, id: String) -> Reply<Option<CannedReply>>;
    fn create_canned_reply(&self, tenant: TenantId, reply: CannedReply) -> Reply<()>;
    fn set_canned_reply(&self, tenant: TenantId, reply: CannedReply) -> Reply<()>;
    fn delete_canned_reply(&self, tenant: TenantId, id: String) -> Reply<()>;

    /// Claims a key for one request of one actor; a claim whose node died is given again after
    /// [`super::limits::CLAIM_STALE_MS`].
    fn claim(
        &self,
        tenant: TenantId,
        actor: String,
        key: String,
        digest: Digest,
        now: Millis,
    ) -> Reply<Claim>;
    /// Keeps the answer, or gives the key back with `None`.
    fn settle(
        &self,
        tenant: TenantId,
        actor: String,
        key: String,
        answer: Option<(u16, Vec<u8>)>,
    ) -> Reply<()>;

    fn audit(&self, record: AuditRecord) -> Reply<()>;
    /// Newest first, strictly before `before`, at most `limit`.
    fn audit_log(
        &self,
        tenant: TenantId,
        before: Option<u64>,
        limit: usize,
    ) -> Reply<Vec<AuditLine>>;

    /// The tenant as it is, to be taken elsewhere.
    fn export(&self, tenant: TenantId) -> Reply<Option<WholeTenant>>;
    /// Installs what [`DeskStore::export`] gave; refused with `Exists` where the tenant exists. Should
    /// it end half-way, the tenant does not exist, and it may be done again.
    fn import(&self, whole: WholeTenant) -> Reply<()>;
    /// Lines of another store's audit log of one tenant, oldest first, of which `before` lines come
    /// before these. The same lines again change nothing.
    fn import_audit(&self, tenant: TenantId, lines: Vec<AuditRecord>, before: u64) -> Reply<()>;
}
