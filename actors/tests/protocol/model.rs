//! The exploration itself: initial worlds, steps, and what must hold in each.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crest_actors::ids::{CustomerId, OfferId};
use stateright::{Model, Property};

use crate::acts::Act;
use crate::oracle;
use crate::rules::{self, Rules};
use crate::scene::{AGENTS, CAPACITY, CUSTOMERS};
use crate::world::World;

pub struct Protocol {
    rules: Rules,
    /// The one property that is looked at; `None` for all of them.
    watched: Option<&'static str>,
    /// One failure is enough: nothing is explored behind it.
    failed: AtomicBool,
}

impl Protocol {
    pub fn new(rules: Rules, watched: Option<&'static str>) -> Self {
        Self {
            rules,
            watched,
            failed: AtomicBool::new(false),
        }
    }

    /// Two customers have asked for a person; nobody has heard of it.
    fn both_wait(&self) -> World {
        let mut world = World::new();
        for customer in CUSTOMERS {
            self.step(&mut world, Act::Enter(CustomerId::from(customer)));
            let opens = std::mem::take(&mut world.mail);
            for open in opens.into_values() {
                self.step(&mut world, Act::Deliver((*open).clone()));
            }
        }
        let ids: Vec<_> = world.conversations.keys().copied().collect();
        for id in ids {
            self.step(&mut world, Act::AskHuman(id));
        }
        world
    }

    /// One of them is served by the first agent; everything went as it should.
    fn one_served(&self) -> World {
        let mut world = self.both_wait();
        let (id, standing) = world.standings().next().expect("two wait");
        let (position, _) = standing.waiting.expect("it waits");
        let offer = OfferId {
            conversation: id,
            position,
            agent: AGENTS[0].into(),
        };
        self.step(&mut world, Act::Reserve(offer.clone()));
        self.deliver_fresh(&mut world);
        self.step(&mut world, Act::Accept(offer));
        world
    }

    /// The queue knows both agents and gave each of them one.
    fn both_offered(&self) -> World {
        let mut world = self.both_wait();
        for agent in AGENTS {
            self.step(&mut world, Act::Hear(agent.into()));
        }
        self.step(&mut world, Act::WarmUp);
        for _ in 0..3 {
            self.deliver_fresh(&mut world);
        }
        world
    }

    /// Each message in flight arrives once; most change nothing any more.
    fn deliver_fresh(&self, world: &mut World) {
        let mail: Vec<_> = world.mail.values().cloned().collect();
        for envelope in mail {
            self.step(world, Act::Deliver((*envelope).clone()));
        }
    }

    fn step(&self, world: &mut World, act: Act) {
        assert!(world.act(&self.rules, &act), "{act:?} prepares the world");
    }

