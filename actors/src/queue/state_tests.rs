use super::*;
use crate::board;
use crate::conversation::WaitReason;
use crate::effect::{Effect, Envelope};
use crate::limits::{
    ANNOUNCE_MISSED_MS, AVAILABILITY_STALE_MS, PICK_TIMEOUT_MS, PLACES_ROUND, QUEUE_TICK_MS,
};
use crate::queue::scene::{Scene, policy, skills, waiting};

const NONE: [&str; 0] = [];

#[test]
fn a_waiting_conversation_is_offered_to_a_ready_agent_and_stays_until_withdrawn() {
    let mut scene = Scene::warm();
    scene.agent("ann", 0, 1, &[]);
    scene.announce(1, 5);
    assert_eq!(scene.picks(), ["1@5 ann"]);
    assert_eq!(scene.words(), ["1@5 listed"]);
    scene.announce(1, 5);
    assert_eq!(
        scene.words(),
        ["1@5 listed"],
        "announced again, answered again"
    );
    scene.withdraw(1, 5, Withdrawn::Offered);
    assert!(scene.queue.entries.is_empty() && scene.queue.line.is_empty());
    assert_eq!(scene.picks(), NONE);
}

#[test]
fn a_pick_without_answer_is_made_again_and_of_the_doubtful_agent_last() {
    let mut scene = Scene::warm();
    scene.agent("ann", 0, 4, &[]);
    scene.agent("bob", 1, 4, &[]);
    scene.announce(1, 5);
    assert_eq!(scene.picks(), ["1@5 ann"]);
    scene.pass(PICK_TIMEOUT_MS - 1);
    assert_eq!(scene.picks(), NONE);
    scene.pass(1);
    assert_eq!(scene.picks(), ["1@5 bob"], "ann is in doubt");
    scene.agent("ann", 0, 4, &[]);
    scene.announce(2, 1);
    assert_eq!(scene.picks(), ["2@1 ann"], "and heard of again");
}

#[test]
fn a_lone_agent_is_asked_again_for_the_same_entry() {
    let mut scene = Scene::warm();
    scene.agent("ann", 0, 1, &[]);
    scene.announce(1, 5);
    scene.pass(3 * PICK_TIMEOUT_MS);
    assert_eq!(scene.picks(), ["1@5 ann"; 4]);
}

#[test]
fn the_highest_entry_wins_and_only_its_own_withdrawal_ends_it() {
    let mut scene = Scene::warm();
    scene.announce(1, 5);
    scene.announce(1, 8);
    scene.announce(1, 5);
    scene.withdraw(1, 5, Withdrawn::Offered);
    scene.words();
    scene.agent("ann", 0, 1, &[]);
    assert_eq!(scene.picks(), ["1@8 ann"]);
    scene.withdraw(1, 8, Withdrawn::Left);
    assert!(scene.queue.line.is_empty());
}

#[test]
fn an_announcement_that_comes_after_its_withdrawal_lists_no_ghost() {
    let mut scene = Scene::warm();
    scene.agent("ann", 0, 1, &[]);
    scene.withdraw(1, 5, Withdrawn::Abandoned);
    scene.announce(1, 5);
    scene.announce(1, 4);
    assert_eq!((scene.picks(), scene.words()), (vec![], vec![]));
    scene.announce(1, 6);
    assert_eq!(scene.picks(), ["1@6 ann"]);
}

#[test]
fn what_is_withdrawn_is_remembered_within_bounds() {
    let mut scene = Scene::warm();
    for number in 0..crate::limits::WITHDRAWN_KEPT as u32 + 10 {
        scene.withdraw(number, 1, Withdrawn::Left);
    }
    assert_eq!(scene.queue.withdrawals.len(), crate::limits::WITHDRAWN_KEPT);
    scene.now = scene.now.plus(crate::limits::WITHDRAWN_KEPT_MS);
    scene.withdraw(1, 2, Withdrawn::Left);
    assert_eq!(scene.queue.withdrawals.len(), 1);
}

#[test]
fn a_refusal_updates_the_agent_and_opens_the_pick_again() {
    let mut scene = Scene::warm();
    scene.agent("ann", 0, 1, &[]);
    scene.announce(1, 5);
    scene.picks();
    scene.refuse("ann", 1, 5, 1, 1);
    assert_eq!(scene.picks(), NONE);
    scene.agent("bob", 0, 1, &[]);
    assert_eq!(scene.picks(), ["1@5 bob"]);
    scene.refuse("ann", 1, 5, 1, 1);
    assert_eq!(
        scene.picks(),
        NONE,
        "a refusal of somebody else changes nothing"
    );
}

