//! The way to sessions.

use crate::effect::Push;
use crate::ids::SessionId;

/// Delivers to sessions; best effort, in order per session, never blocking. A session that is gone
/// is ignored: sessions hold no truth and ask again for what they lack.
pub trait Outlet: 'static {
    fn push(&self, session: SessionId, push: Push);

    /// The same event to many: encoded once for each kind of viewer.
    fn publish(&self, publication: crate::effect::Publication);
}