    fn within(&self, world: &World) -> bool {
        let logs = world.conversations.values();
        let openings = world
            .customers
            .values()
            .filter_map(|it| it.value.pointer(&"web".into()));
        logs.into_iter()
            .all(|it| it.log.len() as u64 <= self.rules.events)
            && (!self.rules.customers
                || world.used.minted <= self.rules.minted
                    && openings
                        .into_iter()
                        .all(|it| it.opening < self.rules.openings))
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Act;

    fn init_states(&self) -> Vec<World> {
        let mut worlds = match self.rules {
            Rules {
                customers: true,
                queue: false,
                ..
            } => vec![World::new()],
            Rules { queue: true, .. } => vec![self.both_wait(), self.both_offered()],
            _ => vec![self.both_wait(), self.one_served()],
        };
        worlds.iter_mut().for_each(World::seal);
        worlds
    }

    fn actions(&self, world: &World, acts: &mut Vec<Act>) {
        if world.wrong.is_empty() && !self.failed.load(Relaxed) {
            acts.extend(world.acts(&self.rules));
        }
    }

    fn next_state(&self, world: &World, act: Act) -> Option<World> {
        let mut next = world.clone();
        let moved = next.act(&self.rules, &act);
        next.seal();
        (moved && next != *world && self.within(&next)).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(rules::CAPACITY, |m: &Self, it: &World| {
                m.judge(rules::CAPACITY, || within_capacity(it))
            }),
            Property::always(rules::ONE_AGENT, |m: &Self, it: &World| {
                let one = || it.standings().all(|(_, it)| !it.two_agents);
                m.judge(rules::ONE_AGENT, one)
            }),
            Property::always(rules::ONE_OPEN, |m: &Self, it: &World| {
                m.judge(rules::ONE_OPEN, || one_open(it))
            }),
            Property::always(rules::FULL_GRANT, |m, it| m.free_of(it, rules::FULL_GRANT)),
            Property::always(rules::ACCEPTED_OTHER, |m, it| {
                m.free_of(it, rules::ACCEPTED_OTHER)
            }),
            Property::always(rules::DEFECT, |m, it| m.free_of(it, rules::DEFECT)),
            Property::always(rules::LEAKED, |m, it| m.ends_without(it, rules::LEAKED)),
            Property::always(rules::FORGOTTEN, |m, it| {
                m.ends_without(it, rules::FORGOTTEN)
            }),
            Property::always(rules::GHOST, |m, it| m.ends_without(it, rules::GHOST)),
            Property::always(rules::MUTE, |m, it| m.ends_without(it, rules::MUTE)),
            Property::always(rules::STORM, |m, it| m.ends_without(it, rules::STORM)),
            Property::sometimes(rules::BOTH_OFFERED, |_, it| both_offered(it)),
            Property::sometimes(rules::ACTIVE, |_, it: &World| {
                it.standings().any(|(_, it)| it.serves)
            }),
            Property::sometimes(rules::TRANSFERRED, |_, it| transferred(it)),
            Property::sometimes(rules::REOPENED, |_, it| reopened(it)),
        ]
    }
}

impl Protocol {
    /// Lets the way to a failure be walked again, so that it can be shown.
    pub fn walk_again(&self) {
        self.failed.store(false, Relaxed);
    }

    fn judge(&self, property: &str, holds: impl FnOnce() -> bool) -> bool {
        if self.watched.is_some_and(|it| it != property) || self.failed.load(Relaxed) {
            return true;
        }
        let holds = holds();
        if !holds {
            self.failed.store(true, Relaxed);
        }
        holds
    }

    fn free_of(&self, world: &World, property: &str) -> bool {
        self.judge(property, || !world.wrong.contains(property))
    }

    fn ends_without(&self, world: &World, property: &str) -> bool {
        self.judge(property, || {
            !world.settled(&self.rules).0.contains(property)
        })
    }
}

fn both_offered(world: &World) -> bool {
    let offered = |it: &oracle::Standing| it.claim.is_some() && !it.serves;
    world.standings().filter(|(_, it)| offered(it)).count() == 2
}

/// Forced work is above capacity with everybody's knowledge; everything else is within.
fn within_capacity(world: &World) -> bool {
    world.agents.iter().all(|(agent, life)| {
        let granted = life.log.iter().filter_map(|entry| match entry.event {
            crest_actors::agent::Event::Granted {
                conversation,
                position,
                forced: true,
                ..
            } => Some((conversation, position)),
            _ => None,
        });
        let forced: BTreeSet<_> = granted.collect();
        let claims = world.standings().filter_map(|(_, it)| it.claim);
        let load = claims
            .filter(|it| it.agent == *agent && !forced.contains(&(it.conversation, it.position)))
            .count();
        load <= CAPACITY as usize
    })
}

fn one_open(world: &World) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = world.standings().filter(|(_, it)| it.open);
    open.all(|(_, it)| seen.insert(it.customer))
}

fn transferred(world: &World) -> bool {
    use crest_actors::conversation::Event;
    let mut events = world.conversations.values().flat_map(|it| &it.log);
    events.any(|it| matches!(it.event, Event::Transferred { .. }))
}

fn reopened(world: &World) -> bool {
    world
        .standings()
        .any(|(_, it)| it.open && it.opening >= Some(1))
}
