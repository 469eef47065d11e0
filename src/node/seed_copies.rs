//! Demonstration shops for a store that no node serves.

use crest_actors::runtime::Clock;

use super::serve::{self, NodeFailure};
use super::store;
use crate::config::{Config, Engine};
use crate::desk::DeskFailure;
use crate::desk::seed_copies::{self, SeededCopies};
use crate::store::Folder;

/// Installs the demo tenant and its copies up to the `tenants`th into the configured store, those
/// that are missing. Refused while another process holds the embedded store.
pub async fn seed_copies(config: &Config, tenants: u32) -> Result<SeededCopies, NodeFailure> {
    // No node may serve the desk's file meanwhile; those on CQL are told of what is installed.
    let _folder = match config.store.engine {
        Engine::Embedded => Some(Folder::lock(&config.store.path)?),
        Engine::Cql => None,
    };
    let desk = store::open_desk(&config.store).await?;
    let passwords = serve::passwords(config).ok_or_else(|| DeskFailure::Corrupt {
        what: "the password cost",
        why: "argon2 refuses it".to_owned(),
    })?;
    let articles = serve::articles(config)?;
    let now = Clock::system().now();
    Ok(seed_copies::seed_copies(&*desk, &passwords, articles, tenants, now).await?)
}
