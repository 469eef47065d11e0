//! The port on CQL: each method is one job on the desk's own thread.

use std::sync::Arc;

use crest_actors::directory::Directory;
use crest_actors::ids::{AgentId, Millis, TenantId};
use tokio::sync::watch;

use super::edit::{Shows, edit};
use super::idempotency::Key;
use super::kind::Kind;
use super::sheet::{Sheet, Stop};
use super::staff::Hired;
use super::store::{CqlDesk, Desk};
use super::tenants::KeyRecord;
use super::{
    articles, canned, groups, idempotency, installation, journal, sessions, staff, tenants, whole,
};
use crate::desk::failure::{DeskError, DeskRefusal};
use crate::desk::port::{DeskStore, Reply};
use crate::desk::records::{
    Article, ArticleVersion, AuditLine, AuditRecord, CannedReply, Claim, Credentials, Digest,
    Group, Installation, KnowledgeArticle, NewStaff, SigningKey, StaffMember, StaffSession, Tenant,
    WholeTenant,
};

impl CqlDesk {
    fn run<T, F>(&self, job: impl FnOnce(Arc<Desk>) -> F) -> Reply<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, DeskError>> + Send + 'static,
    {
        self.thread.run(job(self.desk.clone()))
    }

    /// A change that shows nowhere but where it is asked for.
    fn write<T: Send + 'static>(
        &self,
        tenant: TenantId,
        decide: impl Fn(&mut Sheet) -> Result<T, Stop> + Send + Sync + 'static,
    ) -> Reply<T> {
        self.run(|desk| async move { edit(&desk, &tenant, Shows::No, decide).await })
    }

    /// A change that the directory or the knowledge shows.
    fn change<T: Send + 'static>(
        &self,
        tenant: TenantId,
        decide: impl Fn(&mut Sheet) -> Result<T, Stop> + Send + Sync + 'static,
    ) -> Reply<T> {
        self.run(|desk| async move { edit(&desk, &tenant, Shows::Yes, decide).await })
    }
}

impl DeskStore for CqlDesk {
    fn changes(&self) -> watch::Receiver<u64> {
        self.desk.revisions.subscribe()
    }

    fn directory(&self) -> Reply<Directory> {
        self.run(|desk| async move { desk.directory().await })
    }

    fn secret(&self, name: &'static str, fresh: Digest) -> Reply<Digest> {
        self.run(|desk| async move { desk.secret(name, fresh).await })
    }

    fn install(&self, installation: Installation) -> Reply<()> {
        let tenant = installation.tenant.id.clone();
        self.change(tenant, move |sheet| {
            installation::install(sheet, &installation)
        })
    }

    fn tenant(&self, tenant: TenantId) -> Reply<Option<Tenant>> {
        self.run(|desk| async move { desk.tenant(tenant).await })
    }

    fn set_tenant(&self, tenant: Tenant) -> Reply<()> {
        self.change(tenant.id, move |sheet| {
            tenants::update(sheet, &tenant.settings)
        })
    }

    fn signing_keys(&self, tenant: TenantId) -> Reply<Vec<SigningKey>> {
        self.run(|desk| async move {
            let keys: Vec<KeyRecord> = desk.all(&tenant, Kind::SigningKey).await?;
            Ok(keys.into_iter().map(SigningKey::from).collect())
        })
    }

    fn set_signing_key(&self, tenant: TenantId, key: SigningKey) -> Reply<()> {
        self.change(tenant, move |sheet| tenants::set_key(sheet, &key))
    }

    fn delete_signing_key(&self, tenant: TenantId, kid: String) -> Reply<()> {
        self.change(tenant, move |sheet| tenants::delete_key(sheet, &kid))
    }

    fn groups(&self, tenant: TenantId) -> Reply<Vec<Group>> {
        self.run(|desk| async move { desk.all(&tenant, Kind::Group).await })
    }

    fn create_group(&self, tenant: TenantId, group: Group) -> Reply<()> {
        let group = [group];
        self.change(tenant, move |sheet| groups::create_all(sheet, &group))
    }

    fn set_group(&self, tenant: TenantId, group: Group) -> Reply<()> {
        self.change(tenant, move |sheet| groups::update(sheet, &group))
    }

    fn delete_group(&self, tenant: TenantId, group: String) -> Reply<()> {
        self.change(tenant, move |sheet| groups::delete(sheet, &group))
    }

    fn staff(&self, tenant: TenantId) -> Reply<Vec<StaffMember>> {
        self.run(|desk| async move { desk.staff(&tenant).await })
    }

    fn create_staff(&self, tenant: TenantId, new: NewStaff) -> Reply<()> {
        self.change(tenant, move |sheet| staff::create(sheet, &new))
    }

    fn set_staff(&self, tenant: TenantId, member: StaffMember) -> Reply<()> {
        self.change(tenant, move |sheet| staff::update(sheet, &member))
    }

    fn set_password(&self, tenant: TenantId, agent: AgentId, hash: String) -> Reply<()> {
        self.change(tenant, move |sheet| {
            staff::set_password(sheet, &agent, &hash)
        })
    }

