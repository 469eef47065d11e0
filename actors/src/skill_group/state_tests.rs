use super::*;
use crate::agent::Presence;
use crate::conversation::Overflow;
use crate::directory::{Boosts, Directory, Group, StaffRole, Tenant, Timing};
use crate::ids::{GroupId, TenantId};

/// A group with these members and skills.
fn directory(members: &[(&str, &[&str])], expected_handling_ms: u64) -> Arc<Directory> {
    let group = GroupId::from("sales");
    let profile = |skills: &[&str]| AgentProfile {
        name: String::new(),
        groups: vec![group.clone()],
        skills: skills.iter().map(Skill::new).collect(),
        capacity: 3,
        role: StaffRole::Agent,
    };
    let sales = Group {
        name: "Sales".into(),
        required: vec![],
        preferred: vec![],
        max_length: 7,
        max_wait_ms: 0,
        overflow: Overflow::Bot,
        expected_handling_ms,
    };
    let mut agents: std::collections::HashMap<AgentId, AgentProfile> = members
        .iter()
        .map(|(agent, skills)| (AgentId::from(*agent), profile(skills)))
        .collect();
    let mut stranger = profile(&[]);
    stranger.groups = vec![GroupId::from("other")];
    agents.insert(AgentId::from("stranger"), stranger);
    let tenant = Tenant {
        groups: [(group.clone(), sales)].into(),
        agents,
        default_group: group,
        timing: Timing::default(),
        boosts: Boosts::default(),
        channel_weights: [].into(),
        bot_enabled: true,
        not_ready_reasons: vec![],
    };
    Arc::new(Directory {
        tenants: [(TenantId::from("shop"), tenant)].into(),
        revision: 1,
    })
}

struct Scene {
    group: SkillGroup,
    context: Context,
}

impl Scene {
    fn begin(directory: Arc<Directory>) -> (Self, Vec<String>) {
        let key = GroupKey {
            tenant: TenantId::from("shop"),
            group: GroupId::from("sales"),
        };
        let context = Context {
            now: Millis(1_000_000),
            directory,
            random: [0; 16],
        };
        let mut scene = Self {
            group: SkillGroup::empty(key),
            context,
        };
        let mut turn = Turn::default();
        scene.group.recovered(&scene.context, &mut turn);
        (scene, words(&turn.effects))
    }

    fn note(&mut self, note: Note) -> Vec<String> {
        let mut turn = Turn::default();
        self.group.apply(&self.context, note, &mut turn);
        words(&turn.effects)
    }

    fn agent(&mut self, agent: &str, version: u64, load: u32) -> Vec<String> {
        self.note(Note::Agent {
            agent: AgentId::from(agent),
            availability: availability(version, load, Presence::Ready),
        })
    }
}

fn availability(version: u64, load: u32, presence: Presence) -> Availability {
    Availability {
        offerable: presence == Presence::Ready,
        presence,
        load,
        capacity: 3,
        idle_since: Millis(0),
        version,
    }
}

fn words(effects: &[Effect]) -> Vec<String> {
    let word = |effect: &Effect| match effect {
        Effect::Tell(Envelope::Queue(
            _,
            queue::Note::Agent {
                agent,
                availability,
                skills,
            },
        )) => {
            format!("queue: {agent} v{} {skills:?}", availability.version)
        }
        Effect::Tell(Envelope::Queue(_, queue::Note::AgentGone { agent })) => {
            format!("queue: {agent} gone")
        }
        Effect::Tell(Envelope::Queue(_, queue::Note::Policy(policy))) => {
            format!(
                "queue: {} ms, at most {}",
                policy.handling_ms, policy.max_length
            )
        }
        Effect::Tell(Envelope::Agent(key, agent::Note::Announce { queue })) => {
            format!("{}: announce to {queue}", key.agent)
        }
        other => format!("{other:?}"),
    };
    effects.iter().map(word).collect()
}

#[test]
fn a_group_that_begins_tells_its_policy_and_calls_its_members() {
    let (_, said) = Scene::begin(directory(&[("ann", &[]), ("bob", &[])], 300_000));
    let calls = ["ann: announce to sales", "bob: announce to sales"];
    assert!(
        calls.iter().all(|call| said.contains(&(*call).to_owned())),
        "{said:?}"
    );
    assert!(said.contains(&"queue: 300000 ms, at most 7".to_owned()));
    assert!(!said.iter().any(|word| word.contains("stranger")));
}

