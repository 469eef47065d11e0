//! A cluster under one seed: processes, their store, and the order in which things happen.

use std::collections::BinaryHeap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crest_actors::ids::Shard;

use super::calm::Watch;
use super::event::{Event, Happening, Who};
use super::oracle::Oracle;
use super::proc::{Proc, SimClock};
use super::random::Random;
use super::store::{Lie, Store};
use super::swarm::Swarm;
use crate::cluster::ask::{Answer, Ask, AskId};
use crate::cluster::fence::ShardFence;
use crate::cluster::limits::TICK_MS;
use crate::cluster::member::{Input, Member, Output};
use crate::cluster::process::{BootMs, Incarnation, NodeId, Process};
use crate::cluster::rules::{Fault, Rules};

/// How the rules are broken in one run; not at all by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bend {
    pub faults: &'static [Fault],
    pub lie: Option<Lie>,
    /// Clocks stand still while a machine is suspended.
    pub clocks_stop: bool,
    /// What is heard over the bus is believed.
    pub believes_bus: bool,
}

/// What a run is told about itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tracing {
    #[default]
    Off,
    Hash,
    Print,
}

/// How often what matters happened, so that a run without it does not pass for a good one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Writes acknowledged, and not acknowledged because of the check after them.
    pub acks: u64,
    pub withheld: u64,
    pub fences_lost: u64,
    pub expelled: u64,
    pub left: u64,
    /// Changes of the map.
    pub maps: u64,
    /// Transactions carried out after their asker had given them up or had died.
    pub late: u64,
}

/// What came out of a run.
#[derive(Debug)]
pub struct Report {
    /// Two could have acted for a shard.
    pub broken: Option<String>,
    /// Something took too long, or came to a bad rest.
    pub restless: Option<String>,
    pub hash: u64,
    pub counts: Counts,
    /// For each shard of the process that was struck down: until somebody held it again.
    pub recovery_ms: Vec<u64>,
}

impl Report {
    pub fn failed(&self) -> Option<&str> {
        self.broken.as_deref().or(self.restless.as_deref())
    }
}

pub struct World {
    pub now: u64,
    pub random: Random,
    pub swarm: Swarm,
    pub storm: bool,
    pub procs: Vec<Proc>,
    pub store: Store,
    pub oracle: Oracle,
    pub watch: Watch,
    counts: Counts,
    bend: Bend,
    queue: BinaryHeap<Event>,
    order: u64,
    tracing: Tracing,
    hasher: DefaultHasher,
}

/// Runs one seed to its end, or until two could have acted.
pub fn run(seed: u64, bend: Bend, tracing: Tracing) -> Report {
    let mut random = Random::new(seed);
    let swarm = Swarm::new(&mut random);
    let mut world = World {
        now: 0,
        random,
        storm: true,
        procs: Vec::new(),
        store: Store::new(bend.lie),
        oracle: Oracle::default(),
        watch: Watch::default(),
        counts: Counts::default(),
        bend,
        queue: BinaryHeap::new(),
        order: 0,
        tracing,
        hasher: DefaultHasher::new(),
        swarm,
    };
    world.prepare();
    while let Some(event) = world.queue.pop() {
        world.happen(event);
        if world.oracle.broken.is_some() || world.watch.ended {
            break;
        }
    }
    Report {
        broken: world.oracle.broken,
        restless: world.oracle.restless,
        hash: world.hasher.finish(),
        counts: world.counts,
        recovery_ms: world.watch.recovery_ms,
    }
}

impl World {
    pub fn after(&mut self, ms: u64, what: Happening) {
        self.order += 1;
        self.queue.push(Event {
            at: self.now + ms,
            order: self.order,
            what,
        });
    }

    fn prepare(&mut self) {
        for node in 0..self.swarm.nodes {
            let ms = self.random.between(0, 3_000);
            self.after(ms, Happening::Start(node));
        }
        self.after(1_000, Happening::Trouble);
        self.after(self.swarm.storm_ms, Happening::Calm);
    }

