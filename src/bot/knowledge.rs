//! The knowledge base: articles as a shop writes them.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::language::Language;
use super::limits;

/// A version of the knowledge base: what one publication contains.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knowledge {
    /// Grows with every publication; recorded in the transcript with each answer.
    pub version: u64,
    pub articles: Vec<Article>,
}

/// One question-and-answer unit.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Article {
    /// Stable name: lower-case letters, digits and hyphens.
    pub key: String,
    pub title: Localised,
    pub answer: Localised,
    /// Phrasings customers use, in any language.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Words that point at this article wherever they stand.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Skill group that takes over when this article leads to a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The matter is for a person: the answer is said, then handed off.
    #[serde(default)]
    pub handoff: bool,
    /// Served from this time on; milliseconds since 1970. None: always was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<u64>,
    /// Served before this time; milliseconds since 1970. None: until further notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<u64>,
    #[serde(default)]
    pub tags: Vec<String>,
}

/// A text in the languages of the shop. Chinese and English are always there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Localised {
    pub zh: String,
    pub en: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ja: Option<String>,
}

/// Why a knowledge base is not taken.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum KnowledgeError {
    #[error("knowledge is not valid TOML: {0}")]
    Syntax(String),
    #[error("article {key}: {problem}")]
    Article { key: String, problem: String },
    #[error(
        "knowledge holds {found} articles, at most {} are allowed",
        limits::ARTICLES
    )]
    TooMany { found: usize },
}

impl Knowledge {
    /// Reads and checks TOML; an unknown key is an error.
    pub fn from_toml(text: &str) -> Result<Self, KnowledgeError> {
        let knowledge: Self =
            toml::from_str(text).map_err(|e| KnowledgeError::Syntax(e.to_string()))?;
        knowledge.check()?;
        Ok(knowledge)
    }

    /// Checks what the types cannot say: keys, texts, bounds, validity windows.
    /// To be called on knowledge that came over HTTP.
    pub fn check(&self) -> Result<(), KnowledgeError> {
        if self.articles.len() > limits::ARTICLES {
            return Err(KnowledgeError::TooMany {
                found: self.articles.len(),
            });
        }
        let mut keys = HashSet::new();
        for article in &self.articles {
            let twice =
                (!keys.insert(article.key.as_str())).then(|| "the key is used twice".to_owned());
            if let Some(problem) = twice.or_else(|| article.problem()) {
                return Err(KnowledgeError::Article {
                    key: article.key.clone(),
                    problem,
                });
            }
        }
        Ok(())
    }

    /// The article of a key.
    pub fn article(&self, key: &str) -> Option<&Article> {
        self.articles.iter().find(|article| article.key == key)
    }
}

impl Article {
    /// Whether the article may be served at a time (milliseconds since 1970).
    pub fn is_valid_at(&self, now_ms: u64) -> bool {
        self.valid_from.is_none_or(|from| from <= now_ms)
            && self.valid_until.is_none_or(|until| now_ms < until)
    }

    fn problem(&self) -> Option<String> {
        let key_ok = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.key.is_empty()
            || self.key.len() > limits::KEY_BYTES
            || !self.key.chars().all(key_ok)
        {
            return Some(format!(
                "the key must be 1 to {} of a-z, 0-9 and hyphen",
                limits::KEY_BYTES
            ));
        }
        self.title
            .problem("title", limits::ALIAS_CHARS)
            .or_else(|| self.answer.problem("answer", limits::ANSWER_CHARS))
            .or_else(|| list_problem("alias", &self.aliases))
            .or_else(|| list_problem("keyword", &self.keywords))
            .or_else(|| list_problem("tag", &self.tags))
            .or_else(|| {
                let group = self.group.as_deref();
                group
                    .filter(|g| g.trim().is_empty())
                    .map(|_| "the group is empty; leave it out instead".to_owned())
            })
            .or_else(|| match (self.valid_from, self.valid_until) {
                (Some(from), Some(until)) if until <= from => {
                    Some("valid_until is not after valid_from".to_owned())
                }
                _ => None,
            })
    }
}

impl Localised {
    /// The text in a language, else in English.
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
            Language::Ja => self.ja.as_deref().unwrap_or(&self.en),
        }
    }

    /// Every language there is.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        [
            Some(self.zh.as_str()),
            Some(self.en.as_str()),
            self.ja.as_deref(),
        ]
        .into_iter()
        .flatten()
    }

    fn problem(&self, field: &str, most: usize) -> Option<String> {
        self.all().find_map(|text| match text {
            text if text.trim().is_empty() => Some(format!("the {field} is empty in one language")),
            text if text.chars().count() > most => {
                Some(format!("the {field} is longer than {most} characters"))
            }
            _ => None,
        })
    }
}

fn list_problem(what: &str, list: &[String]) -> Option<String> {
    if list.len() > limits::ALIASES {
        return Some(format!(
            "{} entries of {what}, at most {} are allowed",
            list.len(),
            limits::ALIASES
        ));
    }
    list.iter().find_map(|text| match text {
        text if text.trim().is_empty() => Some(format!("an {what} is empty")),
        text if text.chars().count() > limits::ALIAS_CHARS => Some(format!(
            "{what} «{text}» is longer than {} characters",
            limits::ALIAS_CHARS
        )),
        _ => None,
    })
}
