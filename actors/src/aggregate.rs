//! The shape every actor's state has: a pure machine that is replayed from its log and told notes.

use std::sync::Arc;

use crate::conversation::{Entry, Summary};
use crate::directory::Directory;
use crate::effect::Effect;
use crate::ids::{Millis, Seq};
use crate::limits::PASSIVATE_AFTER_MS;

/// What a turn may look at besides the state: time, configuration and randomness come in with it.
pub struct Context {
    pub now: Millis,
    pub directory: Arc<Directory>,
    /// Fresh for each turn.
    pub random: [u8; 16],
}

/// Where a turn puts what it decided.
///
/// `events` are already folded into the state and become durable together; `effects` are carried
/// out only after that. If the append fails, the state is thrown away and replayed.
#[derive(Debug)]
pub struct Turn<E> {
    pub events: Vec<Arc<Entry<E>>>,
    pub effects: Vec<Effect>,
    /// What senders are told instead of `effects` where the append fails.
    pub on_failure: Vec<Effect>,
    pub summary: Option<Summary>,
}

impl<E> Default for Turn<E> {
    fn default() -> Self {
        Self {
            events: Vec::new(),
            effects: Vec::new(),
            on_failure: Vec::new(),
            summary: None,
        }
    }
}

/// A pure state machine. No clock, no randomness, no socket, no file.
pub trait Aggregate: Sized + 'static {
    type Key: Clone;
    type Event: Clone + std::fmt::Debug;
    type Note;

    /// The state of an empty log.
    fn empty(key: Self::Key) -> Self;

    /// Folds one durable event. Never fails: what `apply` recorded, `replay` takes.
    fn replay(&mut self, entry: &Arc<Entry<Self::Event>>);

    /// Called once after the log was replayed and ownership stands: announces what others must know again.
    fn recovered(&mut self, context: &Context, turn: &mut Turn<Self::Event>);

    /// One step.
    fn apply(&mut self, context: &Context, note: Self::Note, turn: &mut Turn<Self::Event>);

    /// The note that means "a deadline has come".
    fn wake() -> Self::Note;

    /// When it wants to be woken next.
    fn wake_at(&self) -> Option<Millis>;

    /// May it be dropped from memory now? Its `wake_at` is kept and brings it back.
    fn may_passivate(&self, now: Millis) -> bool;

    /// Milliseconds without a turn after which it is asked whether it may leave memory.
    fn linger_ms(&self) -> u64 {
        PASSIVATE_AFTER_MS
    }

    /// Seq of the newest event, durable or in flight.
    fn last(&self) -> Seq;
}
