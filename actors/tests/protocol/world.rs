//! The state that is explored: actors with their logs, messages in flight, and what was used up.
//!
//! Merged, so that the space closes: messages that differ only in an availability's version (the
//! newest is kept), agents that differ only in how long their ledgers are, and queues that were
//! told the same (see `belief.rs`). Not kept as messages: what only sets a pace or is only shown
//! (places, listings, offers on screens, boards, groups).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use crest_actors::agent::{self, Agent};
use crest_actors::aggregate::{Aggregate, Context, Turn};
use crest_actors::conversation::Conversation;
use crest_actors::customer::Customer;
use crest_actors::directory::Directory;
use crest_actors::effect::Envelope;
use crest_actors::ids::{AgentId, ConversationId, CustomerId, Millis, OfferId, Seq};
use crest_actors::queue::Queue;

use crate::belief::Belief;
use crate::life::{Life, hash};
use crate::oracle::{self, Standing};
use crate::scene::{self, AGENTS, CUSTOMERS, START};
use crate::settle::Settled;

#[derive(Clone)]
pub struct World {
    pub directory: Arc<Directory>,
    pub customers: BTreeMap<CustomerId, Arc<Life<Customer>>>,
    pub conversations: BTreeMap<ConversationId, Arc<Life<Conversation>>>,
    pub agents: BTreeMap<AgentId, Arc<Life<Agent>>>,
    pub queue: Arc<Queue>,
    pub belief: Belief,
    /// Length the queue told last.
    pub told_length: u32,
    /// Every message ever sent, under its print.
    pub mail: BTreeMap<u64, Arc<Envelope>>,
    pub now: Millis,
    /// The queue's own clock: it warms up and lets picks time out.
    pub queue_now: Millis,
    pub used: Used,
    pub wrong: BTreeSet<&'static str>,
    /// Only where a broken rule needs it: entries listed once, claims confirmed in the agent's
    /// present life, conversations that nobody has woken.
    pub listed: BTreeSet<(ConversationId, Seq)>,
    pub confirmed: BTreeSet<OfferId>,
    pub asleep: BTreeSet<ConversationId>,
    pub settled: Arc<OnceLock<Settled>>,
    /// What tells this world from another; of the world as it was last sealed.
    pub print: u64,
}

/// What has happened so often already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Used {
    pub minted: u8,
    pub agent_crashes: u8,
    pub conversation_crashes: u8,
    pub customer_crashes: u8,
    pub queue_crashes: u8,
    pub pick_timeouts: u8,
    pub failures: u8,
    pub absences: u8,
}

impl World {
    /// Nobody has written yet; both agents are ready.
    pub fn new() -> Self {
        let mut world = Self {
            directory: scene::directory(),
            customers: BTreeMap::new(),
            conversations: BTreeMap::new(),
            agents: BTreeMap::new(),
            queue: Arc::new(Queue::empty(scene::queue_key())),
            belief: Belief::default(),
            told_length: 0,
            mail: BTreeMap::new(),
            now: Millis(START),
            queue_now: Millis(START),
            used: Used::default(),
            wrong: BTreeSet::new(),
            listed: BTreeSet::new(),
            confirmed: BTreeSet::new(),
            asleep: BTreeSet::new(),
            settled: Arc::default(),
            print: 0,
        };
        let context = world.context();
        for name in CUSTOMERS {
            let life = Life::new(scene::customer_key(name), &context);
            world.customers.insert(name.into(), Arc::new(life));
        }
        for name in AGENTS {
            let agent = AgentId::from(name);
            let mut life = Life::new(scene::agent_key(&agent), &context);
            let come = world.come(&agent);
            assert!(life.tell(&context, come).is_ok(), "an agent may come");
            world.agents.insert(agent, Arc::new(life));
        }
        let mut queue = Queue::empty(scene::queue_key());
        queue.recovered(&context, &mut Turn::default());
        world.queue = Arc::new(queue);
        world
    }

    pub fn context(&self) -> Context {
        Context {
            now: self.now,
            directory: self.directory.clone(),
            random: [self.used.minted + 1; 16],
        }
    }

    pub fn queue_context(&self) -> Context {
        Context {
            now: self.queue_now,
            ..self.context()
        }
    }

    /// An agent's session says that it is there, and ready as before.
    pub fn come(&self, agent: &AgentId) -> agent::Note {
        agent::Note::Connect {
            session: scene::session_of(agent),
            presence: Some(agent::Presence::Ready),
        }
    }

    pub fn standing(&self, id: ConversationId) -> Standing {
        oracle::standing(id, &self.conversations[&id].log)
    }

    pub fn standings(&self) -> impl Iterator<Item = (ConversationId, Standing)> {
        self.conversations
            .keys()
            .map(|id| (*id, self.standing(*id)))
    }

    /// Claims that agents ever had a chance to hear of, in order.
    pub fn reserved(&self) -> BTreeSet<OfferId> {
        let ledgers = self.agents.iter();
        ledgers
            .flat_map(|(agent, life)| life.log.iter().map(move |entry| (agent, entry)))
            .filter_map(|(agent, entry)| match entry.event {
                agent::Event::Granted {
                    conversation,
                    position,
                    ..
                } => Some(OfferId {
                    conversation,
                    position,
                    agent: agent.clone(),
                }),
                _ => None,
            })
            .collect()
    }

    /// To be called when all that belongs to one step is done.
    pub fn seal(&mut self) {
        self.print = self.print();
        self.settled = Arc::default();
    }

    fn print(&self) -> u64 {
        let lives: Vec<u64> = (self.customers.values().map(|it| it.print()))
            .chain(self.conversations.values().map(|it| it.print()))
            .chain(self.agents.values().map(|it| it.print()))
            .collect();
        // Offers that may be accepted come from the ledgers' past, which their prints leave out.
        let past = (self.reserved(), &self.wrong, self.queue_now);
        let marks = (&self.listed, &self.confirmed, &self.asleep);
        let mail: Vec<&u64> = self.mail.keys().collect();
        hash(&(lives, past, marks, mail, &self.belief, self.used))
    }
}

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.print.hash(state);
    }
}

impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        self.print == other.print
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (id, life) in &self.conversations {
            writeln!(f, "{id}: {:?}", life.log)?;
        }
        for (agent, life) in &self.agents {
            writeln!(f, "{agent}: {:?}", life.value)?;
        }
        writeln!(f, "{:?} {:?} {:?}", self.belief, self.used, self.wrong)
    }
}
