//! From published articles to the bot that serves them.

use std::path::Path;
use std::sync::Arc;

use crest_actors::ids::TenantId;

use crate::answering::Bots;
use crate::bot::{Article, Bot, Knowledge, KnowledgeError};
use crate::desk::{DeskError, DeskStore};

/// The demonstration shop's articles, compiled in so that one binary is enough.
const DEMO: &str = include_str!("../../ops/demo/knowledge.toml");

/// Why knowledge could not be served.
#[derive(Debug, thiserror::Error)]
pub enum KnowledgeFailure {
    #[error("cannot read the knowledge file {path}: {source}")]
    File { path: String, source: std::io::Error },
    #[error(transparent)]
    Content(#[from] KnowledgeError),
    #[error(transparent)]
    Desk(#[from] DeskError),
    #[error("published article {key} is not an article: {source}")]
    Article { key: String, source: serde_json::Error },
}

/// The knowledge of a TOML file, or the demonstration's where none is named.
pub fn read(file: Option<&Path>) -> Result<Knowledge, KnowledgeFailure> {
    let text = match file {
        None => return Ok(Knowledge::from_toml(DEMO)?),
        Some(path) => std::fs::read_to_string(path)
            .map_err(|source| KnowledgeFailure::File { path: path.display().to_string(), source })?,
    };
    Ok(Knowledge::from_toml(&text)?)
}

/// Articles as the desk keeps them: key and body.
pub fn bodies(knowledge: &Knowledge) -> Vec<(String, serde_json::Value)> {
    let body = |article: &Article| {
        let mut body = serde_json::to_value(article).expect("an article is plain data");
        if let Some(fields) = body.as_object_mut() {
            fields.remove("key");
        }
        (article.key.clone(), body)
    };
    knowledge.articles.iter().map(body).collect()
}

/// Builds a tenant's bot from what is published and serves it from the next turn on.
pub async fn publish(desk: &Arc<dyn DeskStore>, bots: &Bots, tenant: &TenantId) -> Result<(), KnowledgeFailure> {
    let (version, published) = desk.knowledge(tenant.clone()).await?;
    if bots.of(tenant).is_some_and(|bot| bot.knowledge().version == version) {
        return Ok(());
    }
    let mut articles = Vec::with_capacity(published.len());
    for article in published {
        let mut body = article.body;
        if let Some(fields) = body.as_object_mut() {
            fields.insert("key".to_owned(), article.key.clone().into());
        }
        let read = serde_json::from_value::<Article>(body);
        match read {
            Ok(article) => articles.push(article),
            // One article that is not one must not silence the others.
            Err(source) => tracing::error!(%tenant, key = article.key, %source, "published article skipped"),
        }
    }
    let knowledge = Knowledge { version, articles };
    knowledge.check()?;
    let built = tokio::task::spawn_blocking(move || Bot::new(knowledge)).await;
    if let Ok(bot) = built {
        bots.publish(tenant, bot);
        tracing::info!(%tenant, version, "knowledge served");
    }
    Ok(())
}
