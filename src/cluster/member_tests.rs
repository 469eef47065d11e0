//! Members over a store that answers at once: what takes how long when nothing goes wrong.

use crest_actors::ids::{SHARDS, Shard};

use super::ask::Ask;
use super::fence::ShardFence;
use super::limits::{ROUND_SHARE, TICK_MS};
use super::member::{Input, Member, Output};
use super::process::{BootMs, Incarnation, NodeId, Process};
use super::sim::store::Store;

struct Node {
    member: Member,
    fence: ShardFence,
    up: bool,
}

/// Nodes that all tick together.
struct Calm {
    now_ms: u64,
    store: Store,
    nodes: Vec<Node>,
}

impl Calm {
    fn of(nodes: u16) -> Self {
        let mut calm = Self {
            now_ms: 0,
            store: Store::new(None),
            nodes: Vec::new(),
        };
        for _ in 0..nodes {
            calm.join();
        }
        calm
    }

    fn join(&mut self) {
        let number = self.nodes.len() as u16;
        let me = Process {
            node: NodeId(number),
            incarnation: Incarnation(u128::from(number)),
        };
        self.nodes.push(Node {
            member: Member::new(me, SHARDS),
            fence: ShardFence::new(|| BootMs(0)),
            up: true,
        });
    }

    /// Gives a node an input and carries out what follows. True if it has left.
    fn input(&mut self, at: usize, input: Input) -> bool {
        let mut left = false;
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let node = &mut self.nodes[at];
            let mut said = Vec::new();
            node.member.on(BootMs(self.now_ms), input, &mut said);
            node.fence.follow(&node.member, &said);
            for output in said {
                match output {
                    Output::Ask(id, ask) => {
                        self.check_moves(&ask);
                        let answer = self.store.carry_out(self.now_ms, self.now_ms, &ask);
                        inputs.push(Input::Answered(id, answer));
                    }
                    Output::Left => left = true,
                    Output::Took { .. }
                    | Output::LetGo { .. }
                    | Output::Elsewhere { .. }
                    | Output::FenceLost
                    | Output::Announce { .. }
                    | Output::Expelled => {}
                }
            }
        }
        self.nodes[at].up &= !left;
        left
    }

    /// Nobody acts any more for what it asks to have moved, and a living one asks for little.
    fn check_moves(&self, ask: &Ask) {
        let (Ask::CasMap { next, .. }, Some(before)) = (ask, &self.store.map) else {
            return;
        };
        let changed = next.shards().filter(|it| before.held(it.0) != it.1);
        let mut planned = 0;
        for (shard, _) in changed {
            let owner = &self.nodes[usize::from(before.held(shard).owner.node.0)];
            assert!(
                !owner.fence.holds_at(BootMs(self.now_ms), shard),
                "{shard:?}"
            );
            planned += usize::from(owner.up);
        }
        assert!(planned <= usize::from(SHARDS) / ROUND_SHARE);
    }

    /// Lets time pass until `done` says so. Says how long it took.
    fn until(&mut self, done: impl Fn(&Self) -> bool) -> u64 {
        let start = self.now_ms;
        while !done(self) {
            assert!(self.now_ms - start < 60_000, "loads {:?}", self.loads());
            self.now_ms += TICK_MS;
            for at in 0..self.nodes.len() {
                if self.nodes[at].up {
                    self.input(at, Input::Tick);
                }
            }
        }
        self.now_ms - start
    }

    /// How many shards each node may act for.
    fn loads(&self) -> Vec<usize> {
        let now = BootMs(self.now_ms);
        let load = |node: &Node| {
            let held = |shard: &Shard| {
                let holds = node.up && node.member.epoch(now, *shard).is_some();
                assert_eq!(holds, node.up && node.fence.holds_at(now, *shard));
                holds
            };
            Shard::all().filter(held).count()
        };
        self.nodes.iter().map(load).collect()
    }
}

#[test]
fn the_first_node_serves_everything_at_once() {
    let mut calm = Calm::of(1);
    assert!(calm.until(|it| it.loads() == [256]) <= TICK_MS);
}

#[test]
fn nodes_that_join_are_given_their_share() {
    let mut calm = Calm::of(3);
    let took_ms = calm.until(|it| {
        it.loads() == [86, 85, 85] || it.loads() == [85, 86, 85] || it.loads() == [85, 85, 86]
    });
    assert!(took_ms <= 12_000, "{took_ms} ms");
    calm.join();
    let took_ms = calm.until(|it| it.loads() == [64; 4]);
    assert!(took_ms <= 10_000, "{took_ms} ms");
}

#[test]
fn a_killed_node_is_replaced_within_five_seconds() {
    let mut calm = Calm::of(3);
    calm.until(|it| it.loads().iter().all(|load| *load >= 85));
    calm.nodes[0].up = false;
    let took_ms = calm.until(|it| it.loads() == [0, 128, 128]);
    assert!(took_ms <= 5_000, "{took_ms} ms");
}

#[test]
fn a_drain_is_done_well_within_the_time_of_a_planned_stop() {
    let mut calm = Calm::of(3);
    calm.until(|it| it.loads().iter().all(|load| *load >= 85));
    calm.input(1, Input::Drain);
    let took_ms = calm.until(|it| !it.nodes[1].up);
    assert!(took_ms <= 10_000, "{took_ms} ms");
    calm.until(|it| it.loads() == [128, 0, 128]);
}

#[test]
fn nodes_that_all_drain_do_not_wait_for_one_another() {
    let mut calm = Calm::of(3);
    calm.until(|it| it.loads().iter().all(|load| *load >= 85));
    for at in 0..3 {
        calm.input(at, Input::Drain);
    }
    let took_ms = calm.until(|it| it.nodes.iter().all(|node| !node.up));
    assert!(took_ms <= 10_000, "{took_ms} ms");
}

#[test]
fn a_lease_that_was_not_renewed_ends_everything() {
    let mut calm = Calm::of(1);
    calm.until(|it| it.loads() == [256]);
    calm.now_ms = calm.nodes[0].member.until().0;
    assert_eq!(calm.loads(), [0]);
    // Nobody declared it dead meanwhile: it goes on under the same epochs.
    calm.until(|it| it.loads() == [256]);
    let epochs = Shard::all().map(|it| calm.nodes[0].member.epoch(BootMs(calm.now_ms), it));
    assert!(epochs.into_iter().all(|it| it == Some(1)));
}
