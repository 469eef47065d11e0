//! A sales peak in miniature: the real queue and skill group, simulated customers and agents, one seed.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use crate::agent::{self, Availability, Presence};
use crate::aggregate::{Aggregate, Context, Turn};
use crate::conversation::{self, Overflow};
use crate::directory::{AgentProfile, Boosts, Directory, Group, StaffRole, Tenant, Timing};
use crate::effect::{Effect, Envelope};
use crate::ids::{AgentId, GroupId, GroupKey, Millis, OfferId, Seq, TenantId};
use crate::limits::AVAILABILITY_BEAT_MS;
use crate::queue::scene::{conversation, number, waiting};
use crate::queue::{Note, Queue, Withdrawn};
use crate::skill_group::{self, SkillGroup};

/// One way, between any two actors.
const HOP_MS: u64 = 5;
const BEGIN: Millis = Millis(1_000_000_000);

/// Times in seconds.
#[derive(Clone, Debug)]
pub struct Surge {
    pub seed: u64,
    pub agents: u32,
    pub capacity: u32,
    pub handling_s: f64,
    /// Coefficient of variation of the handling time (log-normal).
    pub handling_spread: f64,
    /// Mean patience (exponential).
    pub patience_s: f64,
    pub base_per_s: f64,
    pub factor: f64,
    pub surge_from_s: u64,
    pub surge_s: u64,
    pub arrivals_until_s: u64,
    pub vip_share: f64,
}

/// One customer's wait.
#[derive(Clone, Debug)]
pub struct Wait {
    pub tier: u8,
    pub began: Millis,
    pub first_place: Option<(Millis, Option<u32>)>,
    pub ended: Option<(Millis, Withdrawn)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Arrival,
    GivesUp(u32),
    Reserve { agent: usize, number: u32 },
    Answered { agent: usize, number: u32 },
    Finished { agent: usize, handling_ms: u64 },
    Beat(usize),
    Wake,
}

struct Desk {
    load: u32,
    version: u64,
    idle_since: Millis,
}

struct World {
    plan: Surge,
    random: u64,
    now: Millis,
    queue: Queue,
    group: SkillGroup,
    directory: Arc<Directory>,
    desks: Vec<Desk>,
    names: HashMap<AgentId, usize>,
    waits: Vec<Wait>,
    agenda: BinaryHeap<Reverse<(Millis, u64, Happening)>>,
    order: u64,
    woken_at: Option<Millis>,
}

impl Surge {
    /// Ten times the usual arrivals for a few minutes, at a desk that was nearly busy before.
    pub fn tenfold(seed: u64) -> Self {
        Self {
            seed,
            agents: 60,
            capacity: 3,
            handling_s: 240.0,
            handling_spread: 0.7,
            patience_s: 1_200.0,
            base_per_s: 0.5,
            factor: 10.0,
            surge_from_s: 900,
            surge_s: 180,
            arrivals_until_s: 2_700,
            vip_share: 0.08,
        }
    }

    /// A quarter of an hour of ten times the usual arrivals, at a desk staffed for half of them.
    pub fn sustained(seed: u64) -> Self {
        Self {
            base_per_s: 0.15,
            surge_s: 900,
            ..Self::tenfold(seed)
        }
    }

    /// Lets it happen until everybody was served or gave up.
    pub fn run(&self) -> Vec<Wait> {
        let mut world = World::new(self.clone());
        while let Some(Reverse((at, _, happening))) = world.agenda.pop() {
            world.now = at;
            world.happen(happening);
            if world.is_over() {
                break;
            }
        }
        world.waits
    }
}