#[test]
fn an_agent_that_refuses_what_it_could_take_is_left_alone_until_it_says_more() {
    let mut scene = Scene::warm();
    scene.agent("ann", 0, 1, &[]);
    scene.announce(1, 5);
    scene.picks();
    scene.refuse("ann", 1, 5, 0, 1);
    assert_eq!(scene.picks(), NONE);
    scene.agent("ann", 0, 1, &[]);
    assert_eq!(scene.picks(), ["1@5 ann"]);
}

#[test]
fn older_availability_is_ignored() {
    let mut scene = Scene::warm();
    let old = scene.availability("ann", 0, 5, true);
    scene.agent("ann", 1, 1, &[]);
    scene.note(Note::Agent {
        agent: AgentId::from("ann"),
        availability: old,
        skills: vec![],
    });
    scene.announce(1, 1);
    assert_eq!(scene.picks(), NONE);
}

#[test]
fn a_place_that_the_agent_has_shown_as_taken_counts_once() {
    let mut scene = Scene::warm();
    scene.agent("amy", 0, 2, &[]);
    scene.announce(1, 1);
    assert_eq!(scene.picks(), ["1@1 amy"]);
    // The agent is quicker than the conversation, as it always is.
    scene.agent("amy", 1, 2, &[]);
    scene.withdraw(1, 1, Withdrawn::Offered);
    scene.announce(2, 1);
    assert_eq!(
        scene.picks(),
        ["2@1 amy"],
        "its second place is free at once"
    );
}

#[test]
fn a_place_that_the_agent_has_not_shown_stays_taken() {
    let mut scene = Scene::warm();
    scene.agent("amy", 0, 1, &[]);
    scene.announce(1, 1);
    assert_eq!(scene.picks(), ["1@1 amy"]);
    scene.withdraw(1, 1, Withdrawn::Offered);
    scene.announce(2, 1);
    assert!(scene.picks().is_empty());
    scene.agent("amy", 0, 1, &[]);
    assert_eq!(scene.picks(), ["2@1 amy"], "it holds nothing after all");
}

#[test]
fn an_agent_not_heard_of_is_not_picked() {
    let mut scene = Scene::warm();
    scene.agent("ann", 0, 1, &[]);
    scene.pass(AVAILABILITY_STALE_MS - 1);
    scene.agent("bob", 0, 1, &["rare"]);
    scene.pass(1);
    scene.announce(1, 1);
    assert_eq!(scene.picks(), ["1@1 bob"]);
    scene.announce(2, 1);
    assert_eq!(scene.picks(), NONE, "ann is stale");
    scene.agent("ann", 0, 1, &[]);
    assert_eq!(scene.picks(), ["2@1 ann"]);
}

#[test]
fn an_agent_that_left_the_group_is_not_picked() {
    let mut scene = Scene::warm();
    scene.agent("ann", 0, 1, &[]);
    scene.note(Note::AgentGone {
        agent: AgentId::from("ann"),
    });
    scene.announce(1, 1);
    assert_eq!(scene.picks(), NONE);
}

#[test]
fn the_least_loaded_fraction_is_chosen_then_the_longest_idle_then_the_first_id() {
    let mut scene = Scene::warm();
    let mut ready = |agent: &str, load: u32, capacity: u32, idle: u64| {
        let mut availability = scene.availability(agent, load, capacity, true);
        availability.idle_since = Millis(idle);
        scene.note(Note::Agent {
            agent: AgentId::from(agent),
            availability,
            skills: vec![],
        });
    };
    ready("half", 2, 4, 10);
    ready("third", 1, 3, 90);
    ready("third-idle", 2, 6, 50);
    ready("third-alike", 1, 3, 90);
    for number in 1..=5 {
        scene.announce(number, 1);
    }
    let chosen = ["third-idle", "third", "third-alike", "half", "third-idle"];
    // third-idle stands at 3/6 after its first, as half does, and is idle for less long than that.
    let picks: Vec<String> = scene.picks();
    let picks: Vec<&str> = picks
        .iter()
        .map(|it| it.split(' ').nth(1).unwrap())
        .collect();
    assert_eq!(picks, chosen);
}

