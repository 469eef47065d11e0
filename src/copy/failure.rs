//! Why a tenant was not copied.

use std::path::PathBuf;

use crest_actors::ids::TenantId;
use crest_actors::ports::StoreFailure;

use crate::desk::{DeskError, DeskFailure};
use crate::store::OpenFailure;
use crate::store::cql::CqlFailure;

/// The copy ended. Until the desk is written the tenant does not exist at the target, and the same
/// command may be given again once the reason is gone.
#[derive(Debug, thiserror::Error)]
pub enum CopyFailure {
    #[error("there is no store of Crest in {0}; name a node's data folder")]
    NoStore(PathBuf),
    #[error("both ends are the same store")]
    Same,
    #[error("the source has no tenant {tenant}; it has: {there}")]
    Unknown { tenant: TenantId, there: String },
    #[error(
        "the target has the tenant {0} already, and what is there is not touched; if this copy was made before, it is complete"
    )]
    There(TenantId),
    #[error(
        "{0} at the target has other events than at the source: not of an earlier copy of it; copy into a store that never had this tenant"
    )]
    Conflict(String),
    #[error(
        "{0} at the target is not equal to the source after it was written; keep the source, and tell us"
    )]
    Differs(String),
    #[error(
        "{0} changed at the source meanwhile; stop its nodes, and copy into a store that never had this tenant"
    )]
    Moving(&'static str),
    #[error("{log} cannot be folded: {why}")]
    Fold { log: String, why: String },
    #[error("the log store: {0}")]
    Log(#[from] StoreFailure),
    #[error(transparent)]
    Open(#[from] OpenFailure),
    #[error(transparent)]
    Cql(#[from] CqlFailure),
    #[error(transparent)]
    DeskOpen(#[from] DeskFailure),
    #[error("the desk: {0}")]
    Desk(#[from] DeskError),
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
}
