//! One actor: its value in memory and its durable log. Dying is dropping the first and replaying the second.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use crest_actors::agent::Agent;
use crest_actors::aggregate::{Aggregate, Context, Turn};
use crest_actors::conversation::{Conversation, Entry};
use crest_actors::customer::Customer;
use crest_actors::effect::Effect;

#[derive(Clone)]
pub struct Life<A: Aggregate> {
    pub value: A,
    pub log: Vec<Arc<Entry<A::Event>>>,
    /// What tells this life from another in the eyes of the exploration, once asked for.
    print: OnceLock<u64>,
}

/// An assertion of the actor's own failed.
pub struct Defect;

/// What a turn led to.
pub struct Step<E> {
    pub events: Vec<Arc<Entry<E>>>,
    pub effects: Vec<Effect>,
}

impl<A: Printed> Life<A> {
    pub fn new(key: A::Key, context: &Context) -> Self {
        let mut life = Self {
            value: A::empty(key),
            log: Vec::new(),
            print: OnceLock::new(),
        };
        life.value.recovered(context, &mut Turn::default());
        life
    }

    /// One turn whose events become durable.
    pub fn tell(&mut self, context: &Context, note: A::Note) -> Result<Step<A::Event>, Defect> {
        let turn = self.take_turn(context, note)?;
        self.log.extend(turn.events.iter().cloned());
        self.print = OnceLock::new();
        Ok(turn)
    }

    /// One turn whose append fails: what it decided is not in the log, and the value is lost.
    pub fn tell_in_vain(
        &mut self,
        context: &Context,
        note: A::Note,
    ) -> Result<Step<A::Event>, Defect> {
        self.take_turn(context, note)
    }

    /// A new value from `log`, which is the life's own but where a rule is broken on purpose.
    pub fn restart(
        &mut self,
        key: A::Key,
        log: &[Arc<Entry<A::Event>>],
        context: &Context,
    ) -> Result<Vec<Effect>, Defect> {
        let mut turn = Turn::default();
        let value = catch_unwind(AssertUnwindSafe(|| {
            let mut value = A::empty(key);
            log.iter().for_each(|entry| value.replay(entry));
            value.recovered(context, &mut turn);
            value
        }));
        self.value = value.map_err(|_| Defect)?;
        assert!(turn.events.is_empty(), "nothing happens by waking up");
        self.print = OnceLock::new();
        Ok(turn.effects)
    }

    pub fn print(&self) -> u64 {
        *self.print.get_or_init(|| self.value.print(&self.log))
    }

    fn take_turn(&mut self, context: &Context, note: A::Note) -> Result<Step<A::Event>, Defect> {
        let mut turn = Turn::default();
        let taken = catch_unwind(AssertUnwindSafe(|| {
            self.value.apply(context, note, &mut turn);
        }));
        taken.map_err(|_| Defect)?;
        Ok(Step {
            events: turn.events,
            effects: turn.effects,
        })
    }
}

/// A value reduced to what can make a difference while time stands still.
pub trait Printed: Aggregate {
    fn print(&self, log: &[Arc<Entry<Self::Event>>]) -> u64;
}

impl Printed for Conversation {
    /// Its memory is a function of its log: sessions only visit, and its beats do not run.
    fn print(&self, log: &[Arc<Entry<Self::Event>>]) -> u64 {
        hash(&log)
    }
}

impl Printed for Customer {
    fn print(&self, _log: &[Arc<Entry<Self::Event>>]) -> u64 {
        hash(self)
    }
}

impl Printed for Agent {
    /// What it holds and whether it is there. Two ledgers that hold the same are the same, however
    /// long they are; what conversations and sessions were last told is theirs to remember.
    fn print(&self, _log: &[Arc<Entry<Self::Event>>]) -> u64 {
        let held: Vec<_> = self.ledger().reservations().collect();
        hash(&(held, self.presence()))
    }
}

pub fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
