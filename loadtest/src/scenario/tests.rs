use std::path::Path;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;

const SMOKE: &str = include_str!("../../scenarios/smoke.toml");

fn rng() -> StdRng {
    StdRng::seed_from_u64(7)
}

fn read(text: &str) -> anyhow::Result<Scenario> {
    Scenario::read(text, Path::new("."))
}

fn smoke() -> Scenario {
    read(SMOKE).expect("ours")
}

/// The words of a refusal.
fn refused(text: &str) -> String {
    format!("{:#}", read(text).expect_err("it is wrong"))
}

fn arrivals(pace: Pace, phases: &[(f64, f64, Option<f64>)]) -> Arrivals {
    let phases = phases.iter().map(|(for_s, per_s, to_per_s)| Phase {
        name: String::new(),
        for_s: *for_s,
        per_s: *per_s,
        to_per_s: *to_per_s,
    });
    Arrivals {
        pace,
        phases: phases.collect(),
        recorded: None,
        times: 1.0,
    }
}

#[test]
fn the_scenarios_that_come_along_can_be_read_and_are_named_as_their_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut found = Vec::new();
    for file in std::fs::read_dir(&folder).expect("the folder") {
        let path = file.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("readable");
        let stem = path.file_stem().and_then(|it| it.to_str());
        // One fault on a cluster is another kind of scenario.
        let name = match stem {
            Some("failover") => Failover::read(&text).expect("ours").name,
            _ => Scenario::read(&text, &folder).expect("ours").name,
        };
        assert_eq!(stem, Some(&*name));
        found.push(name);
    }
    found.sort();
    let expected = [
        "failover", "peak-618", "saturate", "shape", "smoke", "soak", "storm", "tenants",
        "watchers",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_key_that_nobody_knows_is_refused_by_name_and_line() {
    let words = refused(&SMOKE.replace("whispers_per_s", "whisper_per_s"));
    assert!(
        words.contains("whisper_per_s") && words.contains("line"),
        "{words}"
    );
    let words = refused(&SMOKE.replace("per_s = 2.0 }", "per_s = 2.0, per_h = 3 }"));
    assert!(words.contains("per_h"), "{words}");
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let text = SMOKE
        .replace("human_share = 0.6", "human_share = 1.5")
        .replace("watch = 20", "watch = 501")
        .replace("per_s = 2.0 }", "per_s = -2.0 }");
    let words = refused(&text);
    for word in ["human_share", "supervisors.watch", "phase 1: rates"] {
        assert!(words.contains(word), "no {word} in {words}");
    }
}

#[test]
fn who_signs_and_hires_needs_an_admin() {
    let text = SMOKE.replace(
        "[admin]\nlogin = \"admin\"\npassword = \"demo-admin-2024\"\n",
        "",
    );
    assert!(refused(&text).contains("need an admin"));
}

#[test]
fn a_run_without_arrivals_is_refused() {
    let text = SMOKE.replace("for_s = 20, per_s = 2.0", "for_s = 20, per_s = 0.0");
    assert!(refused(&text).contains("nobody would arrive"));
}

#[test]
fn draws_have_the_percentiles_they_come_from() {
    let shape = Shape::of_real_dialogues();
    let mut rng = rng();
    let mut drawn: Vec<f64> = (0..20_000)
        .map(|_| shape.service_words.draw(&mut rng))
        .collect();
    drawn.sort_by(f64::total_cmp);
    for (share, expected) in [(0.25, 14.0), (0.5, 27.0), (0.75, 50.0), (0.9, 76.0)] {
        let found = drawn[(share * drawn.len() as f64) as usize];
        assert!(
            (found - expected).abs() < expected * 0.06,
            "{share}: {found}, not {expected}"
        );
    }
    assert_eq!(shape.turns.at(0.0), 5.0);
    assert_eq!(shape.turns.at(1.0), 27.0);
}

#[test]
fn poisson_arrivals_have_their_rate_and_constant_ones_their_distance() {
    let count = arrivals(Pace::Poisson, &[(100.0, 50.0, None)])
        .times(&mut rng())
        .len();
    // Five standard deviations about 5,000.
    assert!((4_646..5_354).contains(&count), "{count}");
    let all = arrivals(Pace::Constant, &[(1.0, 4.0, None)]).times(&mut rng());
    assert_eq!(all, [250, 500, 750].map(Duration::from_millis));
}

#[test]
fn a_rate_that_rises_evenly_is_met_at_every_moment() {
    // 0 to 10 a second in 10 s: t²/2 arrivals by t.
    let all = arrivals(Pace::Constant, &[(10.0, 0.0, Some(10.0))]).times(&mut rng());
    assert_eq!(all.len(), 49);
    for (index, at) in all.iter().enumerate() {
        let expected = ((index + 1) as f64 * 2.0).sqrt();
        assert!(
            (at.as_secs_f64() - expected).abs() < 1e-6,
            "{index}: {at:?}"
        );
    }
}

#[test]
fn phases_follow_each_other_and_a_silent_one_is_silent() {
    let phases = [(2.0, 5.0, None), (3.0, 0.0, None), (1.0, 50.0, None)];
    let all = arrivals(Pace::Constant, &phases).times(&mut rng());
    let within = |from: f64, to: f64| {
        let inside = |at: &&Duration| at.as_secs_f64() > from && at.as_secs_f64() < to;
        all.iter().filter(inside).count()
    };
    assert_eq!((within(0.0, 1.999), within(2.001, 4.999)), (9, 0));
    assert_eq!(within(5.0, 6.0), 49);
}

#[test]
fn recorded_traffic_is_replayed_at_its_own_times_and_n_fold() {
    let folder = std::env::temp_dir().join(format!("{:x}", rand::random::<u64>()));
    std::fs::create_dir(&folder).expect("made");
    let traffic = Traffic {
        slice_s: 10.0,
        arrivals: vec![20, 0, 40],
        asked_human: 15,
        ..Traffic::default()
    };
    let json = serde_json::to_string(&traffic).expect("writable");
    std::fs::write(folder.join("day.json"), json).expect("written");
    let text = SMOKE.replace(
        "phases = [{ name = \"steady\", for_s = 20, per_s = 2.0 }]",
        "recorded = \"day.json\"\ntimes = 3",
    );
    let scenario = Scenario::read(&text, &folder).expect("readable");
    let all = scenario.arrivals.times(&mut rng());
    let slice = |index: u64| {
        let inside = |at: &&Duration| at.as_secs() / 10 == index;
        all.iter().filter(inside).count() as f64
    };
    assert!((slice(0) - 60.0).abs() < 35.0, "{}", slice(0));
    assert_eq!(slice(1), 0.0);
    assert!((slice(2) - 120.0).abs() < 50.0, "{}", slice(2));
    assert_eq!(scenario.arrivals.peak_per_s(), 12.0);
    std::fs::remove_dir_all(&folder).expect("it is ours");
}

#[test]
fn a_recording_that_is_missing_is_named() {
    let text = SMOKE.replace(
        "phases = [{ name = \"steady\", for_s = 20, per_s = 2.0 }]",
        "recorded = \"nowhere.json\"",
    );
    assert!(refused(&text).contains("nowhere.json"));
}

#[test]
fn the_same_seed_draws_the_same_dialogue() {
    let shape = Shape::of_real_dialogues();
    let customers = smoke().customers;
    let draw = |seed| {
        let mut rng = StdRng::seed_from_u64(seed);
        Dialogue::draw(&shape, &customers, &mut rng)
    };
    assert_eq!(draw(3), draw(3));
    assert_ne!(draw(3), draw(4));
}

#[test]
fn a_dialogue_is_never_empty_and_keeps_its_bound() {
    let shape = Shape::of_real_dialogues();
    let customers = smoke().customers;
    let mut rng = rng();
    for _ in 0..1_000 {
        let dialogue = Dialogue::draw(&shape, &customers, &mut rng);
        let texts: Vec<&String> = dialogue
            .bursts
            .iter()
            .flat_map(|burst| &burst.texts)
            .collect();
        assert!(!texts.is_empty() && texts.iter().all(|text| !text.is_empty()));
        assert!(texts.len() as u32 <= customers.turns_max.div_ceil(2));
        assert!(
            dialogue
                .human_at
                .is_none_or(|at| at >= 1 && at <= dialogue.bursts.len())
        );
    }
}

#[test]
fn customers_are_of_each_kind_in_their_shares() {
    let shape = Shape::of_real_dialogues();
    let customers = smoke().customers;
    let mut rng = rng();
    let drawn: Vec<Manner> = (0..4_000)
        .map(|_| Dialogue::draw(&shape, &customers, &mut rng).manner)
        .collect();
    let share = |of: fn(&Manner) -> bool| {
        drawn.iter().filter(|it| of(it)).count() as f64 / drawn.len() as f64
    };
    assert!((share(|it| it.tier.is_some()) - 0.5).abs() < 0.04);
    assert!((share(|it| it.tier > Some(0)) - 0.15).abs() < 0.03);
    assert!((share(|it| it.slow_reader) - 0.1).abs() < 0.025);
    assert!((share(|it| it.vanishes_before.is_some()) - 0.1).abs() < 0.025);
}

#[test]
fn agents_are_spread_over_tenants_and_those_beyond_the_logins_are_hired() {
    let hire = "\n[agents.hire]\ncount = 9\ncapacity = 5\ngroups = []\nskills = []\npassword = \"long-enough\"\n";
    let text = format!("{SMOKE}{hire}\n[tenants]\ncount = 4\nskew = 1.0\n");
    let scenario = read(&text).expect("it is whole");
    // One each, and of the eight beyond 48 %, 24 %, 16 % and 12 %.
    assert_eq!(scenario.agents_by_tenant(), [5, 3, 2, 2]);
    let crews = scenario.agents_by_tenant().into_iter().map(|people| {
        let (logins, hired) = scenario.agents.crew(people);
        (logins.len(), hired)
    });
    assert_eq!(crews.collect::<Vec<_>>(), [(3, 2), (3, 0), (2, 0), (2, 0)]);
    assert_eq!(
        smoke().agents_by_tenant(),
        [3],
        "all of them where there is one"
    );
}

#[test]
fn a_tenant_without_an_agent_and_a_skew_that_is_none_are_refused() {
    let words = refused(&format!("{SMOKE}\n[tenants]\ncount = 4\nskew = -1.0\n"));
    for word in ["each tenant needs one", "tenants.skew"] {
        assert!(words.contains(word), "no {word} in {words}");
    }
}