    fn credentials(&self, tenant: TenantId, agent: AgentId) -> Reply<Option<Credentials>> {
        self.run(|desk| async move {
            let hired: Option<Hired> = desk.one(&tenant, Kind::Staff, agent.as_str()).await?;
            let active = hired.filter(|hired| hired.member.active);
            Ok(active.map(|Hired { member, hash, .. }| Credentials { member, hash }))
        })
    }

    fn open_session(&self, session: StaffSession, now: Millis) -> Reply<()> {
        self.run(|desk| async move { sessions::open(&desk, &session, now).await })
    }

    fn session(&self, digest: Digest, now: Millis) -> Reply<Option<(StaffSession, StaffMember)>> {
        self.run(|desk| async move { sessions::find(&desk, digest, now).await })
    }

    fn close_session(&self, digest: Digest) -> Reply<()> {
        self.run(|desk| async move { sessions::close(&desk, digest).await })
    }

    fn articles(
        &self,
        tenant: TenantId,
        after: Option<String>,
        limit: usize,
    ) -> Reply<Vec<Article>> {
        self.run(|desk| async move {
            let after = after.unwrap_or_default();
            desk.articles(&tenant, &after, limit).await
        })
    }

    fn article(&self, tenant: TenantId, key: String) -> Reply<Option<Article>> {
        self.run(|desk| async move { desk.article(&tenant, key).await })
    }

    fn article_versions(&self, tenant: TenantId, key: String) -> Reply<Vec<ArticleVersion>> {
        self.run(|desk| async move { desk.article_versions(&tenant, &key).await })
    }

    fn save_article(
        &self,
        tenant: TenantId,
        key: String,
        version: ArticleVersion,
        on: Option<u64>,
    ) -> Reply<Article> {
        // A draft shows nowhere, so it is no change of the revision.
        self.run(|desk| async move {
            let saving = |sheet: &mut Sheet| articles::save(sheet, &key, &version, on);
            let head = edit(&desk, &tenant, Shows::No, saving).await?;
            Ok(head.with(key, version.body))
        })
    }

    fn publish_article(
        &self,
        tenant: TenantId,
        key: String,
        version: Option<u64>,
    ) -> Reply<Article> {
        self.run(|desk| async move {
            let publishing = |sheet: &mut Sheet| articles::publish(sheet, &key, version);
            let head = edit(&desk, &tenant, Shows::Yes, publishing).await?;
            let article = desk.article_of(&tenant, key, head).await?;
            article.ok_or_else(|| DeskRefusal::NotFound.into())
        })
    }

    fn delete_article(&self, tenant: TenantId, key: String) -> Reply<()> {
        self.change(tenant, move |sheet| articles::delete(sheet, &key))
    }

    fn knowledge(
        &self,
        tenant: TenantId,
        serves: Option<u64>,
    ) -> Reply<Option<(u64, Vec<KnowledgeArticle>)>> {
        self.run(|desk| async move { desk.knowledge(&tenant, serves).await })
    }

    fn canned_replies(&self, tenant: TenantId, member: AgentId) -> Reply<Vec<CannedReply>> {
        self.run(|desk| async move { desk.canned_replies(&tenant, &member).await })
    }

    fn canned_reply(&self, tenant: TenantId, id: String) -> Reply<Option<CannedReply>> {
        self.run(|desk| async move { desk.canned_reply(&tenant, &id).await })
    }

    fn create_canned_reply(&self, tenant: TenantId, reply: CannedReply) -> Reply<()> {
        self.write(tenant, move |sheet| canned::create(sheet, &reply))
    }

    fn set_canned_reply(&self, tenant: TenantId, reply: CannedReply) -> Reply<()> {
        self.write(tenant, move |sheet| canned::update(sheet, &reply))
    }

    fn delete_canned_reply(&self, tenant: TenantId, id: String) -> Reply<()> {
        self.write(tenant, move |sheet| canned::delete(sheet, &id))
    }

    fn claim(
        &self,
        tenant: TenantId,
        actor: String,
        key: String,
        digest: Digest,
        now: Millis,
    ) -> Reply<Claim> {
        let of = Key { tenant, actor, key };
        self.run(|desk| async move { idempotency::claim(&desk, &of, digest, now).await })
    }

    fn settle(
        &self,
        tenant: TenantId,
        actor: String,
        key: String,
        answer: Option<(u16, Vec<u8>)>,
    ) -> Reply<()> {
        let of = Key { tenant, actor, key };
        self.run(|desk| async move { idempotency::settle(&desk, &of, answer).await })
    }

    fn audit(&self, record: AuditRecord) -> Reply<()> {
        self.run(|desk| async move { journal::append(&desk, &record).await })
    }

    fn audit_log(
        &self,
        tenant: TenantId,
        before: Option<u64>,
        limit: usize,
    ) -> Reply<Vec<AuditLine>> {
        self.run(|desk| async move { journal::list(&desk, &tenant, before, limit).await })
    }

    fn export(&self, tenant: TenantId) -> Reply<Option<WholeTenant>> {
        self.run(|desk| async move { whole::export(&desk, &tenant).await })
    }

    fn import(&self, tenant: WholeTenant) -> Reply<()> {
        self.run(|desk| async move { whole::import(&desk, &tenant).await })
    }

    fn import_audit(&self, tenant: TenantId, lines: Vec<AuditRecord>, before: u64) -> Reply<()> {
        self.run(|desk| async move { whole::import_audit(&desk, &tenant, lines, before).await })
    }
}
