//! Who has to go: everybody when the node stops, staff whose login no longer stands.

use std::rc::Rc;
use std::time::Duration;

use crest_actors::ids::{SessionId, Shard};
use crest_schema::codes::Close;

use super::entry::Session;
use super::limits::{MOVED_LOT, MOVED_PAUSE, RETURN_SPREAD_MS, STANDING_CHECK_MS};
use super::sessions::Sessions;

/// When this session's client should come back to a node that stops: those of one node spread
/// evenly over [`RETURN_SPREAD_MS`], whatever order they ask in.
pub fn return_after(id: SessionId) -> u32 {
    // Multiplied by the golden ratio of 2^32, neighbouring slots land far from each other.
    let place = u64::from(id.slot.wrapping_mul(0x9E37_79B9));
    ((place * u64::from(RETURN_SPREAD_MS)) >> 32) as u32
}

impl Sessions {
    /// Takes nobody and no new conversations from now on, and closes every connection once what was
    /// asked is answered or `grace` is over, each told when to come back.
    pub async fn drain(self: Rc<Self>, grace: Duration) {
        self.draining.set(true);
        self.climb(0);
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
        self.send_away();
    }

    /// Closes every connection, each told when to come back.
    pub fn send_away(self: &Rc<Self>) {
        let ids: Vec<_> = self.table.borrow().keys().copied().collect();
        for id in ids {
            self.close(id, Close::GoingAway, Some(return_after(id)));
        }
    }

    /// These shards have other owners now, here or elsewhere: sessions hold on to them anew. Who
    /// waits for an answer does at once; the others a lot at a time, so that the former are served
    /// first: each may cost the new owner the reading of a log.
    pub async fn follow_moved(self: Rc<Self>, shards: Vec<Shard>) {
        let moved = |shard: Shard| shards.contains(&shard);
        let (waiting, idle): (Vec<_>, Vec<_>) = (self.table.borrow().iter())
            .map(|(id, entry)| (*id, entry.session.unanswered()))
            .partition(|(_, unanswered)| *unanswered > 0);
        let lots = std::iter::once(&waiting[..]).chain(idle.chunks(MOVED_LOT));
        for lot in lots {
            for (id, _) in lot {
                self.with(*id, |session, turn| match session {
                    Session::Customer(customer) => customer.moved(&moved, turn),
                    Session::Staff(staff) => staff.moved(&moved, turn),
                    Session::Greeting | Session::Moving => {}
                });
            }
            tokio::time::sleep(MOVED_PAUSE).await;
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
