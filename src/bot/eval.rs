//! Measures a bot against labelled questions, so that shops can tune knowledge.

use std::fmt;
use std::time::{Duration, Instant};

use thiserror::Error;

use super::decide::Bot;
use super::turn::{HandoffReason, Outcome, Reply, Turn};

/// A question and the article that should answer it; `None` is out of scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    pub line: usize,
    pub key: Option<String>,
    pub question: String,
}

/// Why a labelled set is not taken.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum LabelError {
    #[error("line {line}: expected KEY, a tab and a question (`-` as KEY means out of scope)")]
    Shape { line: usize },
    #[error("line {line}: the knowledge base has no article `{key}`")]
    UnknownKey { line: usize, key: String },
    #[error("no labelled question found")]
    Empty,
}

/// A question whose outcome was not the wanted one.
#[derive(Debug, Clone, PartialEq)]
pub struct Miss {
    pub labelled: Labelled,
    /// Article answered or offered first; `None` when the bot gave none.
    pub got: Option<String>,
    /// `answer`, `clarify`, `fallback`, `handoff` or `courtesy`.
    pub outcome: &'static str,
    pub score: f32,
    pub runner_up: Option<(String, f32)>,
}

/// How a bot fared on a labelled set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    pub knowledge_version: u64,
    /// Questions with an article.
    pub in_scope: usize,
    /// Of them: the right article was answered, or offered first when asking back.
    pub top1: usize,
    /// Of them: the right article was answered without asking back.
    pub answered_right: usize,
    /// Of them: another article was answered without asking back.
    pub answered_wrong: usize,
    /// Of them: the bot asked back.
    pub clarified: usize,
    /// Of the clarified: the right article was among those offered.
    pub clarified_right: usize,
    /// Questions out of scope.
    pub out_of_scope: usize,
    /// Of them: the bot neither answered nor offered an article.
    pub refused: usize,
    pub misses: Vec<Miss>,
    /// Time a question, at the median and the 99th percentile.
    pub median: Duration,
    pub p99: Duration,
}

/// Reads `key<TAB>question` lines; `-` as key is out of scope, `#` begins a comment
/// line, blank lines are skipped.
pub fn read_labelled(text: &str) -> Result<Vec<Labelled>, LabelError> {
    let mut labelled = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        if text.trim().is_empty() || text.starts_with('#') {
            continue;
        }
        let (key, question) = text.split_once('\t').ok_or(LabelError::Shape { line })?;
        let (key, question) = (key.trim(), question.trim());
        if key.is_empty() || question.is_empty() || key.contains(char::is_whitespace) {
            return Err(LabelError::Shape { line });
        }
        let key = (key != "-").then(|| key.to_owned());
        labelled.push(Labelled {
            line,
            key,
            question: question.to_owned(),
        });
    }
    if labelled.is_empty() {
        Err(LabelError::Empty)
    } else {
        Ok(labelled)
    }
}

/// Asks every question as the first turn of a conversation at time `now_ms`. Fails
/// on a bad line or a key the knowledge base does not have, naming the line.
pub fn evaluate(bot: &Bot, labelled_set: &str, now_ms: u64) -> Result<Report, LabelError> {
    let labelled = read_labelled(labelled_set)?;
    let stranger = labelled.iter().find_map(|l| {
        l.key
            .as_ref()
            .filter(|k| bot.knowledge().article(k).is_none())
            .map(|k| (l, k))
    });
    if let Some((at, key)) = stranger {
        return Err(LabelError::UnknownKey {
            line: at.line,
            key: key.clone(),
        });
    }
    let mut report = Report {
        knowledge_version: bot.knowledge().version,
        ..Report::default()
    };
    // The first question pays for the tables; it is not a question's time.
    bot.answer(&Turn {
        text: "warm up",
        now_ms,
        ..Turn::default()
    });
    let mut times = Vec::with_capacity(labelled.len());
    for labelled in labelled {
        let start = Instant::now();
        let reply = bot.answer(&Turn {
            text: &labelled.question,
            now_ms,
            ..Turn::default()
        });
        times.push(start.elapsed());
        report.count(labelled, reply);
    }
    times.sort_unstable();
    report.median = times[times.len() / 2];
    report.p99 = times[(times.len() * 99).div_ceil(100) - 1];
    Ok(report)
}

