//! The desk of each tenant: settings, skill groups, staff, articles, canned replies, staff logins,
//! answers given once, and the audit log.
//!
//! Here: the records, the port [`DeskStore`], its engines (SQLite, a file beside the log; CQL, a
//! keyspace that the nodes of a cluster share), the fold into [`crest_actors::directory::Directory`], the demo tenant. Not here: what was said
//! (the log has it), who may do what (`auth`), HTTP.

pub mod cql;
mod directory;
mod failure;
pub mod knowledge;
pub mod limits;
mod port;
mod records;
pub mod seed;
pub mod seed_copies;
mod settings;
pub mod sqlite;

pub use cql::CqlDesk;
pub use failure::{DeskError, DeskFailure, DeskRefusal};
pub use port::{DeskStore, Reply};
pub use records::{
    Algorithm, Article, ArticleVersion, AuditLine, AuditRecord, CannedReply, CannedScope, Claim,
    Credentials, Digest, Group, Installation, KnowledgeArticle, NewStaff, Overflow, SigningKey,
    StaffMember, StaffRole, StaffSession, Tenant, WholeArticle, WholeTenant,
};
pub use settings::{BoostSettings, TenantSettings, TimingSettings};
pub use sqlite::SqliteDesk;

#[cfg(test)]
pub(crate) mod tests;
