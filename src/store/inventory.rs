//! What moving a tenant between stores needs: which logs it has, and each of them whole.

use crest_actors::ids::{Millis, TenantId};
use crest_actors::ports::{LogId, StoreFailure, Stored};

use super::engine::Engine;

/// A log store that can be walked without a trace. Everything here blocks, and is exact only while
/// nobody else writes the logs in question.
pub trait Inventory: Engine {
    /// Every log of the tenant, in any order; all names are in memory at once (some 100 B each).
    fn logs(&self, tenant: &TenantId) -> Result<Vec<LogId>, StoreFailure>;

    /// A log from its first event, its chain of hashes checked on the way. Empty for an unknown one.
    fn whole(&self, log: &LogId) -> Result<Vec<Stored>, StoreFailure>;

    /// Is this log, by its age, one that is kept here?
    fn keeps(&self, _log: &LogId) -> bool {
        true
    }

    /// To be told before conversations are brought in that were born before the store was made; lists
    /// look no further back than they must.
    fn reach_back(&self, to: Millis) -> Result<(), StoreFailure>;
}
