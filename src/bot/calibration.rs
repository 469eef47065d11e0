//! From evidence to the probability that the best article is the right one.

use super::ranking::{Ranked, Ranking};

/// From this probability on the bot answers.
pub const ANSWER_FROM: f32 = 0.45;

/// From this probability on the bot asks back rather than giving up.
pub const CLARIFY_FROM: f32 = 0.36;

/// Two candidates nearer to each other than this (in rank) are offered both,
/// unless the first is sure.
pub const TOO_NEAR: f32 = 0.012;

/// Fitted by logistic regression on aliases held out of the index (a third at a time),
/// on `ops/demo/outside.tsv` and on the labelled sets; `questions-last.tsv` had no part:
/// bias, share, nearest, coverage, lead over the second, foreign share, any foreign
/// word, strange share, brevity, lead over elsewhere.
const WEIGHTS: [f32; 10] = [
    -4.17, 4.38, 1.0, 4.16, 3.82, -6.99, -1.77, -0.64, -4.8, 2.85,
];

/// What the calibration looks at.
pub fn evidence(ranking: &Ranking) -> [f32; 9] {
    let outside = &ranking.outside;
    let best = ranking.articles.first();
    let second = ranking.articles.get(1).map_or(0.0, |r| r.rank);
    let rank = best.map_or(0.0, |best| best.rank).max(f32::MIN_POSITIVE);
    let measure = |of: fn(&Ranked) -> f32| best.map_or(0.0, of);
    [
        measure(|r| r.share),
        measure(|r| r.nearest),
        measure(|r| r.coverage),
        ((rank - second) / rank).clamp(0.0, 1.0),
        outside.foreign,
        f32::from(u8::from(outside.foreign > 0.0)),
        outside.strange,
        1.0 / (1.0 + ranking.substance),
        (rank - ranking.elsewhere) / rank.max(ranking.elsewhere),
    ]
}

/// Probability that the first article answers the message, 0 to 1.
pub fn probability(ranking: &Ranking) -> f32 {
    if ranking.articles.is_empty() {
        return 0.0;
    }
    if ranking.exact {
        return 1.0;
    }
    let evidence = evidence(ranking);
    let logit: f32 = WEIGHTS[0]
        + evidence
            .iter()
            .zip(&WEIGHTS[1..])
            .map(|(x, w)| x * w)
            .sum::<f32>();
    1.0 / (1.0 + (-logit).exp())
}
