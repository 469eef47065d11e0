//! Rows in, views out: a snapshot to whoever begins to watch, then differences.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;

use crate::aggregate::{Aggregate, Context};
use crate::conversation::Entry;
use crate::directory::AgentProfile;
use crate::effect::{Effect, Push};
use crate::ids::{AgentId, Millis, Seq, SessionId, TenantId};
use crate::limits::{
    BOARD_SUBSCRIBERS_MAX, BOARD_TICK_MS, BOARD_VIEW_ROWS, BOARD_VIEWS_A_TICK, BOARD_WATCH_MS,
};

use super::note::{BoardView, Note, Scope};
use super::rows::{Rows, Subject, VERSION_STEP};

type Turn = crate::aggregate::Turn<Infallible>;

/// The live picture of one tenant. Owns nothing durable: it asks everybody when it begins.
pub struct Board {
    tenant: TenantId,
    rows: Rows,
    subscribers: BTreeMap<SessionId, Subscriber>,
    tick_at: Millis,
}

#[derive(Debug)]
struct Subscriber {
    scope: Scope,
    seen_at: Millis,
    /// Version of the last view sent; `None` before the first.
    has: Option<u64>,
    /// Rows of a long view not sent yet, and the version they lead to.
    pending: VecDeque<Subject>,
    towards: u64,
}

impl Aggregate for Board {
    type Key = TenantId;
    type Event = Infallible;
    type Note = Note;

    fn empty(tenant: TenantId) -> Self {
        Self {
            tenant,
            rows: Rows::default(),
            subscribers: BTreeMap::new(),
            tick_at: Millis(0),
        }
    }

    fn replay(&mut self, entry: &Arc<Entry<Infallible>>) {
        match entry.event {}
    }

    fn recovered(&mut self, context: &Context, turn: &mut Turn) {
        self.rows.begin(context.now.0);
        self.tick_at = context.now;
        turn.effects.push(Effect::Rally(self.tenant.clone()));
    }

    fn apply(&mut self, context: &Context, note: Note, turn: &mut Turn) {
        match note {
            Note::Conversation(summary) => self.rows.conversation(summary),
            Note::Agent {
                agent,
                availability,
            } if self.lists(context, &agent) => self.rows.agent(agent, availability),
            Note::Agent { .. } => {}
            Note::Queue { group, stats } => self.rows.queue(group, stats),
            Note::Watch {
                session,
                scope,
                have,
            } => self.watch(context, session, scope, have, turn),
            Note::Unwatch { session } => {
                self.subscribers.remove(&session);
            }
            Note::Wake => self.drop_silent(context.now),
        }
        if context.now >= self.tick_at && self.has_work() {
            self.tick_at = context.now.plus(BOARD_TICK_MS);
            self.tick(context, turn);
        } else if self.subscribers.is_empty() && self.rows.is_heavy() {
            self.rows.seal();
        }
    }

    fn wake() -> Note {
        Note::Wake
    }

    fn wake_at(&self) -> Option<Millis> {
        if self.has_work() {
            return Some(self.tick_at);
        }
        let silent = self
            .subscribers
            .values()
            .map(|subscriber| subscriber.seen_at);
        silent.min().map(|seen_at| seen_at.plus(BOARD_WATCH_MS))
    }

    fn may_passivate(&self, _now: Millis) -> bool {
        self.subscribers.is_empty() && self.rows.is_empty()
    }

    fn last(&self) -> Seq {
        Seq(0)
    }
}

impl Board {
    /// Agents that the tenant has, and of its staff those alone that take work.
    fn lists(&self, context: &Context, agent: &AgentId) -> bool {
        let tenant = context.directory.tenant(&self.tenant);
        let profile = tenant.and_then(|tenant| tenant.agents.get(agent));
        profile.is_some_and(AgentProfile::takes_work)
    }