#[test]
fn skills_are_required_and_preferred_ones_until_their_time() {
    let mut scene = Scene::warm();
    scene.agent("ann", 0, 9, &["en"]);
    let mut wait = waiting(scene.now);
    wait.required = skills(&["en"]);
    wait.preferred = skills(&["refunds"]);
    wait.preferred_until = scene.now.plus(60_000);
    scene.announce_with(1, 1, wait.clone());
    wait.required = skills(&["fr"]);
    scene.announce_with(2, 1, wait);
    for _ in 0..12 {
        scene.pass(4_999);
        assert_eq!(scene.picks(), NONE);
        scene.agent("ann", 0, 9, &["en"]);
    }
    scene.pass(12);
    assert_eq!(scene.picks(), ["1@1 ann"]);
    scene.agent("bob", 0, 9, &["fr"]);
    assert_eq!(scene.picks(), ["2@1 bob"]);
}

#[test]
fn weight_must_fit_and_an_unmatchable_head_blocks_nobody() {
    let mut scene = Scene::warm();
    scene.agent("ann", 2, 4, &[]);
    let mut heavy = waiting(scene.now);
    heavy.weight = 3;
    scene.announce_with(1, 1, heavy);
    scene.announce(2, 1);
    scene.announce(3, 1);
    scene.announce(4, 1);
    assert_eq!(
        scene.picks(),
        ["2@1 ann", "3@1 ann"],
        "and never above capacity"
    );
}

#[test]
fn a_sticky_agent_is_waited_for_while_it_is_there_until_the_deadline() {
    let mut scene = Scene::warm();
    scene.agent("ann", 1, 1, &[]);
    scene.agent("bob", 0, 9, &[]);
    let mut wait = waiting(scene.now);
    wait.sticky = Some((AgentId::from("ann"), scene.now.plus(20_000)));
    scene.announce_with(1, 1, wait.clone());
    assert_eq!(scene.picks(), NONE, "held for ann");
    scene.announce(2, 1);
    assert_eq!(scene.picks(), ["2@1 bob"], "not for others");
    scene.agent("ann", 0, 1, &[]);
    assert_eq!(scene.picks(), ["1@1 ann"]);
}

#[test]
fn the_hold_for_a_sticky_agent_ends_at_its_deadline() {
    let mut scene = Scene::warm();
    scene.agent("ann", 1, 1, &[]);
    let mut wait = waiting(scene.now);
    wait.sticky = Some((AgentId::from("ann"), scene.now.plus(20_000)));
    scene.announce_with(1, 1, wait);
    scene.pass(19_999);
    scene.agent("ann", 1, 1, &[]);
    scene.agent("bob", 0, 1, &[]);
    assert_eq!(scene.picks(), NONE);
    scene.pass(1);
    assert_eq!(scene.picks(), ["1@1 bob"]);
}

#[test]
fn a_sticky_agent_that_is_away_is_not_waited_for() {
    let mut scene = Scene::warm();
    scene.agent("ann", 1, 1, &[]);
    scene.agent("bob", 0, 9, &[]);
    let mut wait = waiting(scene.now);
    wait.sticky = Some((AgentId::from("ann"), scene.now.plus(20_000)));
    scene.announce_with(1, 1, wait.clone());
    assert_eq!(scene.picks(), NONE);
    scene.away("ann");
    assert_eq!(scene.picks(), ["1@1 bob"]);
    wait.sticky = Some((AgentId::from("zoe"), scene.now.plus(20_000)));
    scene.announce_with(2, 1, wait);
    assert_eq!(scene.picks(), ["2@1 bob"], "never heard of");
}

#[test]
fn a_sticky_agent_with_room_is_taken_before_a_less_loaded_one() {
    let mut scene = Scene::warm();
    scene.agent("ann", 3, 4, &[]);
    scene.agent("bob", 0, 4, &[]);
    let mut wait = waiting(scene.now);
    wait.sticky = Some((AgentId::from("ann"), scene.now.plus(20_000)));
    scene.announce_with(1, 1, wait);
    assert_eq!(scene.picks(), ["1@1 ann"]);
}

#[test]
fn an_excluded_agent_waits_for_others_and_is_asked_when_nobody_else_is_ready() {
    let mut scene = Scene::warm();
    scene.agent("ann", 0, 4, &[]);
    scene.agent("bob", 1, 1, &[]);
    let mut wait = waiting(scene.now);
    wait.excluded = vec![AgentId::from("ann")];
    scene.announce_with(1, 1, wait.clone());
    assert_eq!(scene.picks(), NONE, "bob is ready, though full");
    scene.announce(2, 1);
    assert_eq!(scene.picks(), ["2@1 ann"], "which blocks nobody");
    scene.away("bob");
    assert_eq!(scene.picks(), ["1@1 ann"]);
}

