//! The exploration itself: initial worlds, steps, and what must hold in each.

use std::collections::BTreeSet;

use crest_actors::ids::{CustomerId, OfferId};
use stateright::{Model, Property};

use crate::acts::Act;
use crate::rules::{self, Rules};
use crate::scene::{AGENTS, CAPACITY, CUSTOMERS};
use crate::world::World;

pub struct Protocol(Rules);

impl Protocol {
    pub fn new(rules: Rules) -> Self {
        Self(rules)
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
        assert!(world.act(&self.0, &act), "{act:?} prepares the world");
    }

    fn within(&self, world: &World) -> bool {
        let logs = world.conversations.values();
        let openings = world
            .customers
            .values()
            .filter_map(|it| it.value.pointer(&"web".into()));
        logs.into_iter()
            .all(|it| it.log.len() as u64 <= self.0.events)
            && (!self.0.customers
                || world.used.minted <= self.0.minted
                    && openings.into_iter().all(|it| it.opening < self.0.openings))
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Act;

    fn init_states(&self) -> Vec<World> {
        let mut worlds = match self.0 {
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
        if world.wrong.is_empty() {
            acts.extend(world.acts(&self.0));
        }
    }

    fn next_state(&self, world: &World, act: Act) -> Option<World> {
        let mut next = world.clone();
        let moved = next.act(&self.0, &act);
        next.seal();
        (moved && next != *world && self.within(&next)).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut all = vec![
            Property::always(rules::CAPACITY, |_, it: &World| within_capacity(it)),
            Property::always(rules::ONE_AGENT, |_, it: &World| {
                it.standings().all(|(_, it)| !it.two_agents)
            }),
            Property::always(rules::ONE_OPEN, |_, it: &World| one_open(it)),
            Property::always(rules::FULL_GRANT, |_, it: &World| {
                !it.wrong.contains(rules::FULL_GRANT)
            }),
            Property::always(rules::ACCEPTED_OTHER, |_, it: &World| {
                !it.wrong.contains(rules::ACCEPTED_OTHER)
            }),
            Property::always(rules::DEFECT, |_, it: &World| {
                !it.wrong.contains(rules::DEFECT)
            }),
            Property::sometimes(rules::BOTH_OFFERED, |_, it: &World| {
                let claims = it
                    .standings()
                    .filter(|(_, it)| it.claim.is_some() && !it.serves);
                claims.count() == 2
            }),
            Property::sometimes(rules::ACTIVE, |_, it: &World| {
                it.standings().any(|(_, it)| it.serves)
            }),
            Property::sometimes(rules::TRANSFERRED, |_, it: &World| transferred(it)),
            Property::sometimes(rules::REOPENED, |_, it: &World| reopened(it)),
        ];
        all.push(Property::always(rules::LEAKED, |m: &Self, it: &World| {
            ends_well(m, it, rules::LEAKED)
        }));
        all.push(Property::always(
            rules::FORGOTTEN,
            |m: &Self, it: &World| ends_well(m, it, rules::FORGOTTEN),
        ));
        all.push(Property::always(rules::GHOST, |m: &Self, it: &World| {
            ends_well(m, it, rules::GHOST)
        }));
        all.push(Property::always(rules::MUTE, |m: &Self, it: &World| {
            ends_well(m, it, rules::MUTE)
        }));
        all.push(Property::always(rules::STORM, |m: &Self, it: &World| {
            ends_well(m, it, rules::STORM)
        }));
        all
    }
}

fn ends_well(protocol: &Protocol, world: &World, property: &str) -> bool {
    !world.wrong.is_empty() || !world.settled(&protocol.0).0.contains(property)
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