    fn watch(
        &mut self,
        context: &Context,
        session: SessionId,
        scope: Scope,
        have: Option<u64>,
        turn: &mut Turn,
    ) {
        let now = context.now;
        let known = self.subscribers.get_mut(&session);
        if let Some(subscriber) = known.filter(|subscriber| subscriber.scope == scope) {
            subscriber.seen_at = now;
            // The rest of a long view is still on its way: what it has is not what it will have.
            if subscriber.pending.is_empty() && subscriber.has != have {
                subscriber.has = have;
                self.update(context, session, turn);
            }
            return;
        }
        self.drop_silent(now);
        if self.subscribers.is_empty() {
            // Nobody needs the difference: without this the newcomer would get all rows twice.
            self.rows.seal();
        }
        let full = self.subscribers.len() >= BOARD_SUBSCRIBERS_MAX;
        if full && !self.subscribers.contains_key(&session) {
            return;
        }
        let subscriber = Subscriber {
            scope,
            seen_at: now,
            has: have,
            pending: VecDeque::new(),
            towards: 0,
        };
        self.subscribers.insert(session, subscriber);
        self.update(context, session, turn);
    }

    /// Work for a tick: something changed and somebody watches, or a long view is under way.
    fn has_work(&self) -> bool {
        let watched = !self.subscribers.is_empty();
        let pending = |subscriber: &Subscriber| !subscriber.pending.is_empty();
        watched && (self.rows.is_dirty() || self.subscribers.values().any(pending))
    }

    fn tick(&mut self, context: &Context, turn: &mut Turn) {
        self.drop_silent(context.now);
        self.rows.seal();
        let sessions: Vec<SessionId> = self.subscribers.keys().copied().collect();
        for session in sessions {
            self.update(context, session, turn);
        }
    }

    fn drop_silent(&mut self, now: Millis) {
        self.subscribers
            .retain(|_, subscriber| now.since(subscriber.seen_at) < BOARD_WATCH_MS);
    }

    /// Goes on with a long view, or begins the next one where something changed.
    fn update(&mut self, context: &Context, session: SessionId, turn: &mut Turn) {
        let Some(subscriber) = self.subscribers.get_mut(&session) else {
            return;
        };
        let mut snapshot = false;
        if subscriber.pending.is_empty() {
            let tenant = context.directory.tenant(&self.tenant);
            let scope = &subscriber.scope;
            let known = subscriber
                .has
                .and_then(|has| self.rows.since(has, scope, tenant));
            snapshot = known.is_none();
            let subjects = known.unwrap_or_else(|| self.rows.all(scope, tenant));
            // Nothing of its scope: it is moved on only before its version is forgotten.
            let ageing = subscriber.has.is_some_and(|has| self.rows.is_ageing(has));
            if subjects.is_empty() && !snapshot && !ageing {
                return;
            }
            subscriber.pending = subjects.into();
            subscriber.towards = self.rows.version();
        }
        for part in 0..BOARD_VIEWS_A_TICK {
            let first = snapshot && part == 0;
            let view = subscriber.part(&self.rows, context.now, first);
            turn.effects
                .push(Effect::Push(session, Push::Board(Arc::new(view))));
            if subscriber.pending.is_empty() {
                return;
            }
        }
    }
}

impl Subscriber {
    /// The next rows, as they stand now. Only the last part leads to a version that a difference
    /// can be made from; the parts before lead to versions of their own, so that one lost on the
    /// way is noticed.
    fn part(&mut self, rows: &Rows, now: Millis, first: bool) -> BoardView {
        let count = self.pending.len().min(BOARD_VIEW_ROWS);
        let subjects: Vec<Subject> = self.pending.drain(..count).collect();
        let since = if first { None } else { self.has };
        let version = match (self.pending.is_empty(), since) {
            (true, _) => self.towards,
            (false, None) => self.towards - VERSION_STEP + 1,
            (false, Some(since)) => since + 1,
        };
        self.has = Some(version);
        let mut view = BoardView {
            version,
            since,
            at: now,
            conversations: Vec::new(),
            agents: Vec::new(),
            queues: Vec::new(),
        };
        for subject in subjects {
            match subject {
                Subject::Conversation(id) => view.conversations.extend(rows.summary(&id).cloned()),
                Subject::Agent(agent) => {
                    let availability = rows.availability(&agent).cloned();
                    view.agents
                        .extend(availability.map(|availability| (agent, availability)));
                }
                Subject::Queue(group) => {
                    let stats = rows.stats(&group).cloned();
                    view.queues.extend(stats.map(|stats| (group, stats)));
                }
            }
        }
        view
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
