//! The decision: answer, ask back, give up, or hand off.

use std::cell::RefCell;

use super::calibration::{self, ANSWER_FROM, CLARIFY_FROM, TOO_NEAR};
use super::index::Index;
use super::knowledge::{Article, Knowledge};
use super::language::{self, Language};
use super::limits::{CLARIFY_CANDIDATES, MISSES};
use super::ranking::{self, Ranking, Scratch};
use super::replies;
use super::requests::{self, Choice};
use super::turn::{HandoffReason, Outcome, Reply, Turn};

/// A bot that serves one version of the knowledge base. Immutable: new knowledge
/// is a new bot, swapped in whole.
#[derive(Debug)]
pub struct Bot {
    knowledge: Knowledge,
    index: Index,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// A message that says less than this (in units) has little of its own.
const LITTLE: f32 = 2.6;

/// From this score on even a follow-up speaks for itself.
const SURE_OF_ITSELF: f32 = 0.99;

/// A carried topic keeps the turn if it ranks at least this share of the best.
const TOPIC_SHARE: f32 = 0.5;

/// Openings that tie a message to what was said before.
const FOLLOW_UPS: &[&str] = &[
    "那",
    "然后",
    "如果",
    "要是",
    "还能",
    "还可以",
    "超过",
    "and ",
    "what if",
    "what about",
    "how about",
    "then ",
    "では",
    "じゃあ",
    "もし",
    "それ",
];

impl Bot {
    /// Indexes a knowledge base.
    pub fn new(knowledge: Knowledge) -> Self {
        let index = Index::build(&knowledge);
        Self { knowledge, index }
    }

    /// The knowledge base served.
    pub fn knowledge(&self) -> &Knowledge {
        &self.knowledge
    }

    /// Decides one turn. Never fails: what it cannot answer is a miss, and the
    /// second miss in a row is a handoff.
    pub fn answer(&self, turn: &Turn) -> Reply {
        let language = language::detect(turn.text)
            .or(turn.language)
            .unwrap_or(Language::En);
        let blank = Reply {
            language,
            outcome: Outcome::Courtesy {
                text: String::new(),
            },
            score: 0.0,
            runner_up: None,
            knowledge_version: self.knowledge.version,
            misses: turn.misses,
            topic: turn.topic.map(str::to_owned),
        };
        if requests::asks_for_human(turn.text) {
            return self.hand_off(blank, HandoffReason::Asked, turn.topic);
        }
        if let Some(reply) = self.chosen(turn, &blank) {
            return reply;
        }
        if let Some(kind) = requests::courtesy(turn.text) {
            let text = replies::courtesy(kind, language).to_owned();
            return Reply {
                outcome: Outcome::Courtesy { text },
                ..blank
            };
        }
        self.decide(turn, blank)
    }

    /// The articles for a text, best first, as the decision sees them.
    pub fn rank(&self, text: &str, now_ms: u64) -> Ranking {
        let admits = |article: u32| self.article(article).is_valid_at(now_ms);
        SCRATCH.with_borrow_mut(|scratch| ranking::rank(&self.index, scratch, text, admits))
    }

    fn decide(&self, turn: &Turn, blank: Reply) -> Reply {
        let mut ranking = self.rank(turn.text, turn.now_ms);
        let mut score = calibration::probability(&ranking);
        if let Some(topic) = self.carried(turn, &ranking, score) {
            // The topic vouches for what the message leaves out.
            ranking.articles[..=topic].rotate_right(1);
            score = score.max(ANSWER_FROM) + (1.0 - score.max(ANSWER_FROM)) * 0.5;
        }
        let runner_up = self.runner_up(&ranking, score);
        let scored = Reply {
            score,
            runner_up,
            ..blank
        };
        let Some(best) = ranking.articles.first() else {
            return self.miss(scored, None);
        };
        if score >= ANSWER_FROM && !(score < 0.6 && is_torn(&ranking)) {
            return self.say(scored, self.article(best.article));
        }
        // Asking back twice in a row helps nobody: it counts as a miss.
        if score >= CLARIFY_FROM && turn.offered.is_empty() {
            return self.clarify(scored, &ranking);
        }
        let group = (score >= CLARIFY_FROM)
            .then(|| self.article(best.article).group.clone())
            .flatten();
        self.miss(scored, group)
    }