/// One question as `bot ask` prints it: decision, article, score, runner-up,
/// knowledge version, and what the customer would read.
pub fn ask(bot: &Bot, text: &str, now_ms: u64) -> String {
    let reply = bot.answer(&Turn {
        text,
        now_ms,
        ..Turn::default()
    });
    let (outcome, article) = outcome_of(&reply);
    let runner_up = reply
        .runner_up
        .as_ref()
        .map_or("-".to_owned(), |(key, score)| format!("{key} ({score:.3})"));
    format!(
        "decision   {outcome}\narticle    {}\nscore      {:.3}\nrunner-up  {runner_up}\nknowledge  version {}\nlanguage   {:?}\n\n{}\n",
        article.as_deref().unwrap_or("-"),
        reply.score,
        reply.knowledge_version,
        reply.language,
        reply.outcome.text(),
    )
}

/// The outcome's name and the article it gives or offers first.
fn outcome_of(reply: &Reply) -> (&'static str, Option<String>) {
    match &reply.outcome {
        Outcome::Answer { key, .. } => ("answer", Some(key.clone())),
        Outcome::Clarify { candidates, .. } => {
            ("clarify", candidates.first().map(|(key, _)| key.clone()))
        }
        Outcome::Handoff {
            reason: HandoffReason::ArticleSays,
            ..
        } => ("handoff", reply.topic.clone()),
        Outcome::Handoff { .. } => ("handoff", None),
        Outcome::Fallback { .. } => ("fallback", None),
        Outcome::Courtesy { .. } => ("courtesy", None),
    }
}

impl Report {
    /// Share of questions in scope whose right article came first, 0 to 1.
    pub fn top1_share(&self) -> f64 {
        share(self.top1, self.in_scope)
    }

    /// Share of questions out of scope that got no article, 0 to 1.
    pub fn out_of_scope_recall(&self) -> f64 {
        share(self.refused, self.out_of_scope)
    }

    fn count(&mut self, labelled: Labelled, reply: Reply) {
        let (outcome, got) = outcome_of(&reply);
        let right = got == labelled.key;
        let asked_back = matches!(&reply.outcome, Outcome::Clarify { .. });
        if labelled.key.is_some() {
            self.in_scope += 1;
            self.top1 += usize::from(right);
            self.answered_right += usize::from(right && !asked_back);
            self.answered_wrong += usize::from(!right && !asked_back && got.is_some());
            self.clarified += usize::from(asked_back);
            if let Outcome::Clarify { candidates, .. } = &reply.outcome {
                let among = candidates
                    .iter()
                    .any(|(key, _)| Some(key) == labelled.key.as_ref());
                self.clarified_right += usize::from(among);
            }
        } else {
            self.out_of_scope += 1;
            self.refused += usize::from(right);
        }
        if !right {
            let (score, runner_up) = (reply.score, reply.runner_up);
            self.misses.push(Miss {
                labelled,
                got,
                outcome,
                score,
                runner_up,
            });
        }
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        1.0
    } else {
        part as f64 / whole as f64
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |part: usize, whole: usize| 100.0 * share(part, whole);
        let (n, out) = (self.in_scope, self.out_of_scope);
        writeln!(
            f,
            "knowledge version {}, {n} questions in scope, {out} out of scope",
            self.knowledge_version
        )?;
        writeln!(
            f,
            "top-1                {:5.1} %  ({}/{n}: right article answered, or offered first when asking back)",
            percent(self.top1, n),
            self.top1
        )?;
        writeln!(
            f,
            "  answered right     {:5.1} %  ({}/{n})",
            percent(self.answered_right, n),
            self.answered_right
        )?;
        writeln!(
            f,
            "  answered wrong     {:5.1} %  ({}/{n})",
            percent(self.answered_wrong, n),
            self.answered_wrong
        )?;
        writeln!(
            f,
            "clarify share        {:5.1} %  ({}/{n}; right article among those offered: {})",
            percent(self.clarified, n),
            self.clarified,
            self.clarified_right
        )?;
        writeln!(
            f,
            "out-of-scope recall  {:5.1} %  ({}/{out}: neither answered nor offered an article; asking back counts as failure)",
            percent(self.refused, out),
            self.refused
        )?;
        writeln!(
            f,
            "time a question      median {:.0?}, p99 {:.0?}",
            self.median, self.p99
        )?;
        for miss in &self.misses {
            let wanted = miss.labelled.key.as_deref().unwrap_or("-");
            let got = miss.got.as_deref().unwrap_or("-");
            let runner_up = miss
                .runner_up
                .as_ref()
                .map_or("-".to_owned(), |(key, score)| format!("{key} {score:.2}"));
            writeln!(
                f,
                "miss line {}: wanted {wanted}, {} {got} {:.2}, runner-up {runner_up}: {}",
                miss.labelled.line, miss.outcome, miss.score, miss.labelled.question
            )?;
        }
        Ok(())
    }
}