#[test]
fn what_a_member_says_reaches_the_queue_with_its_skills_once() {
    let (mut scene, _) = Scene::begin(directory(&[("ann", &["en"])], 300_000));
    assert_eq!(scene.agent("ann", 5, 0), ["queue: ann v5 [en]"]);
    assert!(scene.agent("ann", 5, 0).is_empty(), "doubled");
    assert!(scene.agent("ann", 4, 2).is_empty(), "older");
    assert_eq!(
        scene.agent("ann", 6, 0),
        ["queue: ann v6 [en]"],
        "a beat is news: it is there"
    );
    assert!(scene.agent("stranger", 1, 0).is_empty());
}

#[test]
fn the_directory_makes_and_ends_members() {
    let (mut scene, _) = Scene::begin(directory(&[("ann", &["en"]), ("bob", &[])], 300_000));
    scene.agent("ann", 1, 0);
    scene.agent("bob", 1, 0);
    scene.context.directory = directory(&[("ann", &["en", "fr"]), ("cho", &[])], 300_000);
    let mut said = scene.note(Note::Reconfigured);
    said.sort();
    let expected = [
        "cho: announce to sales",
        "queue: ann v1 [en, fr]",
        "queue: bob gone",
    ];
    assert_eq!(said, expected);
    assert!(
        scene.agent("bob", 2, 0).is_empty(),
        "a late note of a leaver"
    );
    assert!(
        scene.note(Note::Reconfigured).is_empty(),
        "nothing changed since"
    );
}

#[test]
fn handling_time_begins_as_expected_and_follows_what_is_measured() {
    let (mut scene, _) = Scene::begin(directory(&[], 100_000));
    assert!(
        scene
            .note(Note::Handled {
                handling_ms: 100_000
            })
            .is_empty(),
        "no change, no word"
    );
    let mut told = Vec::new();
    for _ in 0..400 {
        told.extend(scene.note(Note::Handled {
            handling_ms: 200_000,
        }));
    }
    assert!(
        (5..60).contains(&told.len()),
        "told when it moved: {}",
        told.len()
    );
    let mean = scene.group.mean_handling_ms(&scene.context);
    assert!((196_000..=200_000).contains(&mean), "{mean}");
}

#[test]
fn a_wrong_guess_of_the_handling_time_is_outvoted_by_the_first_twenty() {
    let (mut scene, _) = Scene::begin(directory(&[], 240_000));
    for _ in 0..20 {
        scene.note(Note::Handled {
            handling_ms: 15_000,
        });
    }
    let mean = scene.group.mean_handling_ms(&scene.context);
    assert!((15_000..60_000).contains(&mean), "{mean}");
}

#[test]
fn a_queue_that_has_just_started_gets_everything_but_old_news() {
    let (mut scene, _) = Scene::begin(directory(&[("ann", &[]), ("bob", &[])], 300_000));
    scene.agent("ann", 1, 0);
    scene.context.now = scene.context.now.plus(AVAILABILITY_STALE_MS);
    scene.agent("bob", 1, 0);
    let said = scene.note(Note::Resend);
    let expected = [
        "queue: 300000 ms, at most 7",
        "queue: bob v1 []",
        "ann: announce to sales",
        "bob: announce to sales",
    ];
    assert_eq!(said, expected);
}

#[test]
fn policies_grow_and_are_repeated_slowly() {
    let (mut scene, _) = Scene::begin(directory(&[], 300_000));
    let first = scene.group.policy.clone().unwrap().revision;
    let stats = QueueStats {
        length: 1,
        oldest_since: None,
        assigned_120s: 0,
        abandoned_120s: 0,
        ready_agents: 0,
    };
    assert!(scene.note(Note::Queue(stats.clone())).is_empty());
    scene.context.now = scene.context.now.plus(POLICY_REPEAT_MS);
    assert_eq!(
        scene.note(Note::Queue(stats)),
        ["queue: 300000 ms, at most 7"]
    );
    assert!(scene.group.policy.unwrap().revision > first);
}