    /// Position of the carried topic in the ranking, when the message has too
    /// little of its own and the topic speaks of what little there is.
    fn carried(&self, turn: &Turn, ranking: &Ranking, score: f32) -> Option<usize> {
        let topic = turn.topic?;
        if ranking.exact || ranking.outside.foreign > 0.2 {
            return None;
        }
        let best = ranking.articles.first()?;
        let at = ranking
            .articles
            .iter()
            .position(|r| self.article(r.article).key == topic)?;
        let follows = FOLLOW_UPS
            .iter()
            .any(|opening| turn.text.to_lowercase().contains(opening));
        let little =
            ranking.substance < LITTLE || score < ANSWER_FROM || follows && score < SURE_OF_ITSELF;
        let share = ranking.articles[at].rank / best.rank.max(f32::MIN_POSITIVE);
        (little && share >= TOPIC_SHARE).then_some(at)
    }

    fn chosen(&self, turn: &Turn, blank: &Reply) -> Option<Reply> {
        let offered: Vec<&Article> = turn
            .offered
            .iter()
            .filter_map(|key| self.knowledge.article(key))
            .collect();
        let titles: Vec<Vec<&str>> = offered
            .iter()
            .map(|article| article.title.all().collect())
            .collect();
        match requests::choice(turn.text, &titles)? {
            Choice::Nth(nth) => Some(self.say(
                Reply {
                    score: 1.0,
                    ..blank.clone()
                },
                offered[nth],
            )),
            Choice::None => Some(self.miss(blank.clone(), None)),
        }
    }

    fn say(&self, reply: Reply, article: &Article) -> Reply {
        let text = article.answer.get(reply.language).to_owned();
        let outcome = if article.handoff {
            Outcome::Handoff {
                reason: HandoffReason::ArticleSays,
                group: article.group.clone(),
                text,
            }
        } else {
            Outcome::Answer {
                key: article.key.clone(),
                text,
            }
        };
        Reply {
            outcome,
            misses: 0,
            topic: Some(article.key.clone()),
            ..reply
        }
    }

    fn clarify(&self, reply: Reply, ranking: &Ranking) -> Reply {
        let near = ranking
            .articles
            .iter()
            .take_while(|r| r.rank >= 0.8 * ranking.articles[0].rank)
            .count();
        let count = near.clamp(CLARIFY_CANDIDATES.0, CLARIFY_CANDIDATES.1);
        let articles: Vec<&Article> = ranking
            .articles
            .iter()
            .take(count)
            .map(|r| self.article(r.article))
            .collect();
        if articles.len() < CLARIFY_CANDIDATES.0 {
            return self.miss(reply, None);
        }
        let text = replies::clarify(
            articles.iter().map(|a| a.title.get(reply.language)),
            reply.language,
        );
        let candidates = articles
            .iter()
            .map(|a| (a.key.clone(), a.title.get(reply.language).to_owned()))
            .collect();
        Reply {
            outcome: Outcome::Clarify { candidates, text },
            ..reply
        }
    }

    fn miss(&self, reply: Reply, group: Option<String>) -> Reply {
        let misses = reply.misses.saturating_add(1);
        if misses >= MISSES {
            let topic = reply.topic.clone();
            let handed = self.hand_off(
                Reply { misses, ..reply },
                HandoffReason::Misses,
                topic.as_deref(),
            );
            return match (handed.outcome, group) {
                (
                    Outcome::Handoff {
                        reason,
                        group: None,
                        text,
                    },
                    group,
                ) => Reply {
                    outcome: Outcome::Handoff {
                        reason,
                        group,
                        text,
                    },
                    ..handed
                },
                (outcome, _) => Reply { outcome, ..handed },
            };
        }
        let text = replies::fallback(reply.language).to_owned();
        Reply {
            outcome: Outcome::Fallback { text },
            misses,
            ..reply
        }
    }

    fn hand_off(&self, reply: Reply, reason: HandoffReason, topic: Option<&str>) -> Reply {
        let group = topic
            .and_then(|key| self.knowledge.article(key))
            .and_then(|article| article.group.clone());
        let text = match reason {
            HandoffReason::Misses => replies::handoff_misses(reply.language),
            HandoffReason::Asked | HandoffReason::ArticleSays => {
                replies::handoff_asked(reply.language)
            }
        };
        Reply {
            outcome: Outcome::Handoff {
                reason,
                group,
                text: text.to_owned(),
            },
            ..reply
        }
    }

    fn runner_up(&self, ranking: &Ranking, score: f32) -> Option<(String, f32)> {
        let [best, second, ..] = ranking.articles.as_slice() else {
            return None;
        };
        let share = (second.rank / best.rank.max(f32::MIN_POSITIVE)).min(1.0);
        Some((self.article(second.article).key.clone(), score * share))
    }

    fn article(&self, number: u32) -> &Article {
        &self.knowledge.articles[number as usize]
    }
}

/// Whether the first two articles are as good as equal.
fn is_torn(ranking: &Ranking) -> bool {
    matches!(ranking.articles.as_slice(), [best, second, ..] if best.rank - second.rank < TOO_NEAR * best.rank)
}
