//! Faults stop, everybody comes back, every fresh message arrives, and time runs: does it end well?

use std::collections::{BTreeSet, VecDeque};

use crest_actors::agent;
use crest_actors::conversation;
use crest_actors::customer;
use crest_actors::effect::{Effect, Envelope};
use crest_actors::ids::{AgentId, Millis, OfferId};
use crest_actors::limits::{AVAILABILITY_STALE_MS, RESERVED_SLOW_MS};
use crest_actors::queue;

use crate::rules::{self, Rules};
use crate::scene::{self, CAPACITY, START};
use crate::transport::through_group;
use crate::world::World;

/// Each round lets the slowest beat come once.
const ROUND_MS: u64 = RESERVED_SLOW_MS + 1_000;
const ROUNDS: u64 = 4;
/// Deliveries of a round, far above what is needed.
const DELIVERIES_MAX: usize = 400;

const _: () = assert!(ROUND_MS > AVAILABILITY_STALE_MS);

/// What is wrong once all is quiet.
#[derive(Clone, Debug, Default)]
pub struct Settled(pub BTreeSet<&'static str>);

impl World {
    /// Computed once for a state.
    pub fn settled(&self, rules: &Rules) -> &Settled {
        self.settled.get_or_init(|| self.settle(rules))
    }

    fn settle(&self, rules: &Rules) -> Settled {
        let mut world = self.clone();
        for round in 1..=ROUNDS {
            world.now = Millis(START + round * ROUND_MS);
            world.queue_now = world.now;
            if !world.deliver_all(rules, world.beats(rules)) {
                return Settled([rules::STORM].into());
            }
        }
        world.now = world.now.plus(2_000);
        world.queue_now = world.now;
        let look = Envelope::Queue(scene::queue_key(), queue::Note::Wake);
        world.deliver_all(rules, [look].into());
        let mut wrong = BTreeSet::new();
        world.check_claims(&mut wrong);
        world.check_waiting(&mut wrong);
        if rules.customers && world.mute() {
            wrong.insert(rules::MUTE);
        }
        Settled(wrong)
    }

    /// Everybody's deadline has come; agents are there, customers knock.
    fn beats(&self, rules: &Rules) -> VecDeque<Envelope> {
        let mut beats = VecDeque::new();
        for agent in self.agents.keys() {
            let key = scene::agent_key(agent);
            beats.push_back(Envelope::Agent(key.clone(), self.come(agent)));
            beats.push_back(Envelope::Agent(key, agent::Note::Wake));
        }
        // Where nobody plays the customers, they stay away: their knocking would wake what sleeps.
        for customer in self.customers.keys().filter(|_| rules.customers) {
            let pointed = self.customers[customer].value.pointer(&"web".into());
            if pointed.is_some() {
                let key = scene::customer_key(customer.as_str());
                beats.push_back(Envelope::Customer(key, enter()));
            }
        }
        for id in self
            .conversations
            .keys()
            .filter(|it| !self.asleep.contains(it))
        {
            let key = scene::conversation_key(*id);
            beats.push_back(Envelope::Conversation(key, conversation::Note::Wake));
        }
        beats.push_back(Envelope::Queue(scene::queue_key(), queue::Note::Wake));
        beats
    }

    /// In order of sending; false where it does not come to an end.
    fn deliver_all(&mut self, rules: &Rules, mut fresh: VecDeque<Envelope>) -> bool {
        let agents: Vec<AgentId> = self.agents.keys().cloned().collect();
        for _ in 0..DELIVERIES_MAX {
            let Some(envelope) = fresh.pop_front() else {
                return true;
            };
            for effect in self.turn(rules, envelope, false).unwrap_or_default() {
                match effect {
                    Effect::Tell(Envelope::SkillGroup(_, note)) => {
                        fresh.extend(through_group(&note, &agents));
                    }
                    Effect::Tell(Envelope::Board(..)) => {}
                    Effect::Tell(envelope) => fresh.push_back(envelope),
                    _ => {}
                }
            }
        }
        false
    }

    /// Every claim by the logs has its line in the ledger, and every line its claim.
    fn check_claims(&self, wrong: &mut BTreeSet<&'static str>) {
        for (agent, life) in &self.agents {
            let held = life.value.ledger().reservations().map(|it| OfferId {
                conversation: it.conversation,
                position: it.position,
                agent: agent.clone(),
            });
            let held: BTreeSet<OfferId> = held.collect();
            let claims = self.standings().filter_map(|(_, it)| it.claim);
            let claims: BTreeSet<OfferId> = claims.filter(|it| it.agent == *agent).collect();
            if held != claims {
                wrong.insert(rules::LEAKED);
            }
        }
    }

    fn check_waiting(&self, wrong: &mut BTreeSet<&'static str>) {
        let waits: Vec<_> = self.standings().filter_map(|(_, it)| it.waiting).collect();
        let free = |excluded: &[AgentId]| {
            let mut agents = self.agents.iter();
            agents.any(|(agent, life)| {
                life.value.ledger().load() < CAPACITY && !excluded.contains(agent)
            })
        };
        if waits.iter().any(|(_, excluded)| free(excluded)) {
            wrong.insert(rules::FORGOTTEN);
        }
        // An entry whose withdrawal was lost is found dead when it is picked, so not before
        // somebody is free.
        if free(&[]) && waits.len() != self.told_length as usize {
            wrong.insert(rules::GHOST);
        }
    }

    /// Is there a customer whose pointer names nothing that is open?
    fn mute(&self) -> bool {
        self.customers.values().any(|life| {
            let pointer = life.value.pointer(&"web".into());
            pointer.is_some_and(|it| {
                let named = self.conversations.get(&it.conversation);
                let open = named.map(|_| self.standing(it.conversation));
                !open.is_some_and(|open| open.open && open.opening == Some(it.opening))
            })
        })
    }
}

pub fn enter() -> customer::Note {
    customer::Note::Enter {
        session: scene::session(8),
        identity: scene::identity(),
        open: true,
    }
}