    fn happen(&mut self, event: Event) {
        self.now = event.at;
        if let Some(who) = event.whose() {
            let proc = &self.procs[who];
            if !proc.up {
                return;
            }
            if proc.is_paused(self.now) {
                let rest = proc.paused.1 - self.now;
                return self.after(rest, event.what);
            }
        }
        self.trace(&event.what);
        match event.what {
            Happening::Tick(who) => {
                let ms = TICK_MS + self.random.between(0, 10);
                self.after(ms, Happening::Tick(who));
                self.write(who);
                self.input(who, Input::Tick);
            }
            Happening::Arrives {
                who,
                id,
                ask,
                answered,
            } => self.arrive(who, id, &ask, answered),
            Happening::Answered(who, id, answer) => self.input(who, Input::Answered(id, answer)),
            Happening::Hint(who, map) => self.hint(who, map),
            Happening::Written(who, shard, epoch) => self.written(who, shard, epoch),
            Happening::Trouble => self.trouble(),
            Happening::Start(node) => self.start(node),
            Happening::Calm => self.calm(),
            Happening::Strike => self.strike(),
            Happening::Sample => self.sample(),
            Happening::End => self.end(),
        }
    }

    /// A process of the node is started; in the storm whatever else of that node is running.
    fn start(&mut self, node: u16) {
        if !self.storm && self.up().any(|who| self.procs[who].me.node.0 == node) {
            return;
        }
        let me = Process {
            node: NodeId(node),
            incarnation: Incarnation(
                u128::from(self.random.next() >> 40) << 16 | self.procs.len() as u128,
            ),
        };
        let drift = self.swarm.drift_ppm as i64;
        let clock = SimClock {
            ahead_ms: self.random.between(1_000, 1_000_000),
            drift_ppm: if self.random.chance(50) {
                drift
            } else {
                -drift
            },
            stops: self.bend.clocks_stop,
            stopped_ms: 0,
        };
        let rules = Rules {
            faults: self.bend.faults,
        };
        self.procs.push(Proc {
            me,
            member: Member::bent(me, self.swarm.shards, rules),
            fence: ShardFence::new(BootMs::default),
            up: true,
            paused: (0, 0),
            cut_until: 0,
            clock,
        });
        self.after(0, Happening::Tick(self.procs.len() - 1));
    }

    pub fn input(&mut self, who: Who, input: Input) {
        let mut out = Vec::new();
        let proc = &mut self.procs[who];
        let now = proc.now(self.now);
        proc.member.on(now, input, &mut out);
        proc.fence.follow(&proc.member, &out);
        let took = out.iter().any(|it| matches!(it, Output::Took { .. }));
        for output in out {
            self.trace(&output);
            self.output(who, output);
        }
        if took {
            self.check_all();
        } else {
            self.check(who);
        }
    }

    fn output(&mut self, who: Who, output: Output) {
        match output {
            Output::Ask(id, ask) => self.send(who, id, ask),
            Output::Announce { .. } => self.announce(who),
            Output::FenceLost => self.counts.fences_lost += 1,
            Output::Expelled => {
                self.counts.expelled += 1;
                self.procs[who].up = false;
                let ms = self.random.between(0, 300);
                self.again(who, ms);
            }
            Output::Left => {
                self.counts.left += 1;
                self.procs[who].up = false;
                if !self.watch.is_last_drain(who) {
                    let ms = self.random.between(0, 3_000);
                    self.again(who, ms);
                }
            }
            Output::Took { .. } | Output::LetGo { .. } | Output::Elsewhere { .. } => {}
        }
    }

    /// The node's process is started again, unless it has another.
    pub fn again(&mut self, who: Who, ms: u64) {
        let node = self.procs[who].me.node;
        if !self.up().any(|other| self.procs[other].me.node == node) {
            self.after(ms, Happening::Start(node.0));
        }
    }

    /// A statement sets out for the store, and may get lost either way.
    fn send(&mut self, who: Who, id: AskId, ask: Ask) {
        let cut = self.now < self.procs[who].cut_until;
        let is_cas = matches!(ask, Ask::CasLease { .. } | Ask::CasMap { .. });
        let mut way = self.random.between(1, 30);
        if self.storm && self.random.chance(self.swarm.slow) {
            way += self.random.between(100, 1_500);
        }
        if self.storm && self.random.chance(self.swarm.stalls) {
            way += self.stall(who);
        }
        let (lost, mute) = (self.swarm.never_arrives, self.swarm.answer_lost);
        let arrives = !(cut && self.random.chance(50) || self.storm && self.random.chance(lost));
        let answered = arrives && !cut && !(self.storm && self.random.chance(mute));
        let late = is_cas && self.storm && self.random.chance(self.swarm.late);
        if arrives && late {
            way = self.random.between(200, 6_000);
        }
        if arrives {
            // What was sent in the storm is there soon after it.
            let way = way.min(
                (self.swarm.storm_ms + 1_000)
                    .saturating_sub(self.now)
                    .max(30),
            );
            self.after(
                way,
                Happening::Arrives {
                    who,
                    id,
                    ask,
                    answered: answered && !late,
                },
            );
        }
        // Some failures are told, others are silence.
        if (!answered || late) && self.random.chance(60) {
            let ms = self.random.between(1, 1_200);
            self.after(ms, Happening::Answered(who, id, Answer::Unknown));
        }
    }

