//! Time for sessions: who repeats what and when, and how late the arbiter is.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use crest_actors::ids::{Millis, SessionId};
use crest_schema::codes::Close;

use super::entry::{Entry, Session};
use super::limits::BEAT_TICK_MS;
use super::overload::Pressure;
use super::sessions::Sessions;

/// When each session wants to repeat something; one time a session at most.
#[derive(Debug, Default)]
pub struct Beats(BTreeSet<(Millis, SessionId)>);

impl Beats {
    pub fn add(&mut self, at: Millis, id: SessionId) {
        self.0.insert((at, id));
    }

    pub fn remove(&mut self, at: Millis, id: SessionId) {
        self.0.remove(&(at, id));
    }

    fn take_due(&mut self, now: Millis) -> Option<SessionId> {
        let first = self.0.first().copied().filter(|(at, _)| *at <= now)?;
        self.0.remove(&first);
        Some(first.1)
    }
}

impl Sessions {
    /// Beats of every session that is due, and the ladder. Runs for the life of the arbiter.
    pub async fn keep_beating(self: Rc<Self>) {
        let mut ticks = tokio::time::interval(Duration::from_millis(BEAT_TICK_MS));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut expected = self.hub.now().plus(BEAT_TICK_MS);
        loop {
            ticks.tick().await;
            let now = self.hub.now();
            let late_ms = now.since(expected);
            expected = now.plus(BEAT_TICK_MS);
            self.climb(late_ms);
            while let Some(due) = self.next_due(now) {
                self.beat(due);
            }
        }
    }

    /// Keeps one time a session, the earliest it asks for.
    pub(super) fn schedule(&self, id: SessionId) {
        if let Some(entry) = self.table.borrow_mut().get_mut(&id) {
            self.reschedule(id, entry);
        }
    }

    pub(super) fn reschedule(&self, id: SessionId, entry: &mut Entry) {
        // Later is left to the beat itself, which asks again: most turns only move it further away.
        let (Some(wanted), sooner) = (entry.session.beat_at(), entry.beat_at) else {
            return;
        };
        if sooner.is_some_and(|at| at <= wanted) {
            return;
        }
        let mut beats = self.beats.borrow_mut();
        if let Some(old) = sooner {
            beats.remove(old, id);
        }
        beats.add(wanted, id);
        entry.beat_at = Some(wanted);
    }

    pub(super) fn climb(&self, late_ms: u64) {
        let pressure = Pressure {
            unsubmitted: self.hub.unsubmitted(),
            late_ms,
            draining: self.draining.get(),
        };
        let ladder = self.ladder.get().next(pressure);
        if ladder != self.ladder.replace(ladder) {
            tracing::warn!(
                arbiter = self.hub.arbiter(),
                rung = ladder.rung(),
                ?pressure,
                "degradation ladder moved"
            );
        }
    }

    fn next_due(&self, now: Millis) -> Option<SessionId> {
        self.beats.borrow_mut().take_due(now)
    }

    fn beat(self: &Rc<Self>, id: SessionId) {
        let mut late = false;
        if let Some(entry) = self.table.borrow_mut().get_mut(&id) {
            entry.beat_at = None;
            late = matches!(entry.session, Session::Greeting);
        }
        if late {
            return self.close(id, Close::HelloTimeout, None);
        }
        self.with(id, |session, turn| match session {
            Session::Customer(customer) => customer.beat(turn),
            Session::Staff(staff) => staff.beat(turn),
            Session::Greeting | Session::Moving => {}
        });
    }
}
