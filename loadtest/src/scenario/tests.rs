use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;

const SMOKE: &str = include_str!("../../scenarios/smoke.toml");
const SHAPE: &str = include_str!("../../scenarios/shape.toml");

fn rng() -> StdRng {
    StdRng::seed_from_u64(7)
}

#[test]
fn the_scenarios_that_come_along_can_be_read() {
    for text in [SMOKE, SHAPE] {
        Scenario::read(text).expect("ours");
    }
}

#[test]
fn a_key_that_nobody_knows_is_refused_by_name() {
    let slip = SMOKE.replace("whispers_per_s", "whisper_per_s");
    let words = format!("{:#}", Scenario::read(&slip).expect_err("a slip"));
    assert!(words.contains("whisper_per_s"), "{words}");
}

#[test]
fn a_share_above_one_is_refused() {
    let mut scenario = Scenario::read(SMOKE).expect("ours");
    scenario.customers.human_share = 1.5;
    let text = ::toml::to_string(&scenario).expect("writable");
    let words = Scenario::read(&text).expect_err("no share").to_string();
    assert!(words.contains("human_share"), "{words}");
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
    let lasting = Duration::from_secs(100);
    let poisson = Arrivals {
        pace: Pace::Poisson,
        per_s: 50.0,
    };
    let count = arrivals(&poisson, lasting, &mut rng()).len();
    // Five standard deviations about 5,000.
    assert!((4_646..5_354).contains(&count), "{count}");
    let constant = Arrivals {
        pace: Pace::Constant,
        per_s: 4.0,
    };
    let all = arrivals(&constant, Duration::from_secs(1), &mut rng());
    assert_eq!(all, [250, 500, 750].map(Duration::from_millis));
}

#[test]
fn the_same_seed_draws_the_same_dialogue() {
    let shape = Shape::of_real_dialogues();
    let customers = Scenario::read(SMOKE).expect("ours").customers;
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
    let customers = Scenario::read(SMOKE).expect("ours").customers;
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