    fn arrive(&mut self, who: Who, id: AskId, ask: &Ask, answered: bool) {
        let behind = if self.storm {
            self.random.between(0, self.swarm.behind_ms)
        } else {
            0
        };
        let before = self.store.map.clone();
        let seen_at = self.now.saturating_sub(behind);
        let answer = self.store.carry_out(self.now, seen_at, ask);
        self.trace(&answer);
        let done = answer == Answer::Applied;
        self.counts.late += u64::from(done && !self.procs[who].member.awaits(id));
        if let Ask::CasMap { next, .. } = ask
            && done
        {
            self.counts.maps += 1;
            let mover = self.procs[who].me;
            let is_dead = |process| self.store.is_dead(process);
            self.oracle.moved(mover, before.as_deref(), next, is_dead);
            self.check_all();
        }
        if answered {
            let ms = self.random.between(1, 30);
            self.after(ms, Happening::Answered(who, id, answer));
        }
    }

    fn announce(&mut self, from: Who) {
        let Some(map) = self.procs[from].member.map().cloned() else {
            return;
        };
        for who in 0..self.procs.len() {
            let lost = self.random.chance(self.swarm.hints_lost);
            let longest = if self.storm {
                self.swarm.hint_ms_max
            } else {
                5
            };
            let ms = self.random.between(1, longest.max(1));
            if who != from && self.procs[who].up && !lost {
                self.after(ms, Happening::Hint(who, map.clone()));
            }
        }
    }

    fn hint(&mut self, who: Who, map: Arc<crate::cluster::assignment::Map>) {
        let version = map.version();
        if self.bend.believes_bus {
            self.procs[who].member.believe(map);
        }
        self.input(who, Input::Hint { version });
    }

    /// Begins a write for a shard that the process may act for.
    fn write(&mut self, who: Who) {
        let shard = Shard(self.random.between(0, u64::from(self.swarm.shards) - 1) as u8);
        let proc = &self.procs[who];
        let Some(epoch) = proc.member.epoch(proc.now(self.now), shard) else {
            return;
        };
        let slow = self.storm && self.random.chance(10);
        let ms = self.random.between(1, if slow { 4_000 } else { 60 });
        self.after(ms, Happening::Written(who, shard, epoch));
    }

    /// A write completed: acknowledged if the process may still act under the same epoch.
    fn written(&mut self, who: Who, shard: Shard, epoch: u64) {
        let proc = &self.procs[who];
        if proc.member.epoch(proc.now(self.now), shard) != Some(epoch) {
            self.counts.withheld += 1;
        } else {
            self.counts.acks += 1;
            let map = self.store.map.as_deref();
            self.oracle.acknowledged(map, proc.me, shard, epoch);
        }
    }

    fn check(&mut self, who: Who) {
        let proc = &self.procs[who];
        let now = proc.now(self.now);
        if !proc.up || now >= proc.member.until() {
            return;
        }
        for shard in self.swarm.every_shard() {
            if let Some(epoch) = proc.member.epoch(now, shard) {
                let map = self.store.map.as_deref();
                self.oracle.may_act(map, proc.me, shard, epoch);
            }
        }
    }

    fn check_all(&mut self) {
        for who in 0..self.procs.len() {
            self.check(who);
        }
        let holders = self.holders();
        self.oracle.holders(&holders);
    }

    /// Everybody who may act for each shard, paused or not.
    pub fn holders(&self) -> Vec<(Shard, Process)> {
        let mut holders = Vec::new();
        for proc in self.procs.iter().filter(|proc| proc.up) {
            let now = proc.now(self.now);
            let held = |shard: &Shard| proc.fence.holds_at(now, *shard);
            let shards = self.swarm.every_shard().filter(held);
            holders.extend(shards.map(|shard| (shard, proc.me)));
        }
        holders
    }

    fn trace(&mut self, what: &(impl std::fmt::Debug + Hash)) {
        match self.tracing {
            Tracing::Off => {}
            Tracing::Hash => (self.now, what).hash(&mut self.hasher),
            Tracing::Print => println!("{:>6} {what:?}", self.now),
        }
    }
}
