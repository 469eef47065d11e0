use std::collections::HashMap;

use super::*;
use crate::agent::{Availability, Presence};
use crate::conversation::{PhaseKind, Summary};
use crate::directory::{AgentProfile, Boosts, Directory, StaffRole, Tenant, Timing};
use crate::ids::{AgentId, ChannelId, ConversationId, ConversationKey, CustomerId, GroupId};
use crate::queue::QueueStats;

struct Scene {
    board: Board,
    context: Context,
    views: Vec<(u32, Arc<BoardView>)>,
}

/// A client's copy, built from views alone.
#[derive(Default)]
struct Copy {
    version: Option<u64>,
    rows: BTreeMap<u8, Summary>,
}

impl Copy {
    /// False where the view does not fit: the client would ask again.
    fn take(&mut self, view: &BoardView) -> bool {
        match view.since {
            None => self.rows.clear(),
            Some(since) if Some(since) != self.version => return false,
            Some(_) => {}
        }
        self.version = Some(view.version);
        for row in &view.conversations {
            let id = row.key.id.0[0];
            match row.phase {
                PhaseKind::Closed => self.rows.remove(&id),
                _ => self.rows.insert(id, row.clone()),
            };
        }
        true
    }
}

impl Scene {
    fn begin() -> Self {
        let context = Context {
            now: Millis(5_000_000),
            directory: Arc::new(directory()),
            random: [0; 16],
        };
        let mut board = Board::empty(TenantId::from("shop"));
        let mut turn = Turn::default();
        board.recovered(&context, &mut turn);
        assert_eq!(turn.effects, [Effect::Rally(TenantId::from("shop"))]);
        Self {
            board,
            context,
            views: Vec::new(),
        }
    }

    fn note(&mut self, note: Note) {
        let mut turn = Turn::default();
        self.board.apply(&self.context, note, &mut turn);
        for effect in turn.effects {
            let Effect::Push(session, Push::Board(view)) = effect else {
                panic!("a board only pushes views: {effect:?}");
            };
            self.views.push((session.slot, view));
        }
    }

    fn pass(&mut self, ms: u64) {
        let until = self.context.now.plus(ms);
        while let Some(at) = self.board.wake_at().filter(|at| *at <= until) {
            self.context.now = self.context.now.max(at);
            self.note(Note::Wake);
            assert!(
                self.board
                    .wake_at()
                    .is_none_or(|next| next > self.context.now)
            );
        }
        self.context.now = until;
    }

    fn watch(&mut self, slot: u32, scope: Scope, have: Option<u64>) {
        let session = session(slot);
        self.note(Note::Watch {
            session,
            scope,
            have,
        });
    }

    fn row(&mut self, id: u8, position: u64, phase: PhaseKind, group: &str) {
        self.note(Note::Conversation(summary(id, position, phase, group)));
    }

    fn take(&mut self) -> Vec<(u32, Arc<BoardView>)> {
        std::mem::take(&mut self.views)
    }
}

/// The shop has the agent `ann` and the supervisor `sue`.
fn directory() -> Directory {
    let profile = |role, capacity| AgentProfile {
        name: String::new(),
        groups: Vec::new(),
        skills: Vec::new(),
        capacity,
        role,
    };
    let tenant = Tenant {
        groups: HashMap::new(),
        agents: HashMap::from([
            (AgentId::from("ann"), profile(StaffRole::Agent, 3)),
            (AgentId::from("sue"), profile(StaffRole::Supervisor, 0)),
        ]),
        default_group: GroupId::from("a"),
        timing: Timing::default(),
        boosts: Boosts::default(),
        channel_weights: HashMap::new(),
        bot_enabled: false,
        not_ready_reasons: Vec::new(),
    };
    Directory {
        tenants: HashMap::from([(TenantId::from("shop"), tenant)]),
        revision: 1,
    }
}

fn session(slot: u32) -> SessionId {
    SessionId {
        node: 0,
        arbiter: 0,
        slot,
        generation: 0,
    }
}

fn summary(id: u8, position: u64, phase: PhaseKind, group: &str) -> Summary {
    let mut bytes = [0; 16];
    bytes[0] = id;
    Summary {
        key: ConversationKey {
            tenant: TenantId::from("shop"),
            id: ConversationId(bytes),
        },
        customer: CustomerId::from("c"),
        channel: ChannelId::from("web"),
        tier: 0,
        phase,
        position: Seq(position),
        group: GroupId::from(group),
        agent: None,
        taken_over: false,
        opened_at: Millis(0),
        phase_since: Millis(0),
        enqueued_at: None,
        closed_at: None,
        close_reason: None,
        rating: None,
        awake: true,
    }
}

/// (rows' ids, is a snapshot) of a view.
fn rows(view: &BoardView) -> (Vec<u8>, bool) {
    let ids = view.conversations.iter().map(|row| row.key.id.0[0]);
    (ids.collect(), view.since.is_none())
}

