//! Opens the log store that is configured.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::serve::NodeFailure;
use crate::config::{self, Config};
use crate::store::cql::{CqlFailure, CqlStore, Epoch, Epochs, Place};
use crate::store::{Durability, EmbeddedStore, Engine, Folder};

/// How long a node that starts waits for a CQL server that does not answer: servers and nodes of
/// one machine are started together.
const AWAY_MAX: Duration = Duration::from_secs(30);
const AGAIN: Duration = Duration::from_secs(1);

/// The store of this node, ready to be used.
pub struct Opened {
    pub store: Arc<dyn Engine>,
    /// Held as long as the node runs: the desk's file lies there, and a second node by mistake is
    /// turned away before it replaces this one in the keyspace. The embedded store holds its own.
    pub folder: Option<Folder>,
}

/// Opens what is configured. `epochs`: where this node is not alone.
pub async fn open(config: &Config, epochs: Option<Epochs>) -> Result<Opened, NodeFailure> {
    match config.store.engine {
        config::Engine::Embedded => {
            let durability = match config.store.durability {
                config::Durability::Full => Durability::Synced,
                config::Durability::Relaxed => Durability::Memory,
            };
            let store = EmbeddedStore::open(&config.store.path, durability)?;
            Ok(Opened {
                store: Arc::new(store),
                folder: None,
            })
        }
        config::Engine::Cql => {
            let folder = Folder::lock(&config.store.path)?;
            let epoch = epochs.map_or(Epoch::Alone, Epoch::Held);
            let store = connect(Place::of(&config.store), epoch).await?;
            Ok(Opened {
                store: Arc::new(store),
                folder: Some(folder),
            })
        }
    }
}

async fn connect(place: Place, epoch: Epoch) -> Result<CqlStore, NodeFailure> {
    let begun = Instant::now();
    loop {
        let (at, epoch) = (place.clone(), epoch.clone());
        let opening = tokio::task::spawn_blocking(move || CqlStore::open(&at, epoch));
        let opened = opening.await.map_err(std::io::Error::other);
        match opened.map_err(NodeFailure::Thread)? {
            Ok(store) => {
                tracing::info!(server = store.server(), "the CQL store is open");
                return Ok(store);
            }
            Err(failure @ CqlFailure::Away { .. }) if begun.elapsed() < AWAY_MAX => {
                tracing::warn!(%failure, "waiting for the CQL server");
                tokio::time::sleep(AGAIN).await;
            }
            Err(failure) => return Err(failure.into()),
        }
    }
}
