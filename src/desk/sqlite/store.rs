//! The port on SQLite: each method is one job in the reader's or the writer's lane.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use crest_actors::directory::Directory;
use crest_actors::ids::{AgentId, Millis, TenantId};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::watch;

use super::lane::Lane;
use super::{
    articles, canned, groups, idempotency, journal, migrations, sessions, staff, tenants, whole,
};
use crate::desk::failure::{DeskError, DeskFailure};
use crate::desk::port::{DeskStore, Reply};
use crate::desk::records::{
    Article, ArticleVersion, AuditLine, AuditRecord, CannedReply, Claim, Credentials, Digest,
    Group, Installation, KnowledgeArticle, NewStaff, SigningKey, StaffMember, StaffSession, Tenant,
    WholeTenant,
};

/// The desk in `desk.db`. Dropping it finishes the writes already asked for.
pub struct SqliteDesk {
    writer: Lane,
    reader: Lane,
    revision: Arc<watch::Sender<u64>>,
}

impl SqliteDesk {
    /// In the data folder.
    pub const FILE_NAME: &str = "desk.db";

    /// Opens or makes `desk.db` in this directory. Refuses a file of a newer version.
    pub fn open(directory: &Path) -> Result<Self, DeskFailure> {
        // Hashes and signing secrets live here: a directory we make is its owner's alone.
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
        let path = directory.join(Self::FILE_NAME);
        let mut writer = connect(&path)?;
        migrations::migrate(&mut writer)?;
        let revision = match tenants::revision(&writer) {
            Ok(revision) => revision,
            Err(DeskError::Failed(failure)) => return Err(failure),
            Err(DeskError::Refused(refusal)) => {
                unreachable!("reading refuses nothing: {refusal:?}")
            }
        };
        let reader = connect(&path)?;
        reader.pragma_update(None, "query_only", true)?;
        Ok(Self {
            writer: Lane::start("desk-writer", writer)?,
            reader: Lane::start("desk-reader", reader)?,
            revision: Arc::new(watch::Sender::new(revision)),
        })
    }

    fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T, DeskError> + Send + 'static,
    ) -> Reply<T> {
        self.reader.run(job)
    }

    /// One transaction: committed where `job` succeeds, rolled back otherwise.
    fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Transaction<'_>) -> Result<T, DeskError> + Send + 'static,
    ) -> Reply<T> {
        self.writer.run(move |connection| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = job(&tx)?;
            tx.commit()?;
            Ok(done)
        })
    }

    /// A write that the directory or the knowledge shows.
    fn change<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Transaction<'_>) -> Result<T, DeskError> + Send + 'static,
    ) -> Reply<T> {
        let told = self.revision.clone();
        self.writer.run(move |connection| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = job(&tx)?;
            let revision = tenants::advance(&tx)?;
            tx.commit()?;
            told.send_replace(revision);
            Ok(done)
        })
    }
}

fn connect(path: &Path) -> Result<Connection, DeskFailure> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "busy_timeout", 5_000)?;
    Ok(connection)
}