impl World {
    fn new(plan: Surge) -> Self {
        let key = GroupKey {
            tenant: TenantId::from("shop"),
            group: GroupId::from("sales"),
        };
        let names: Vec<AgentId> = (0..plan.agents)
            .map(|it| AgentId::new(format!("a{it:03}")))
            .collect();
        let mut world = Self {
            random: plan.seed,
            now: BEGIN,
            queue: Queue::empty(key.clone()),
            group: SkillGroup::empty(key),
            directory: Arc::new(directory(&plan, &names)),
            desks: Vec::new(),
            names: names
                .into_iter()
                .enumerate()
                .map(|(at, name)| (name, at))
                .collect(),
            waits: Vec::new(),
            agenda: BinaryHeap::new(),
            order: 0,
            woken_at: None,
            plan,
        };
        let (context, mut turn) = (world.context(), Turn::default());
        world.group.recovered(&context, &mut turn);
        world.queue.recovered(&context, &mut turn);
        world.carry_out(turn.effects);
        for agent in 0..world.plan.agents as usize {
            world.desks.push(Desk {
                load: 0,
                version: 0,
                idle_since: BEGIN,
            });
            world.plan_for(agent as u64 * 70, Happening::Beat(agent));
        }
        world.plan_for(3_000, Happening::Arrival);
        world
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Arrival => self.arrive(),
            Happening::GivesUp(number) => self.leave(number, Withdrawn::Abandoned),
            Happening::Reserve { agent, number } => self.reserve(agent, number),
            Happening::Answered { agent, number } => {
                self.leave(number, Withdrawn::Offered);
                let ring_ms = 2_000.0 + 6_000.0 * self.uniform();
                let handling_ms = self.handling_ms();
                let finished = Happening::Finished { agent, handling_ms };
                self.plan_for(ring_ms as u64 + handling_ms, finished);
            }
            Happening::Finished { agent, handling_ms } => {
                self.desks[agent].load -= 1;
                self.tell_group(skill_group::Note::Handled { handling_ms });
                self.say(agent);
            }
            Happening::Beat(agent) => {
                self.say(agent);
                self.plan_for(AVAILABILITY_BEAT_MS, Happening::Beat(agent));
            }
            Happening::Wake => {
                self.woken_at = None;
                self.tell_queue(Note::Wake);
            }
        }
    }

    fn arrive(&mut self) {
        let since_s = self.now.since(BEGIN) / 1_000;
        let peak =
            (self.plan.surge_from_s..self.plan.surge_from_s + self.plan.surge_s).contains(&since_s);
        let per_s = self.plan.base_per_s * if peak { self.plan.factor } else { 1.0 };
        let gap_ms = (self.exponential(1.0 / per_s) * 1_000.0) as u64;
        if since_s < self.plan.arrivals_until_s {
            self.plan_for(gap_ms, Happening::Arrival);
        }
        let tier = u8::from(self.uniform() < self.plan.vip_share);
        let number = self.waits.len() as u32;
        self.waits.push(Wait {
            tier,
            began: self.now,
            first_place: None,
            ended: None,
        });
        let patience_ms = (self.exponential(self.plan.patience_s) * 1_000.0) as u64;
        self.plan_for(patience_ms.max(1), Happening::GivesUp(number));
        let mut waiting = waiting(self.now);
        waiting.boost_ms = Boosts::default().tier_ms[usize::from(tier)];
        self.tell_queue(Note::Announce {
            conversation: conversation(number),
            entry: Seq(1),
            tier,
            waiting,
        });
    }

    /// The conversation's side: the first end of a wait counts.
    fn leave(&mut self, number: u32, why: Withdrawn) {
        let wait = &mut self.waits[number as usize];
        if wait.ended.is_some() {
            return;
        }
        wait.ended = Some((self.now, why));
        self.tell_queue(Note::Withdraw {
            conversation: conversation(number),
            entry: Seq(1),
            why,
        });
    }

    /// The agent's side: never above capacity.
    fn reserve(&mut self, agent: usize, number: u32) {
        if self.waits[number as usize].ended.is_some() {
            return;
        }
        let desk = &mut self.desks[agent];
        if desk.load >= self.plan.capacity {
            let availability = self.availability(agent);
            let (name, _) = self
                .names
                .iter()
                .find(|(_, at)| **at == agent)
                .expect("known");
            let offer = OfferId {
                conversation: conversation(number),
                position: Seq(1),
                agent: name.clone(),
            };
            self.tell_queue(Note::Refused {
                offer,
                availability,
            });
            return;
        }
        desk.load += 1;
        desk.idle_since = self.now;
        self.plan_for(HOP_MS, Happening::Answered { agent, number });
        self.say(agent);
    }

    fn say(&mut self, agent: usize) {
        let availability = self.availability(agent);
        let (name, _) = self
            .names
            .iter()
            .find(|(_, at)| **at == agent)
            .expect("known");
        let agent = name.clone();
        self.tell_group(skill_group::Note::Agent {
            agent,
            availability,
        });
    }

    fn availability(&mut self, agent: usize) -> Availability {
        let desk = &mut self.desks[agent];
        desk.version += 1;
        Availability {
            presence: Presence::Ready,
            load: desk.load,
            capacity: self.plan.capacity,
            idle_since: desk.idle_since,
            offerable: true,
            version: desk.version,
        }
    }

    fn tell_queue(&mut self, note: Note) {
        let (context, mut turn) = (self.context(), Turn::default());
        self.queue.apply(&context, note, &mut turn);
        if let Some(at) = self.queue.wake_at()
            && self.woken_at.is_none_or(|planned| at < planned)
        {
            self.woken_at = Some(at);
            self.plan_for(at.since(self.now), Happening::Wake);
        }
        self.carry_out(turn.effects);
    }

    fn tell_group(&mut self, note: skill_group::Note) {
        let (context, mut turn) = (self.context(), Turn::default());
        self.group.apply(&context, note, &mut turn);
        self.carry_out(turn.effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let Effect::Tell(envelope) = effect else {
                continue;
            };
            match envelope {
                Envelope::Agent(key, agent::Note::Reserve { offer, .. }) => {
                    let (agent, number) = (self.names[&key.agent], number(offer.conversation));
                    self.plan_for(HOP_MS, Happening::Reserve { agent, number });
                }
                Envelope::Conversation(key, conversation::Note::Place { place, .. }) => {
                    let wait = &mut self.waits[number(key.id) as usize];
                    wait.first_place
                        .get_or_insert((self.now, place.wait_minutes));
                }
                Envelope::Queue(_, note) => self.tell_queue(note),
                Envelope::SkillGroup(_, note) => self.tell_group(note),
                _ => {}
            }
        }
    }

    fn is_over(&self) -> bool {
        let late = self.now.since(BEGIN) / 1_000 > self.plan.arrivals_until_s + 60;
        late && self.waits.iter().all(|wait| wait.ended.is_some())
    }

    fn plan_for(&mut self, in_ms: u64, happening: Happening) {
        self.order += 1;
        let at = self.now.plus(in_ms);
        self.agenda.push(Reverse((at, self.order, happening)));
    }

    fn context(&self) -> Context {
        Context {
            now: self.now,
            directory: self.directory.clone(),
            random: [0; 16],
        }
    }

    fn handling_ms(&mut self) -> u64 {
        let variance = (1.0 + self.plan.handling_spread.powi(2)).ln();
        let normal =
            (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos();
        let factor = (variance.sqrt() * normal - variance / 2.0).exp();
        (self.plan.handling_s * factor * 1_000.0) as u64
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * self.uniform().ln()
    }

    /// In (0, 1].
    fn uniform(&mut self) -> f64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let mixed = (self.random ^ (self.random >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (((mixed >> 11) + 1) as f64) / ((1_u64 << 53) as f64)
    }
}

fn directory(plan: &Surge, names: &[AgentId]) -> Directory {
    let group = GroupId::from("sales");
    let profile = |name: &AgentId| AgentProfile {
        name: name.to_string(),
        groups: vec![group.clone()],
        skills: Vec::new(),
        capacity: plan.capacity,
        role: StaffRole::Agent,
    };
    let sales = Group {
        name: "Sales".into(),
        required: Vec::new(),
        preferred: Vec::new(),
        max_length: 0,
        max_wait_ms: 0,
        overflow: Overflow::LeaveMessage,
        // Configured from last year; the group measures its own.
        expected_handling_ms: (plan.handling_s * 1_200.0) as u64,
    };
    let tenant = Tenant {
        groups: [(group.clone(), sales)].into(),
        agents: names
            .iter()
            .map(|name| (name.clone(), profile(name)))
            .collect(),
        default_group: group.clone(),
        timing: Timing::default(),
        boosts: Boosts::default(),
        channel_weights: HashMap::new(),
        bot_enabled: true,
        not_ready_reasons: Vec::new(),
    };
    Directory {
        tenants: [(TenantId::from("shop"), tenant)].into(),
        revision: 1,
    }
}
