//! The desk's revision, and how a node learns of other nodes' changes.
//!
//! It is 1 and the sum of the tenants' revisions, so it grows with each change of any, and no second
//! transaction is needed to count them. Before each change its revision is written to one small
//! partition, which every node reads twice a second: a tenant that may be ahead of what is known here
//! is then looked at in earnest. A writer that dies in between leaves a hint that is looked at in vain.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crest_actors::ids::TenantId;
use tokio::sync::watch;

use super::limits::LOOK_INTERVAL;
use super::tables::Tables;
use crate::desk::failure::DeskFailure;

/// What is known here of each tenant's revision.
pub struct Revisions {
    known: Mutex<BTreeMap<TenantId, u64>>,
    told: watch::Sender<u64>,
}

impl Default for Revisions {
    fn default() -> Self {
        Self {
            known: Mutex::default(),
            told: watch::Sender::new(sum(std::iter::empty())),
        }
    }
}

/// The desk's revision, from those of all tenants.
pub fn sum(revisions: impl Iterator<Item = u64>) -> u64 {
    1 + revisions.sum::<u64>()
}

impl Revisions {
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.told.subscribe()
    }

    /// The tenant has come so far at least.
    pub fn note(&self, tenant: &TenantId, revision: u64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = known.entry(tenant.clone()).or_default();
        if revision > *entry {
            *entry = revision;
            // Under the lock, so that what is told only grows.
            self.told.send_replace(sum(known.values().copied()));
        }
    }

    fn is_behind(&self, tenant: &TenantId, revision: u64) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(tenant).copied().unwrap_or_default() < revision
    }
}

/// Looks once for changes of other nodes.
pub async fn look(tables: &Tables, revisions: &Revisions) -> Result<(), DeskFailure> {
    for (tenant, hinted) in tables.hints().await? {
        if revisions.is_behind(&tenant, hinted) {
            revisions.note(&tenant, tables.stood(&tenant).await?.revision);
        }
    }
    Ok(())
}

/// Looks again and again.
pub async fn follow(tables: &Tables, revisions: &Revisions) {
    loop {
        tokio::time::sleep(LOOK_INTERVAL).await;
        if let Err(failure) = look(tables, revisions).await {
            tracing::debug!(%failure, "other nodes' changes of the desk cannot be seen for now");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_revision_grows_with_each_tenants_and_never_falls() {
        let revisions = Revisions::default();
        let mut told = revisions.subscribe();
        let (one, two) = (TenantId::new("one"), TenantId::new("two"));
        revisions.note(&one, 2);
        revisions.note(&two, 1);
        assert_eq!(*told.borrow_and_update(), 4);
        revisions.note(&one, 1);
        revisions.note(&two, 1);
        assert!(!told.has_changed().unwrap());
        assert!(revisions.is_behind(&one, 3) && !revisions.is_behind(&one, 2));
    }
}
