//! From evidence to the probability that the best article is the right one.

use super::ranking::Ranking;

/// From this probability on the bot answers.
pub const ANSWER_FROM: f32 = 0.33;

/// From this probability on the bot asks back rather than giving up.
pub const CLARIFY_FROM: f32 = 0.17;

/// Two candidates nearer to each other than this (in rank) are offered both,
/// unless the first is sure.
pub const TOO_NEAR: f32 = 0.012;

/// Fitted by logistic regression on aliases held out of the index and on
/// questions of other worlds, neither of them from a labelled set:
/// bias, share, nearest, coverage, lead over the second, foreign share, strange share.
const WEIGHTS: [f32; 7] = [-5.08, 4.21, 0.6, 5.16, 2.93, -7.57, -1.04];

/// What the calibration looks at.
pub fn evidence(ranking: &Ranking) -> [f32; 6] {
    let Some(best) = ranking.articles.first() else {
        return [0.0, 0.0, 0.0, 0.0, ranking.foreign, ranking.strange];
    };
    let second = ranking.articles.get(1).map_or(0.0, |r| r.rank);
    let lead = ((best.rank - second) / best.rank.max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
    [
        best.share,
        best.nearest,
        best.coverage,
        lead,
        ranking.foreign,
        ranking.strange,
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
