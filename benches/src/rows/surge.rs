//! Row 11: assignments out of a long queue, by the product's own queue in this process.
//!
//! 100,000 wait and 2,000 agents work. Whenever a conversation is assigned another one joins the
//! queue, and the agent finishes one of those it holds. Conversations and agents are played by this
//! file: what is measured is the one actor through which every assignment of a group goes.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use anyhow::ensure;
use crest_actors::agent::{self, Availability, Presence};
use crest_actors::aggregate::{Aggregate, Context, Turn};
use crest_actors::conversation::{Overflow, WaitReason, Waiting};
use crest_actors::directory::Directory;
use crest_actors::effect::{Effect, Envelope};
use crest_actors::ids::{
    AgentId, ConversationId, GroupId, GroupKey, Millis, OfferId, Seq, Shard, TenantId,
};
use crest_actors::queue::{Note, Policy, Queue, Withdrawn};

use super::Scene;
use crate::measure::Spread;
use crate::report::{Aim, Row};
use crate::sys;

pub const WAITING: u64 = 100_000;
pub const AGENTS: u64 = 2_000;
const CAPACITY: u32 = 5;
const ASSIGNMENTS: u64 = 10_000;
const BEGIN: Millis = Millis(1_800_000_000_000);
/// Assignments between two milliseconds of the played clock: 10,000 a second.
const A_MILLISECOND: u64 = 10;

/// Assignments a second of CPU time, a few rounds of 10,000 each.
pub fn rows(scene: &Scene) -> anyhow::Result<Vec<Row>> {
    let mut surge = Surge::new();
    surge.assign(ASSIGNMENTS);
    let mut rates = Vec::new();
    for _ in 0..scene.rounds {
        let before = sys::cpu_here()?;
        surge.assign(ASSIGNMENTS);
        rates.push(ASSIGNMENTS as f64 / (sys::cpu_here()? - before).as_secs_f64());
    }
    ensure!(surge.waiting == WAITING, "the queue kept its length");
    let rate = Spread::of(rates);
    let polled = surge.picked_by_wakes;
    let work = format!("assignments with {WAITING} waiting, {AGENTS} agents");
    let aim = Some(Aim::AtLeast(10_000.0));
    let row = Row::absolute("11", &work, "assignments/CPU s", rate, aim);
    Ok(vec![row.noted(format!(
        "the queue aggregate alone, in process; {polled} of its picks came from a timer rather than from a note"
    ))])
}

/// The queue with everybody around it.
pub struct Surge {
    queue: Queue,
    directory: Arc<Directory>,
    now: Millis,
    desks: HashMap<AgentId, Desk>,
    picks: VecDeque<OfferId>,
    next: u64,
    assigned: u64,
    waiting: u64,
    picked_by_wakes: u64,
}

#[derive(Default)]
struct Desk {
    load: u32,
    version: u64,
}

impl Default for Surge {
    fn default() -> Self {
        Self::new()
    }
}

impl Surge {
    /// Everybody waits, every agent is at capacity but for one place.
    pub fn new() -> Self {
        let group = GroupKey {
            tenant: TenantId::new("shop"),
            group: GroupId::new("presale"),
        };
        let mut surge = Self {
            queue: Queue::empty(group),
            directory: Arc::new(Directory {
                tenants: HashMap::new(),
                revision: 1,
            }),
            now: BEGIN,
            desks: HashMap::new(),
            picks: VecDeque::new(),
            next: 0,
            assigned: 0,
            waiting: 0,
            picked_by_wakes: 0,
        };
        let mut turn = Turn::default();
        surge.queue.recovered(&surge.context(), &mut turn);
        surge.now = BEGIN.plus(60_000);
        surge.tell(Note::Wake);
        surge.tell(Note::Policy(Policy {
            handling_ms: 240_000,
            max_length: 0,
            max_wait_ms: 0,
            overflow: Overflow::LeaveMessage,
            starvation_ms: 600_000,
            revision: 1,
        }));
        (0..WAITING).for_each(|_| surge.join());
        for number in 0..AGENTS {
            let agent = AgentId::new(format!("agent-{number}"));
            let load = CAPACITY - 1;
            surge.desks.insert(agent.clone(), Desk { load, version: 0 });
            surge.say(&agent);
        }
        surge
    }

    /// So many conversations leave the queue for an agent, and as many join it.
    pub fn assign(&mut self, count: u64) {
        let until = self.assigned + count;
        while self.assigned < until {
            let Some(offer) = self.picks.pop_front() else {
                panic!("nobody is picked though agents are free");
            };
            self.serve(&offer);
        }
    }

    fn serve(&mut self, offer: &OfferId) {
        self.assigned += 1;
        if self.assigned.is_multiple_of(A_MILLISECOND) {
            self.now = self.now.plus(1);
            if self.queue.wake_at().is_some_and(|at| at <= self.now) {
                let before = self.picks.len();
                self.tell(Note::Wake);
                self.picked_by_wakes += (self.picks.len() - before) as u64;
            }
        }
        self.desk(&offer.agent).load += 1;
        self.say(&offer.agent);
        self.waiting -= 1;
        self.tell(Note::Withdraw {
            conversation: offer.conversation,
            entry: offer.position,
            why: Withdrawn::Offered,
        });
        self.join();
        self.desk(&offer.agent).load -= 1;
        self.say(&offer.agent);
    }

    fn desk(&mut self, agent: &AgentId) -> &mut Desk {
        self.desks
            .get_mut(agent)
            .expect("only known agents are picked")
    }

    fn join(&mut self) {
        self.next += 1;
        self.waiting += 1;
        let mut random = [0; 9];
        // Scattered, so that neighbours in time are none in any index.
        random[1..].copy_from_slice(&self.next.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        let shard = Shard(self.next as u8);
        self.tell(Note::Announce {
            conversation: ConversationId::mint(self.now, random, shard),
            entry: Seq(2),
            tier: 0,
            waiting: Waiting {
                group: GroupId::new("presale"),
                reason: WaitReason::Asked,
                enqueued_at: self.now,
                // One in ten is served before its time.
                boost_ms: if self.next.is_multiple_of(10) {
                    300_000
                } else {
                    0
                },
                required: Vec::new(),
                preferred: Vec::new(),
                preferred_until: Millis(0),
                sticky: None,
                excluded: Vec::new(),
                weight: 1,
            },
        });
    }

    fn say(&mut self, agent: &AgentId) {
        let now = self.now;
        let desk = self.desk(agent);
        desk.version += 1;
        let availability = Availability {
            presence: Presence::Ready,
            load: desk.load,
            capacity: CAPACITY,
            idle_since: now,
            offerable: true,
            version: desk.version,
        };
        self.tell(Note::Agent {
            agent: agent.clone(),
            availability,
            skills: Vec::new(),
        });
    }

    fn tell(&mut self, note: Note) {
        let mut turn = Turn::default();
        let context = self.context();
        self.queue.apply(&context, note, &mut turn);
        for effect in turn.effects {
            if let Effect::Tell(Envelope::Agent(_, agent::Note::Reserve { offer, .. })) = effect {
                self.picks.push_back(offer);
            }
        }
    }

    fn context(&self) -> Context {
        Context {
            now: self.now,
            directory: self.directory.clone(),
            random: [7; 16],
        }
    }
}
