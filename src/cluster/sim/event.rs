//! What happens in a simulation, in order of time.

use std::cmp::Ordering;
use std::sync::Arc;

use crest_actors::ids::Shard;

use crate::cluster::ask::{Answer, Ask, AskId};
use crate::cluster::assignment::Map;

/// Index of a process in the world; one that died keeps it.
pub type Who = usize;

#[derive(Debug, Hash)]
pub enum Happening {
    Tick(Who),
    /// A statement reaches the store; its answer goes back if `answered`.
    Arrives {
        who: Who,
        id: AskId,
        ask: Ask,
        answered: bool,
    },
    Answered(Who, AskId, Answer),
    Hint(Who, Arc<Map>),
    /// A write that began under this epoch is durable.
    Written(Who, Shard, u64),
    Trouble,
    /// A node is started.
    Start(u16),
    /// From now on nothing new goes wrong.
    Calm,
    /// One process dies or drains while all others are well.
    Strike,
    /// All is looked at.
    Sample,
    End,
}

pub struct Event {
    pub at: u64,
    pub order: u64,
    pub what: Happening,
}

impl Event {
    /// The process that it happens to.
    pub fn whose(&self) -> Option<Who> {
        match &self.what {
            Happening::Tick(who)
            | Happening::Answered(who, ..)
            | Happening::Hint(who, _)
            | Happening::Written(who, ..) => Some(*who),
            _ => None,
        }
    }
}

// The earliest is the greatest, as a binary heap wants it.
impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Event {}
