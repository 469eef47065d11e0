//! Row 12: the bot's answer from 10,000 articles, in this process on one core.

use std::time::Duration;

use anyhow::{Context, ensure};
use crest::bot::{Article, Bot, Knowledge, Turn};

use super::Scene;
use crate::measure::Spread;
use crate::report::{Aim, Figure, Ratio, Row, Taken};
use crate::sys;

const ARTICLES: usize = 10_000;
/// Of the demonstration's, for each article of the large base.
const ALIASES: usize = 12;
const AIM_MS: f64 = 5.0;
const GOODS: [&str; 10] = [
    "羽绒服",
    "粉底液",
    "电饭煲",
    "坚果礼盒",
    "跑步鞋",
    "面膜",
    "吹风机",
    "牛奶",
    "双肩包",
    "保温杯",
];

/// Time of the thread's CPU for each question of a labelled set, half of them about one of the goods.
pub fn rows(_: &Scene) -> anyhow::Result<Vec<Row>> {
    let bot = large()?;
    let questions = questions();
    let mut took: Vec<Duration> = Vec::new();
    for question in &questions {
        let turn = Turn {
            text: question,
            ..Turn::default()
        };
        let before = sys::cpu_here()?;
        std::hint::black_box(bot.answer(&turn));
        took.push(sys::cpu_here()? - before);
    }
    // The first pass over all questions warms caches; the second counts.
    let warm = took.split_off(took.len() / 2);
    let mut times: Vec<f64> = warm.iter().map(|it| it.as_secs_f64() * 1e3).collect();
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[(times.len() as f64 * share) as usize];
    let (p50, p99) = (at(0.5), at(0.99));
    Ok(vec![Row {
        taken: Taken::default(),
        number: "12".to_owned(),
        work: format!("answer from {ARTICLES} articles"),
        unit: "p99 CPU ms".to_owned(),
        figures: vec![Figure {
            name: "crest".to_owned(),
            value: Spread::one(p99),
            of_cpu: None,
            p50_p99_ms: Some((p50, p99)),
        }],
        ratios: vec![Ratio::new(
            "(absolute)",
            Spread::one(p99),
            Some(Aim::AtMost(AIM_MS)),
        )],
        notes: vec![format!(
            "{} questions in process; {ALIASES} aliases an article; the worst took {:.1} ms",
            times.len(),
            times[times.len() - 1]
        )],
    }])
}

/// The demonstration's articles again and again, each time about other goods.
fn large() -> anyhow::Result<Bot> {
    let demo = include_str!("../../../ops/demo/knowledge.toml");
    let demo = Knowledge::from_toml(demo).context("the demonstration's knowledge")?;
    let mut articles = Vec::with_capacity(ARTICLES);
    for number in 0..ARTICLES {
        let original = &demo.articles[number % demo.articles.len()];
        articles.push(about(original, number, number / demo.articles.len()));
    }
    let large = Knowledge {
        version: 1,
        articles,
    };
    large.check()?;
    ensure!(large.articles.len() == ARTICLES);
    Ok(Bot::new(large))
}

fn about(original: &Article, number: usize, round: usize) -> Article {
    let mut article = original.clone();
    article.key = format!("{}-{number}", &original.key[..original.key.len().min(50)]);
    if round > 0 {
        let goods = format!("{}{round}号", GOODS[round % GOODS.len()]);
        article.title.zh = format!("{goods}{}", article.title.zh);
        let first = article.aliases.len() * (round % 7) / 7;
        article.aliases.rotate_left(first);
        article.aliases.truncate(ALIASES);
        for alias in &mut article.aliases {
            *alias = format!("{goods}{alias}").chars().take(60).collect();
        }
    }
    article
}

/// The set twice over: once to warm up.
fn questions() -> Vec<String> {
    let labelled = include_str!("../../../ops/demo/questions.tsv");
    let said = labelled
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split('\t').nth(1));
    let mut questions = Vec::new();
    for (number, question) in said.enumerate() {
        questions.push(match number % 2 {
            0 => question.to_owned(),
            _ => format!("{}{question}", GOODS[number % GOODS.len()]),
        });
    }
    [questions.clone(), questions].concat()
}