impl DeskStore for SqliteDesk {
    fn changes(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    fn directory(&self) -> Reply<Directory> {
        self.read(tenants::directory)
    }

    fn secret(&self, name: &'static str, fresh: Digest) -> Reply<Digest> {
        self.write(move |tx| tenants::secret(tx, name, fresh))
    }

    fn install(&self, installation: Installation) -> Reply<()> {
        self.change(move |tx| tenants::install(tx, &installation))
    }

    fn tenant(&self, tenant: TenantId) -> Reply<Option<Tenant>> {
        self.read(move |db| tenants::find(db, &tenant))
    }

    fn set_tenant(&self, tenant: Tenant) -> Reply<()> {
        self.change(move |tx| tenants::update(tx, &tenant))
    }

    fn signing_keys(&self, tenant: TenantId) -> Reply<Vec<SigningKey>> {
        self.read(move |db| tenants::keys(db, &tenant))
    }

    fn set_signing_key(&self, tenant: TenantId, key: SigningKey) -> Reply<()> {
        self.change(move |tx| tenants::set_key(tx, &tenant, &key))
    }

    fn delete_signing_key(&self, tenant: TenantId, kid: String) -> Reply<()> {
        self.change(move |tx| tenants::delete_key(tx, &tenant, &kid))
    }

    fn groups(&self, tenant: TenantId) -> Reply<Vec<Group>> {
        self.read(move |db| groups::list(db, &tenant))
    }

    fn create_group(&self, tenant: TenantId, group: Group) -> Reply<()> {
        self.change(move |tx| groups::create_all(tx, &tenant, &[group]))
    }

    fn set_group(&self, tenant: TenantId, group: Group) -> Reply<()> {
        self.change(move |tx| groups::update(tx, &tenant, &group))
    }

    fn delete_group(&self, tenant: TenantId, group: String) -> Reply<()> {
        self.change(move |tx| groups::delete(tx, &tenant, &group))
    }

    fn staff(&self, tenant: TenantId) -> Reply<Vec<StaffMember>> {
        self.read(move |db| staff::list(db, &tenant))
    }

    fn create_staff(&self, tenant: TenantId, new: NewStaff) -> Reply<()> {
        self.change(move |tx| staff::create(tx, &tenant, &new))
    }

    fn set_staff(&self, tenant: TenantId, member: StaffMember) -> Reply<()> {
        self.change(move |tx| staff::update(tx, &tenant, &member))
    }

    fn set_password(&self, tenant: TenantId, agent: AgentId, hash: String) -> Reply<()> {
        self.change(move |tx| staff::set_password(tx, &tenant, &agent, &hash))
    }

    fn credentials(&self, tenant: TenantId, agent: AgentId) -> Reply<Option<Credentials>> {
        self.read(move |db| staff::credentials(db, &tenant, &agent))
    }

    fn open_session(&self, session: StaffSession, now: Millis) -> Reply<()> {
        self.write(move |tx| sessions::open(tx, &session, now))
    }

    fn session(&self, digest: Digest, now: Millis) -> Reply<Option<(StaffSession, StaffMember)>> {
        self.read(move |db| sessions::find(db, &digest, now))
    }

    fn close_session(&self, digest: Digest) -> Reply<()> {
        self.write(move |tx| sessions::close(tx, &digest))
    }

    fn articles(
        &self,
        tenant: TenantId,
        after: Option<String>,
        limit: usize,
    ) -> Reply<Vec<Article>> {
        self.read(move |db| articles::list(db, &tenant, after.as_deref(), limit))
    }

    fn article(&self, tenant: TenantId, key: String) -> Reply<Option<Article>> {
        self.read(move |db| articles::find(db, &tenant, &key))
    }

    fn article_versions(&self, tenant: TenantId, key: String) -> Reply<Vec<ArticleVersion>> {
        self.read(move |db| articles::versions(db, &tenant, &key))
    }

    fn save_article(
        &self,
        tenant: TenantId,
        key: String,
        version: ArticleVersion,
        on: Option<u64>,
    ) -> Reply<Article> {
        // A draft shows nowhere, so it is no change of the revision.
        self.write(move |tx| articles::save(tx, &tenant, &key, version, on))
    }

    fn publish_article(
        &self,
        tenant: TenantId,
        key: String,
        version: Option<u64>,
    ) -> Reply<Article> {
        self.change(move |tx| articles::publish(tx, &tenant, &key, version))
    }

    fn delete_article(&self, tenant: TenantId, key: String) -> Reply<()> {
        self.change(move |tx| articles::delete(tx, &tenant, &key))
    }

    fn knowledge(
        &self,
        tenant: TenantId,
        serves: Option<u64>,
    ) -> Reply<Option<(u64, Vec<KnowledgeArticle>)>> {
        self.read(move |db| articles::knowledge(db, &tenant, serves))
    }

    fn canned_replies(&self, tenant: TenantId, member: AgentId) -> Reply<Vec<CannedReply>> {
        self.read(move |db| canned::list(db, &tenant, &member))
    }

    fn canned_reply(&self, tenant: TenantId, id: String) -> Reply<Option<CannedReply>> {
        self.read(move |db| canned::find(db, &tenant, &id))
    }

    fn create_canned_reply(&self, tenant: TenantId, reply: CannedReply) -> Reply<()> {
        self.write(move |tx| canned::create(tx, &tenant, &reply))
    }

    fn set_canned_reply(&self, tenant: TenantId, reply: CannedReply) -> Reply<()> {
        self.write(move |tx| canned::update(tx, &tenant, &reply))
    }

    fn delete_canned_reply(&self, tenant: TenantId, id: String) -> Reply<()> {
        self.write(move |tx| canned::delete(tx, &tenant, &id))
    }

    fn claim(
        &self,
        tenant: TenantId,
        actor: String,
        key: String,
        digest: Digest,
        now: Millis,
    ) -> Reply<Claim> {
        self.write(move |tx| idempotency::claim(tx, &tenant, &actor, &key, &digest, now))
    }

    fn settle(
        &self,
        tenant: TenantId,
        actor: String,
        key: String,
        answer: Option<(u16, Vec<u8>)>,
    ) -> Reply<()> {
        self.write(move |tx| idempotency::settle(tx, &tenant, &actor, &key, answer))
    }

    fn audit(&self, record: AuditRecord) -> Reply<()> {
        self.write(move |tx| journal::append(tx, &record))
    }

    fn audit_log(
        &self,
        tenant: TenantId,
        before: Option<u64>,
        limit: usize,
    ) -> Reply<Vec<AuditLine>> {
        self.read(move |db| journal::list(db, &tenant, before, limit))
    }

    fn export(&self, tenant: TenantId) -> Reply<Option<WholeTenant>> {
        self.read(move |db| whole::export(db, &tenant))
    }

    fn import(&self, tenant: WholeTenant) -> Reply<()> {
        self.change(move |tx| whole::import(tx, &tenant))
    }

    fn import_audit(&self, tenant: TenantId, lines: Vec<AuditRecord>, before: u64) -> Reply<()> {
        self.write(move |tx| whole::import_audit(tx, &tenant, &lines, before))
    }
}