#[test]
fn whoever_begins_to_watch_gets_a_snapshot_and_then_what_changes() {
    let mut scene = Scene::begin();
    scene.row(1, 1, PhaseKind::Waiting, "a");
    scene.row(2, 1, PhaseKind::Active, "b");
    assert_eq!(scene.board.wake_at(), None, "nobody watches");
    scene.watch(7, Scope::Tenant, None);
    let views = scene.take();
    assert_eq!(rows(&views[0].1), (vec![1, 2], true));
    scene.pass(1_000);
    scene.take();
    scene.row(2, 2, PhaseKind::WrapUp, "b");
    scene.row(2, 2, PhaseKind::WrapUp, "b");
    scene.pass(1_000);
    let diff = scene.take();
    assert_eq!(diff.len(), 1);
    assert_eq!(rows(&diff[0].1), (vec![2], false));
    scene.pass(10_000);
    assert!(scene.take().is_empty(), "silence while nothing changes");
}

#[test]
fn changes_come_at_most_five_times_a_second() {
    let mut scene = Scene::begin();
    scene.watch(7, Scope::Tenant, None);
    scene.take();
    for step in 0..1_000 {
        scene.row((step % 5) as u8, step, PhaseKind::Active, "a");
        scene.pass(5);
    }
    let views = scene.take().len();
    assert!((20..=26).contains(&views), "{views} in 5 s");
}

#[test]
fn a_closed_conversation_is_shown_once_more_and_does_not_come_back() {
    let mut scene = Scene::begin();
    scene.row(1, 1, PhaseKind::Active, "a");
    scene.watch(7, Scope::Tenant, None);
    scene.pass(1_000);
    scene.take();
    scene.row(1, 3, PhaseKind::Closed, "a");
    scene.row(1, 2, PhaseKind::Active, "a");
    scene.row(9, 3, PhaseKind::Closed, "a");
    scene.pass(1_000);
    let diff = scene.take();
    assert_eq!(diff.len(), 1);
    assert_eq!(
        diff[0].1.conversations,
        [summary(1, 3, PhaseKind::Closed, "a")]
    );
    scene.watch(8, Scope::Tenant, None);
    assert_eq!(rows(&scene.take()[0].1), (vec![], true));
}

#[test]
fn who_has_the_current_version_gets_nothing_and_who_has_an_unknown_one_everything() {
    let mut scene = Scene::begin();
    scene.row(1, 1, PhaseKind::Active, "a");
    scene.watch(7, Scope::Tenant, None);
    scene.pass(1_000);
    let version = scene.take().last().unwrap().1.version;
    scene.watch(7, Scope::Tenant, Some(version));
    scene.watch(8, Scope::Tenant, Some(version));
    assert!(scene.take().is_empty());
    for unknown in [Some(version + 1), Some(3), Some(u64::MAX), None] {
        scene.watch(8, Scope::Tenant, unknown);
        assert_eq!(rows(&scene.take()[0].1), (vec![1], true), "{unknown:?}");
    }
}

#[test]
fn a_lost_difference_is_made_again_from_the_version_one_has() {
    let mut scene = Scene::begin();
    scene.row(1, 1, PhaseKind::Active, "a");
    scene.watch(7, Scope::Tenant, None);
    scene.pass(1_000);
    let version = scene.take().last().unwrap().1.version;
    scene.row(2, 1, PhaseKind::Active, "a");
    scene.pass(1_000);
    scene.row(3, 1, PhaseKind::Active, "a");
    scene.pass(1_000);
    scene.take();
    scene.watch(7, Scope::Tenant, Some(version));
    let again = scene.take();
    assert_eq!(rows(&again[0].1), (vec![2, 3], false));
    assert_eq!(again[0].1.since, Some(version));
}

#[test]
fn a_group_is_seen_alone_and_what_leaves_it_once_more() {
    let mut scene = Scene::begin();
    scene.row(1, 1, PhaseKind::Active, "a");
    scene.row(2, 1, PhaseKind::Active, "b");
    scene.watch(7, Scope::Group(GroupId::from("a")), None);
    assert_eq!(rows(&scene.take()[0].1), (vec![1], true));
    scene.pass(1_000);
    scene.take();
    scene.row(2, 2, PhaseKind::WrapUp, "b");
    scene.pass(1_000);
    assert!(scene.take().is_empty());
    scene.row(1, 2, PhaseKind::Waiting, "b");
    scene.pass(1_000);
    let left = scene.take();
    assert_eq!(
        left[0].1.conversations,
        [summary(1, 2, PhaseKind::Waiting, "b")]
    );
    scene.row(1, 3, PhaseKind::Active, "b");
    scene.pass(1_000);
    assert!(scene.take().is_empty());
}

#[test]
fn a_long_snapshot_comes_in_parts_and_a_lost_part_is_noticed() {
    let mut scene = Scene::begin();
    for id in 0..=255 {
        scene.row(id, 1, PhaseKind::Active, "a");
    }
    scene.watch(7, Scope::Tenant, None);
    let parts = scene.take();
    assert_eq!(parts.len(), 256_usize.div_ceil(BOARD_VIEW_ROWS));
    let mut copy = Copy::default();
    assert!(parts.iter().all(|(_, part)| copy.take(part)));
    assert_eq!(copy.rows.len(), 256);
    let mut lossy = Copy::default();
    assert!(lossy.take(&parts[0].1) && !lossy.take(&parts[2].1));
    scene.watch(7, Scope::Tenant, lossy.version);
    assert_eq!(scene.take()[0].1.since, None, "from the beginning");
}

