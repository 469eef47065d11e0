//! Demonstration shops for a store that no node serves.

use std::sync::Arc;

use crest_actors::runtime::Clock;

use super::serve::{self, NodeFailure};
use crate::config::Config;
use crate::desk::seed_copies::{self, SeededCopies};
use crate::desk::{DeskFailure, SqliteDesk};
use crate::store::{Durability, EmbeddedStore, Engine};

/// Installs the demo tenant and its copies up to the `tenants`th into the configured store, those
/// that are missing. Refused while another process holds the store.
pub async fn seed_copies(config: &Config, tenants: u32) -> Result<SeededCopies, NodeFailure> {
    // Open for its lock: no node may serve the desk meanwhile.
    let store = Arc::new(EmbeddedStore::open(&config.store.path, Durability::Synced)?);
    let desk = SqliteDesk::open(&config.store.path)?;
    let passwords = serve::passwords(config).ok_or_else(|| DeskFailure::Corrupt {
        what: "the password cost",
        why: "argon2 refuses it".to_owned(),
    })?;
    let articles = serve::articles(config)?;
    let now = Clock::system().now();
    let seeded = seed_copies::seed_copies(&desk, &passwords, articles, tenants, now).await;
    let closing = store.clone();
    let _ = tokio::task::spawn_blocking(move || closing.close()).await;
    Ok(seeded?)
}