#[test]
fn a_queue_that_has_just_started_picks_and_publishes_nothing_then_serves_in_order() {
    let mut scene = Scene::cold();
    let resend = Effect::Tell(Envelope::SkillGroup(
        scene.queue.key.clone(),
        skill_group::Note::Resend,
    ));
    assert_eq!(scene.effects, [resend]);
    let began = scene.now;
    scene.agent("ann", 0, 2, &[]);
    for (number, age) in [(1, 10), (2, 30), (3, 20)] {
        scene.announce_with(number, 1, waiting(Millis(began.0 - age)));
    }
    scene.pass(QUEUE_WARM_UP_MS - 1);
    assert_eq!(scene.picks(), NONE);
    assert_eq!(scene.words(), ["1@1 listed", "2@1 listed", "3@1 listed"]);
    scene.pass(1);
    assert_eq!(scene.picks(), ["2@1 ann", "3@1 ann"]);
    assert_eq!(
        scene.words(),
        ["2@1 place 1 in 3", "3@1 place 2 in 6", "1@1 place 3 in 8"]
    );
}

#[test]
fn places_follow_the_order_and_are_told_on_change_at_most_once_a_second() {
    let mut scene = Scene::warm();
    scene.note(Note::Policy(policy()));
    scene.agent("ann", 5, 5, &[]);
    scene.announce(1, 1);
    scene.pass(10);
    scene.announce(2, 1);
    let vip = Waiting {
        boost_ms: 60_000,
        ..waiting(scene.now)
    };
    scene.announce_with(3, 1, vip);
    let first: Vec<String> = scene.words();
    assert_eq!(first[1], "1@1 place 1 in 1");
    assert_eq!(first[3], "2@1 place 2 in 2");
    assert_eq!(first[5], "3@1 place 1 in 1");
    scene.pass(2 * QUEUE_TICK_MS);
    let places: Vec<String> = scene.words();
    assert!(places[0].starts_with("1@1 place 2"), "{places:?}");
    assert!(
        places.iter().any(|word| word.starts_with("2@1 place 3")),
        "{places:?}"
    );
    assert!(places.len() <= 3 * 2, "once a second each: {places:?}");
    scene.pass(5 * QUEUE_TICK_MS);
    let quiet = scene.words();
    assert!(
        quiet.iter().all(|word| !word.contains("place 1 ")),
        "{quiet:?}"
    );
    scene.withdraw(3, 1, Withdrawn::Abandoned);
    scene.withdraw(1, 1, Withdrawn::Abandoned);
    scene.pass(QUEUE_TICK_MS);
    assert!(scene.words()[0].starts_with("2@1 place 1 in"));
}

#[test]
fn a_wait_nothing_drains_is_hidden() {
    let mut scene = Scene::warm();
    scene.announce(1, 1);
    assert_eq!(scene.words(), ["1@1 listed", "1@1 place 1 in ?"]);
}

#[test]
fn who_has_fallen_silent_is_asked_and_stays_until_it_answers() {
    let mut scene = Scene::warm();
    scene.announce(1, 1);
    scene.words();
    scene.pass(ANNOUNCE_MISSED_MS - QUEUE_TICK_MS);
    assert_eq!(scene.words(), NONE, "an announcement may yet come");
    scene.announce(1, 1);
    scene.words();
    scene.pass(ANNOUNCE_MISSED_MS);
    assert_eq!(scene.words(), ["1@1 listed"], "asked once");
    scene.pass(ANNOUNCE_MISSED_MS);
    assert_eq!(scene.words(), ["1@1 listed"], "and again, not dropped");
    scene.withdraw(1, 1, Withdrawn::Left);
    assert!(scene.queue.entries.is_empty());
}