#[test]
fn agents_and_queues_are_shown_when_they_change() {
    let mut scene = Scene::begin();
    scene.watch(7, Scope::Tenant, None);
    scene.pass(1_000);
    scene.take();
    let mut say = |version: u64, load: u32| {
        scene.note(Note::Agent {
            agent: AgentId::from("ann"),
            availability: Availability {
                presence: Presence::Ready,
                load,
                capacity: 3,
                idle_since: Millis(0),
                offerable: true,
                version,
            },
        });
        scene.pass(1_000);
        let views = std::mem::take(&mut scene.views);
        views
            .iter()
            .flat_map(|(_, view)| view.agents.clone())
            .count()
    };
    assert_eq!(say(1, 0), 1);
    assert_eq!(say(2, 0), 0, "a beat changes nothing");
    assert_eq!(say(4, 1), 1);
    assert_eq!(say(3, 2), 0, "older");
    let stats = QueueStats {
        length: 4,
        oldest_since: None,
        assigned_120s: 0,
        abandoned_120s: 0,
        ready_agents: 0,
    };
    let group = GroupId::from("a");
    scene.note(Note::Queue { group, stats });
    scene.pass(1_000);
    assert_eq!(scene.take()[0].1.queues.len(), 1);
}

#[test]
fn only_who_takes_work_in_this_shop_is_listed_as_an_agent() {
    for (agent, listed) in [("ann", 1), ("sue", 0), ("nobody", 0)] {
        let mut scene = Scene::begin();
        scene.note(Note::Agent {
            agent: AgentId::from(agent),
            availability: Availability {
                presence: Presence::Offline,
                load: 0,
                capacity: 0,
                idle_since: Millis(0),
                offerable: false,
                version: 1,
            },
        });
        scene.watch(7, Scope::Tenant, None);
        scene.pass(1_000);
        let views = scene.take();
        let rows: usize = views.iter().map(|(_, view)| view.agents.len()).sum();
        assert_eq!(rows, listed, "{agent}");
    }
}

#[test]
fn who_does_not_repeat_its_watch_or_leaves_is_told_nothing_more() {
    let mut scene = Scene::begin();
    scene.watch(7, Scope::Tenant, None);
    scene.watch(8, Scope::Tenant, None);
    let session = session(8);
    scene.note(Note::Unwatch { session });
    scene.take();
    scene.row(1, 1, PhaseKind::Active, "a");
    scene.pass(1_000);
    assert_eq!(
        scene
            .take()
            .iter()
            .map(|(slot, _)| *slot)
            .collect::<Vec<_>>(),
        [7]
    );
    scene.pass(BOARD_WATCH_MS);
    scene.row(1, 2, PhaseKind::WrapUp, "a");
    scene.pass(1_000);
    assert!(scene.take().is_empty());
    assert_eq!(scene.board.wake_at(), None);
}

#[test]
fn a_board_nobody_watches_does_not_grow() {
    let mut scene = Scene::begin();
    for step in 0..200_000_u64 {
        let id = (step % 250) as u8;
        scene.row(id, 2 * step + 1, PhaseKind::Active, "a");
        scene.row(id, 2 * step + 2, PhaseKind::Closed, "a");
    }
    assert!(scene.board.rows.kept() <= crate::limits::BOARD_CHANGES_KEPT + 2_048);
    scene.watch(7, Scope::Tenant, None);
    assert_eq!(rows(&scene.take()[0].1), (vec![], true));
}

proptest::proptest! {
    /// Whatever is lost on the way, a client that asks again comes to what the board has.
    #[test]
    fn a_copy_from_lossy_views_becomes_the_board(
        steps in proptest::collection::vec((0..6_u8, 0..6_usize, proptest::bool::ANY, 0..400_u64), 1..80),
    ) {
        let mut scene = Scene::begin();
        let mut copy = Copy::default();
        scene.watch(7, Scope::Tenant, None);
        let phases = [PhaseKind::BotServing, PhaseKind::Waiting, PhaseKind::Active];
        for (position, (id, phase, lost, ms)) in (1..).zip(steps) {
            let phase = *phases.get(phase).unwrap_or(&PhaseKind::Closed);
            scene.row(id, position, phase, "a");
            scene.pass(ms);
            let fits = scene.take().iter().all(|(_, view)| lost || copy.take(view));
            if !fits {
                scene.watch(7, Scope::Tenant, copy.version);
            }
        }
        scene.pass(1_000);
        scene.take();
        scene.watch(7, Scope::Tenant, copy.version);
        for (_, view) in scene.take() {
            proptest::prop_assert!(copy.take(&view));
        }
        let open = scene.board.rows.open();
        proptest::prop_assert_eq!(copy.rows.into_values().collect::<Vec<_>>(), open);
    }
}
