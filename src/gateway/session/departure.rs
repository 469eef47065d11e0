//! Who has to go: everybody when the node stops, staff whose login no longer stands.

use std::rc::Rc;
use std::time::Duration;

use crest_schema::codes::Close;

use super::entry::Session;
use super::limits::STANDING_CHECK_MS;
use super::sessions::Sessions;

impl Sessions {
    /// Takes no new conversations, tells every client when to come back, spread over `spread_ms`,
    /// and closes once what was asked is answered or `grace` is over.
    pub async fn drain(self: Rc<Self>, grace: Duration, spread_ms: u32) {
        self.draining.set(true);
        let deadline = tokio::time::Instant::now() + grace;
        loop {
            let busy = self
                .table
                .borrow()
                .values()
                .any(|entry| entry.session.unanswered() > 0);
            if (!busy && self.hub.is_settled()) || tokio::time::Instant::now() >= deadline {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let ids: Vec<_> = self.table.borrow().keys().copied().collect();
        let count = ids.len().max(1) as u64;
        for (place, id) in ids.into_iter().enumerate() {
            let retry_after_ms = (u64::from(spread_ms) * place as u64 / count) as u32;
            self.close(id, Close::GoingAway, Some(retry_after_ms));
        }
    }

    /// Closes staff whose login ended or was taken away. Runs for the life of the arbiter.
    pub async fn keep_checking(self: Rc<Self>) {
        let mut ticks = tokio::time::interval(Duration::from_millis(STANDING_CHECK_MS));
        loop {
            ticks.tick().await;
            let staff: Vec<_> = (self.table.borrow().iter())
                .filter_map(|(id, entry)| match &entry.session {
                    Session::Staff(staff) => Some((*id, staff.login(), staff.role())),
                    _ => None,
                })
                .collect();
            for (id, login, role) in staff {
                if !self.doors.stands(login, role, self.hub.now()).await {
                    self.close(id, Close::Revoked, None);
                }
            }
        }
    }
}