#[test]
fn a_long_line_is_published_in_rounds_its_head_every_time() {
    let mut scene = Scene::warm();
    scene.note(Note::Policy(policy()));
    scene.agent("ann", 60, 60, &[]);
    for number in 0..4_000 {
        scene.announce(number, 1);
    }
    scene.pass(10 * QUEUE_TICK_MS);
    scene.words();
    let mut told = std::collections::BTreeSet::new();
    for round in 0..3 {
        scene.withdraw(round, 1, Withdrawn::Left);
        scene.pass(QUEUE_TICK_MS);
        let words = scene.words();
        assert!(words.len() <= PLACES_HEAD + PLACES_ROUND, "{}", words.len());
        let head = words.iter().filter(|word| {
            let number: u32 = word.split('@').next().unwrap().parse().unwrap();
            number < 900
        });
        assert_eq!(head.count() as u32, 899 - round);
        told.extend(
            words
                .into_iter()
                .map(|word| word.split('@').next().unwrap().to_owned()),
        );
    }
    assert!(
        told.len() > 3_900,
        "everybody was told within the round: {}",
        told.len()
    );
}

#[test]
fn too_long_a_queue_turns_newcomers_away_and_keeps_them_until_they_leave() {
    let mut scene = Scene::warm();
    scene.note(Note::Policy(Policy {
        max_length: 2,
        ..policy()
    }));
    scene.announce(1, 1);
    scene.announce(2, 1);
    scene.words();
    scene.announce(3, 1);
    assert_eq!(scene.words()[..2], ["3@1 listed", "3@1 overflow"]);
    scene.announce(3, 1);
    assert_eq!(
        scene.words(),
        ["3@1 listed", "3@1 overflow"],
        "repeated until heard"
    );
    scene.announce(2, 1);
    assert_eq!(scene.words(), ["2@1 listed"], "not those before it");
    let passed_on = Waiting {
        reason: WaitReason::Overflow(crate::ids::GroupId::from("other")),
        ..waiting(scene.now)
    };
    scene.announce_with(4, 1, passed_on);
    assert!(
        !scene.words().iter().any(|word| word.contains("overflow")),
        "not twice"
    );
}

#[test]
fn too_long_a_wait_ends_in_overflow_unless_it_is_being_offered() {
    let mut scene = Scene::warm();
    scene.announce(1, 1);
    scene.note(Note::Policy(Policy {
        max_wait_ms: 30_000,
        ..policy()
    }));
    scene.announce(2, 1);
    scene.pass(29_999);
    assert!(!scene.words().iter().any(|word| word.contains("overflow")));
    scene.agent("ann", 0, 1, &[]);
    scene.pass(1);
    let told = scene.words();
    assert!(told.contains(&"2@1 overflow".to_owned()), "{told:?}");
    assert!(!told.contains(&"1@1 overflow".to_owned()), "{told:?}");
}

#[test]
fn statistics_are_told_on_change_once_a_second_and_silence_follows() {
    let mut scene = Scene::warm();
    scene.agent("ann", 0, 5, &[]);
    scene.announce(1, 1);
    scene.withdraw(1, 1, Withdrawn::Offered);
    scene.withdraw(1, 1, Withdrawn::Offered);
    scene.pass(300_000);
    let stats: Vec<QueueStats> = scene
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Tell(Envelope::Board(_, board::Note::Queue { stats, .. })) => {
                Some(stats.clone())
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        stats.first().map(|it| (it.assigned_120s, it.ready_agents)),
        Some((1, 1))
    );
    assert_eq!(
        stats.last().map(|it| (it.assigned_120s, it.ready_agents)),
        Some((0, 0))
    );
    assert!(stats.len() <= 3, "{stats:?}");
    assert_eq!(scene.queue.wake_at(), None);
    assert!(scene.queue.may_passivate(scene.now));
}

/// Twenty requirements, most of which nobody has, before those that can be served.
#[test]
fn a_hundred_thousand_wait_and_two_thousand_agents_come_free() {
    let mut scene = Scene::warm();
    let names: Vec<String> = (0..2_000).map(|agent| format!("a{agent}")).collect();
    for name in &names {
        scene.agent(name, 1, 1, &["s0", "s1"]);
    }
    for number in 0..100_000 {
        let mut wait = waiting(Millis(scene.now.0 - 100_000 + u64::from(number)));
        let skill = 19 - number / 5_000;
        wait.required = skills(&[&format!("s{skill}")]);
        scene.announce_with(number, 1, wait);
    }
    assert_eq!(scene.picks(), NONE);
    let began = std::time::Instant::now();
    for name in &names {
        scene.agent(name, 0, 1, &["s0", "s1"]);
    }
    println!("2,000 picks in {:?}", began.elapsed());
    let picks = scene.picks();
    assert_eq!(picks.len(), 2_000);
    assert_eq!(
        picks[0], "90000@1 a0",
        "the first that anybody has the skills for"
    );
    assert_eq!(picks[1_999], "91999@1 a1999");
}
