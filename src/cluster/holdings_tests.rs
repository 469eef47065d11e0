use std::sync::Arc;

use crest_actors::ids::Shard;

use super::ask::{Answer, Ask, LeaseRow};
use super::assignment::Map;
use super::holdings::{Holdings, Occasion};
use super::limits::{AGAIN_MS, HINT_PAUSE_MS, ROUND_MS};
use super::member::Output;
use super::observe::Observer;
use super::place::first;
use super::process::{BootMs, Incarnation, NodeId, Process};
use super::rules::Rules;

const NOW: BootMs = BootMs(10_000);

fn process(node: u16) -> Process {
    Process {
        node: NodeId(node),
        incarnation: Incarnation(u128::from(node)),
    }
}

/// Process 1, which owns all ten shards, sees process 2 live, and has asked for a shard to go there.
struct Scene {
    holdings: Holdings,
    seen: Observer,
    map: Arc<Map>,
}

impl Scene {
    fn letting_go() -> (Self, Arc<Map>) {
        let mut seen = Observer::new(process(1), Rules::default());
        for beat in 0..2 {
            let row = LeaseRow {
                incarnation: process(2).incarnation,
                beat,
                alive: true,
            };
            seen.saw(NOW, NodeId(2), row);
        }
        let mut scene = Self {
            holdings: Holdings::new(process(1), 10, Rules::default()),
            seen,
            map: Arc::new(first(10, &[process(1)], 1)),
        };
        assert_eq!(scene.next(NOW), Some(Ask::ReadMap));
        scene
            .holdings
            .answered(NOW, Answer::Map(Some(scene.map.clone())));
        assert_eq!(scene.told().len(), 10);
        let early = scene.next(NOW.plus(ROUND_MS - 1));
        assert_eq!(early, None, "a change of the map settles first");
        let Some(Ask::CasMap { next, .. }) = scene.due() else {
            panic!("nothing is given away");
        };
        assert_eq!(scene.told(), [Output::LetGo { shard: Shard(0) }]);
        assert_eq!(next.held(Shard(0)).owner, process(2));
        (scene, next)
    }

    /// What it asks when a round is due; the map is read again first.
    fn due(&mut self) -> Option<Ask> {
        let at = NOW.plus(ROUND_MS);
        assert_eq!(self.next(at), Some(Ask::ReadMap));
        self.holdings
            .answered(at, Answer::Map(Some(self.map.clone())));
        self.next(at)
    }

    fn next(&mut self, now: BootMs) -> Option<Ask> {
        let occasion = Occasion {
            seen: &self.seen,
            holds: true,
            drains: false,
        };
        self.holdings.next(now, &occasion)
    }

    fn told(&mut self) -> Vec<Output> {
        let mut out = Vec::new();
        self.holdings.tell(true, &mut out);
        out
    }
}

#[test]
fn a_move_of_unknown_outcome_is_read_and_made_again_but_never_taken_back() {
    let (mut scene, asked) = Scene::letting_go();
    let at = NOW.plus(ROUND_MS);
    scene.holdings.answered(at, Answer::Unknown);
    let at = at.plus(AGAIN_MS);
    assert_eq!(scene.next(at), Some(Ask::ReadMap));
    // The old version: the transaction may still come.
    scene
        .holdings
        .answered(at, Answer::Map(Some(scene.map.clone())));
    assert_eq!(scene.told(), []);
    let again = Ask::CasMap {
        expected: Some(1),
        next: asked,
    };
    assert_eq!(scene.next(at), Some(again));
}

#[test]
fn what_another_version_leaves_here_is_taken_up_again() {
    let (mut scene, _) = Scene::letting_go();
    let at = NOW.plus(ROUND_MS);
    scene.holdings.answered(at, Answer::Refused);
    assert_eq!(scene.next(at), Some(Ask::ReadMap));
    let other = scene.map.moved(&[], Default::default());
    scene
        .holdings
        .answered(at, Answer::Map(Some(Arc::new(other))));
    let took = Output::Took {
        shard: Shard(0),
        epoch: 1,
    };
    assert_eq!(scene.told(), [took]);
}

#[test]
fn a_move_that_was_made_is_not_this_process_s_any_more() {
    let (mut scene, _) = Scene::letting_go();
    assert!(scene.holdings.answered(NOW.plus(ROUND_MS), Answer::Applied));
    let elsewhere = Output::Elsewhere {
        shard: Shard(0),
        node: NodeId(2),
        epoch: 2,
    };
    assert_eq!(scene.told(), [elsewhere]);
    assert_eq!(scene.holdings.epoch(Shard(0)), None);
    assert_eq!(scene.holdings.epoch(Shard(1)), Some(1));
}

#[test]
fn hints_lead_to_a_read_but_not_each_to_one() {
    let (mut scene, _) = Scene::letting_go();
    let at = NOW.plus(2 * ROUND_MS);
    scene.holdings.answered(at, Answer::Applied);
    for ms in 1..HINT_PAUSE_MS {
        scene.holdings.doubt(at.plus(ms));
        scene.holdings.hint(at.plus(ms), 9);
        assert_eq!(scene.next(at.plus(ms)), None);
    }
    assert_eq!(scene.next(at.plus(HINT_PAUSE_MS)), Some(Ask::ReadMap));
    let known = scene.holdings.map().cloned();
    let at = at.plus(HINT_PAUSE_MS);
    scene.holdings.answered(at, Answer::Map(known));
    scene.holdings.hint(at.plus(HINT_PAUSE_MS), 2);
    assert_eq!(scene.next(at.plus(HINT_PAUSE_MS)), None, "nothing new");
}

#[test]
fn a_lost_fence_closes_everything_and_a_renewed_one_opens_it_under_the_same_epochs() {
    let (mut scene, _) = Scene::letting_go();
    let mut out = Vec::new();
    scene.holdings.tell(false, &mut out);
    assert_eq!(out, [Output::FenceLost]);
    assert_eq!(scene.holdings.epoch(Shard(1)), None);
    assert_eq!(scene.told().len(), 9, "all but what it lets go of");
    assert_eq!(scene.holdings.epoch(Shard(1)), Some(1));
}
