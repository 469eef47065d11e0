//! Moves a tenant from one store to another: its logs and its desk, compared afterwards.
//!
//! The tenant begins to exist at the target with the last step, so a copy that ended half-way is
//! simply made again. Not here: anything that keeps two stores alike, or deletes the tenant where it
//! was. Whoever is served meanwhile would not be: the nodes of both stores are stopped first.

mod desk;
mod ends;
mod failure;
mod logs;

use crest_actors::conversation::Summary;
use crest_actors::ids::{ConversationKey, TenantId};
use crest_actors::ports::Stored;

pub use desk::CopiedDesk;
pub use ends::End;
pub use failure::CopyFailure;
pub use logs::CopiedLogs;

/// What a conversation's whole log makes of its index row.
pub type Fold<'a> =
    &'a (dyn Fn(&ConversationKey, &[Stored]) -> Result<Option<Summary>, String> + Sync);

/// Hears how far it is: logs done, logs there are.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// What is at the target now, found equal to the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub logs: CopiedLogs,
    pub desk: CopiedDesk,
}

/// Copies the tenant. Blocks; must not be called on a thread that runs tasks.
pub fn copy(
    from: &End,
    to: &End,
    tenant: &TenantId,
    fold: Fold<'_>,
    progress: Progress<'_>,
) -> Result<Report, CopyFailure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    if from.is(to) {
        return Err(CopyFailure::Same);
    }
    let source = from.open_source()?;
    let target = to.open_target()?;
    let whole = runtime.block_on(desk::check(&source.desk, &target.desk, tenant))?;
    let logs = match &source.logs {
        Some(from) => logs::copy(from, &target.logs, tenant, fold, progress)?,
        None => CopiedLogs::default(),
    };
    let desk = runtime.block_on(desk::copy(&source.desk, &target.desk, whole))?;
    target.logs.close();
    Ok(Report { logs, desk })
}
