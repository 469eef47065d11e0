//! The actix shell of every actor: receive a note, apply it, hand over what it led to. Nothing else.

use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, ActorContext, AsyncContext, Context, StreamHandler};

use crate::aggregate::Turn;
use crate::ids::Token;
use crate::ports::Stored;

use super::Hub;
use super::kind::Kind;
use super::lane::{Item, Lane, LaneStream};
use super::timers::Armed;

/// One life of an actor: from a replay to its end.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    pub instance: u64,
    /// Its right to append.
    pub token: Token,
}

/// An aggregate between its lane and its hub.
pub struct Entity<A: Kind> {
    hub: Rc<Hub>,
    key: A::Key,
    state: A,
    life: Life,
    lane: Rc<Lane<A::Note>>,
    /// What `started` replays.
    records: Vec<Stored>,
    /// What it kept while it rested; taken up after the replay. Then what it keeps when it ends.
    rest: Option<Box<A::Rest>>,
    /// Number of the newest batch that holds records of this life; 0 for none.
    in_flight: u64,
    armed: Option<Armed>,
    ended: bool,
}

impl<A: Kind> Entity<A> {
    pub(super) fn new(
        hub: Rc<Hub>,
        key: A::Key,
        life: Life,
        lane: Rc<Lane<A::Note>>,
        records: Vec<Stored>,
        rest: Option<Box<A::Rest>>,
    ) -> Self {
        Self {
            hub,
            state: A::empty(key.clone()),
            key,
            life,
            lane,
            records,
            rest,
            in_flight: 0,
            armed: None,
            ended: false,
        }
    }

    fn turn(&mut self, step: impl FnOnce(&mut A, &crate::aggregate::Context, &mut Turn<A::Event>)) {
        let context = self.hub.context();
        let mut turn = Turn::default();
        step(&mut self.state, &context, &mut turn);
        self.in_flight = self
            .hub
            .commit::<A>(&self.key, self.life, self.in_flight, turn);
        self.lane.last.set(self.state.last().0);
        let idle = context.now.plus(self.state.linger_ms());
        let due = self.state.wake_at().map_or(idle, |at| at.min(idle));
        let armed = self.hub.arm(self.armed, due, || A::address(&self.key));
        self.armed = Some(armed);
    }

    /// Looks at the deadline: due, not yet, or nothing to stay in memory for.
    fn check(&mut self, ctx: &mut Context<Self>) {
        self.armed = None;
        let now = self.hub.now();
        if self.state.wake_at().is_some_and(|at| at <= now) {
            return self.turn(|state, context, turn| state.apply(context, A::wake(), turn));
        }
        let settled = self.in_flight <= self.hub.released() && self.lane.is_empty();
        if settled {
            self.rest = self.state.rest(now).map(Box::new);
        }
        if !settled || self.rest.is_none() && !self.state.may_passivate(now) {
            let idle = now.plus(self.state.linger_ms());
            let due = self.state.wake_at().map_or(idle, |at| at.min(idle));
            self.armed = Some(self.hub.arm(None, due, || A::address(&self.key)));
            return;
        }
        if let Some(at) = self.state.wake_at() {
            self.hub.arm(None, at, || A::address(&self.key));
        }
        self.ended = true;
        ctx.stop();
    }
}

impl<A: Kind> Actor for Entity<A> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        for stored in std::mem::take(&mut self.records) {
            match A::decode(self.hub.codec(), &stored) {
                Ok(entry) => self.state.replay(&Arc::new(entry)),
                Err(reason) => panic!(
                    "stored event of {:?} cannot be read: {reason}",
                    A::address(&self.key)
                ),
            }
        }
        if let Some(rest) = self.rest.take() {
            self.state.resume(*rest);
        }
        self.turn(|state, context, turn| state.recovered(context, turn));
        ctx.add_stream(LaneStream(self.lane.clone()));
    }
}

impl<A: Kind> StreamHandler<Item<A::Note>> for Entity<A> {
    fn handle(&mut self, item: Item<A::Note>, ctx: &mut Self::Context) {
        match item {
            Item::Note(note) => self.turn(|state, context, turn| state.apply(context, note, turn)),
            Item::Check => self.check(ctx),
        }
    }

    /// The lane was closed: this life is over, its region knows.
    fn finished(&mut self, ctx: &mut Self::Context) {
        self.ended = true;
        ctx.stop();
    }
}

/// The exit guard: whatever way a life ends, its region hears of it.
impl<A: Kind> Drop for Entity<A> {
    fn drop(&mut self) {
        let (hub, key, instance) = (self.hub.clone(), self.key.clone(), self.life.instance);
        let (ended, rest) = (self.ended, self.rest.take());
        if !ended {
            hub.bury(instance);
        }
        // In a task of its own: this may run inside an unwind or inside the region's own call.
        self.hub.later(move |hub| {
            if ended {
                A::region(hub).passivated(hub, &key, instance, rest);
            } else {
                A::region(hub).died(hub, &key, instance);
            }
        });
        drop(hub);
    }
}
