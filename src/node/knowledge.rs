//! From published articles to the bot that serves them.

use std::path::Path;
use std::sync::Arc;

use crest_actors::ids::TenantId;

use crate::answering::Bots;
use crate::bot::{Bot, Knowledge, KnowledgeError};
use crate::desk::{DeskError, DeskStore, knowledge};

/// The demonstration shop's articles, compiled in so that one binary is enough.
const DEMO: &str = include_str!("../../ops/demo/knowledge.toml");

/// Why knowledge could not be served.
#[derive(Debug, thiserror::Error)]
pub enum KnowledgeFailure {
    #[error("cannot read the knowledge file {path}: {source}")]
    File {
        path: String,
        source: std::io::Error,
    },
    #[error(transparent)]
    Content(#[from] KnowledgeError),
    #[error(transparent)]
    Desk(#[from] DeskError),
    #[error("what is published cannot be served: {0}")]
    Published(String),
    #[error("the thread that builds the bot died")]
    Died,
}

/// The knowledge of a TOML file, or the demonstration's where none is named.
pub fn read(file: Option<&Path>) -> Result<Knowledge, KnowledgeFailure> {
    let text = match file {
        None => return Ok(Knowledge::from_toml(DEMO)?),
        Some(path) => std::fs::read_to_string(path).map_err(|source| KnowledgeFailure::File {
            path: path.display().to_string(),
            source,
        })?,
    };
    Ok(Knowledge::from_toml(&text)?)
}

/// Builds a tenant's bot from what is published and serves it from the next turn on; costs one short
/// read where it is served already.
pub async fn publish(
    desk: &Arc<dyn DeskStore>,
    bots: &Bots,
    tenant: &TenantId,
) -> Result<(), KnowledgeFailure> {
    let serves = bots.of(tenant).map(|bot| bot.knowledge().version);
    let Some((version, published)) = desk.knowledge(tenant.clone(), serves).await? else {
        return Ok(());
    };
    let built = tokio::task::spawn_blocking(move || {
        let knowledge =
            knowledge::published(version, &published).map_err(KnowledgeFailure::Published)?;
        Ok::<_, KnowledgeFailure>(Bot::new(knowledge))
    });
    bots.publish(tenant, built.await.map_err(|_| KnowledgeFailure::Died)??);
    tracing::info!(%tenant, version, "knowledge served");
    Ok(())
}
