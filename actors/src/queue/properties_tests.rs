//! Any notes in any order, doubled and late: what holds all the same.

use std::collections::HashMap;

use proptest::prelude::*;

use super::Withdrawn;
use super::scene::{Scene, number, skills, waiting};
use crate::ids::{AgentId, Millis};
use crate::limits::{PICK_TIMEOUT_MS, WITHDRAWN_KEPT_MS};

const NAMES: [&str; 4] = ["ann", "bob", "cho", "dee"];
const SKILLS: [&str; 3] = ["en", "refunds", "wine"];

#[derive(Clone, Debug)]
enum Step {
    Announce {
        number: u32,
        entry: u64,
        shape: Shape,
    },
    Withdraw {
        number: u32,
        entry: u64,
    },
    Agent {
        agent: usize,
        load: u32,
        capacity: u32,
        skilled: u8,
    },
    Away {
        agent: usize,
    },
    Refuse {
        agent: usize,
        number: u32,
        entry: u64,
        load: u32,
    },
    Pass {
        ms: u64,
    },
}

/// What a wait asks for.
#[derive(Clone, Debug)]
struct Shape {
    boost_ms: u64,
    weight: u32,
    required: u8,
    preferred: u8,
    sticky: Option<usize>,
    excluded: Option<usize>,
}

fn shape() -> impl Strategy<Value = Shape> {
    let agent = || prop::option::weighted(0.3, 0..NAMES.len());
    (0..3_u64, 1..4_u32, 0..4_u8, 0..8_u8, agent(), agent()).prop_map(
        |(boost, weight, required, preferred, sticky, excluded)| Shape {
            boost_ms: boost * 60_000,
            weight,
            // Most need nothing.
            required: if required == 3 { 1 } else { 0 },
            preferred: if preferred < 3 { preferred } else { 0 },
            sticky,
            excluded,
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let (number, entry, agent) = (0..12_u32, 1..5_u64, 0..NAMES.len());
    prop_oneof![
        5 => (number.clone(), entry.clone(), shape())
            .prop_map(|(number, entry, shape)| Step::Announce { number, entry, shape }),
        3 => (number.clone(), entry.clone()).prop_map(|(number, entry)| Step::Withdraw { number, entry }),
        4 => (agent.clone(), 0..4_u32, 1..6_u32, 0..8_u8)
            .prop_map(|(agent, load, capacity, skilled)| Step::Agent { agent, load, capacity, skilled }),
        1 => agent.clone().prop_map(|agent| Step::Away { agent }),
        1 => (agent, number, entry, 0..4_u32)
            .prop_map(|(agent, number, entry, load)| Step::Refuse { agent, number, entry, load }),
        3 => prop_oneof![0..50_u64, 500..4_000_u64, 10_000..30_000_u64].prop_map(|ms| Step::Pass { ms }),
    ]
}

fn named(bits: u8) -> Vec<&'static str> {
    let named = SKILLS.iter().enumerate();
    named
        .filter(|(at, _)| bits & (1 << at) != 0)
        .map(|(_, name)| *name)
        .collect()
}

/// What an outside observer knows.
#[derive(Default)]
struct Known {
    /// Highest entry announced, unless it was withdrawn.
    entries: HashMap<u32, u64>,
    withdrawn: HashMap<u32, u64>,
    passed_ms: u64,
    /// Last pick of an entry.
    picks: HashMap<(u32, u64), (String, Millis)>,
}

impl Known {
    fn heed(&mut self, scene: &mut Scene, step: &Step) {
        match step {
            Step::Announce {
                number,
                entry,
                shape,
            } => {
                let over = self.withdrawn.get(number).is_some_and(|over| over >= entry);
                let known = self.entries.get(number).copied().unwrap_or(0);
                if !over && *entry > known {
                    self.entries.insert(*number, *entry);
                }
                scene.announce_with(*number, *entry, wait(scene.now, shape));
            }
            Step::Withdraw { number, entry } => {
                let over = self.withdrawn.entry(*number).or_default();
                *over = (*over).max(*entry);
                if self.entries.get(number) == Some(entry) {
                    self.entries.remove(number);
                }
                self.picks.remove(&(*number, *entry));
                scene.withdraw(*number, *entry, Withdrawn::Offered);
            }
            Step::Agent {
                agent,
                load,
                capacity,
                skilled,
            } => {
                scene.agent(NAMES[*agent], *load, *capacity, &named(*skilled));
            }
            Step::Away { agent } => {
                scene.away(NAMES[*agent]);
            }
            Step::Refuse {
                agent,
                number,
                entry,
                load,
            } => {
                let by = self
                    .picks
                    .get(&(*number, *entry))
                    .map(|(agent, _)| agent.as_str());
                if by == Some(NAMES[*agent]) {
                    self.picks.remove(&(*number, *entry));
                }
                scene.refuse(NAMES[*agent], *number, *entry, *load, 3);
            }
            // Withdrawals are remembered for a minute: what this observer remembers for ever must be.
            Step::Pass { ms } if self.passed_ms + ms < WITHDRAWN_KEPT_MS => {
                self.passed_ms += ms;
                scene.pass(*ms);
            }
            Step::Pass { .. } => {}
        }
    }
}

fn wait(now: Millis, shape: &Shape) -> crate::conversation::Waiting {
    let mut wait = waiting(now);
    wait.boost_ms = shape.boost_ms;
    wait.weight = shape.weight;
    wait.required = skills(&named(shape.required));
    wait.preferred = skills(&named(shape.preferred));
    wait.preferred_until = now.plus(3_000);
    wait.sticky = shape
        .sticky
        .map(|agent| (AgentId::from(NAMES[agent]), now.plus(5_000)));
    wait.excluded = shape
        .excluded
        .map(|agent| AgentId::from(NAMES[agent]))
        .into_iter()
        .collect();
    wait
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_comes_in_whatever_order(steps in prop::collection::vec(step(), 1..80)) {
        let (mut scene, mut known) = (Scene::warm(), Known::default());
        for step in &steps {
            known.heed(&mut scene, step);
            for (at, offer) in std::mem::take(&mut scene.reserved) {
                let (number, entry) = (number(offer.conversation), offer.position.0);
                prop_assert_eq!(known.entries.get(&number), Some(&entry), "a ghost is picked");
                let agent = offer.agent.as_str().to_owned();
                prop_assert!(!scene.queue.is_overbooked(&offer.agent), "{} has no room", agent);
                let earlier = known.picks.insert((number, entry), (agent, at));
                prop_assert!(
                    earlier.is_none_or(|(_, before)| at.since(before) >= PICK_TIMEOUT_MS),
                    "picked twice within the time-out"
                );
            }
            prop_assert_eq!(scene.queue.faults(), Vec::<String>::new());
            prop_assert_eq!(scene.queue.listed_entries(), known.sorted());
        }
    }
}

impl Known {
    fn sorted(&self) -> Vec<(u32, u64)> {
        let mut entries: Vec<(u32, u64)> = self.entries.iter().map(|(k, v)| (*k, *v)).collect();
        entries.sort_unstable();
        entries
    }
}
