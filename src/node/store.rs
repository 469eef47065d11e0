//! Opens the log store and the desk that are configured.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::serve::NodeFailure;
use crate::cluster::cql::{self, AskFailure, LoneFailure};
use crate::config::{self, Config};
use crate::desk::{CqlDesk, DeskFailure, DeskStore, SqliteDesk};
use crate::store::cql::{CqlFailure, CqlStore, Epoch, Epochs, Place};
use crate::store::{Durability, EmbeddedStore, Engine, Folder};

/// How long a node that starts waits for a CQL server that does not answer: servers and nodes of
/// one machine are started together.
const AWAY_MAX: Duration = Duration::from_secs(30);
const AGAIN: Duration = Duration::from_secs(1);

/// The stores of this node, ready to be used.
pub struct Opened {
    pub store: Arc<dyn Engine>,
    pub desk: Arc<dyn DeskStore>,
    /// Held as long as the node runs: a second node by mistake is turned away before it replaces this
    /// one in the keyspace. The embedded store holds its own.
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
                desk: open_desk(&config.store).await?,
                folder: None,
            })
        }
        config::Engine::Cql => {
            let folder = Folder::lock(&config.store.path)?;
            let place = Place::of(&config.store);
            let epoch = match epochs {
                Some(epochs) => Epoch::Held(epochs),
                None => Epoch::Alone(before_alone(place.clone()).await?),
            };
            let store = connect(place, epoch).await?;
            Ok(Opened {
                store: Arc::new(store),
                desk: open_desk(&config.store).await?,
                folder: Some(folder),
            })
        }
    }
}

/// Opens the desk of the configured engine.
pub async fn open_desk(store: &config::Store) -> Result<Arc<dyn DeskStore>, NodeFailure> {
    match store.engine {
        config::Engine::Embedded => Ok(Arc::new(SqliteDesk::open(&store.path)?)),
        config::Engine::Cql => {
            let place = Place::of(store);
            let desk = until_it_answers(move || match CqlDesk::open(&place) {
                Err(DeskFailure::Cql(failure)) => Err(failure.into()),
                opened => opened.map_err(NodeFailure::Desk),
            })
            .await?;
            Ok(Arc::new(desk))
        }
    }
}

/// Makes sure that no cluster serves the keyspace; answers the highest epoch that one gave.
async fn before_alone(place: Place) -> Result<u64, NodeFailure> {
    let runtime = tokio::runtime::Handle::current();
    until_it_answers(move || match runtime.block_on(cql::before_alone(&place)) {
        Err(LoneFailure::Ask(AskFailure::Cql(failure))) => Err(failure.into()),
        known => Ok(known?),
    })
    .await
}

async fn connect(place: Place, epoch: Epoch) -> Result<CqlStore, NodeFailure> {
    let store = until_it_answers(move || Ok(CqlStore::open(&place, epoch.clone())?)).await?;
    tracing::info!(server = store.server(), "the CQL store is open");
    Ok(store)
}

/// Opens again and again, on threads that may block, while no server answers.
async fn until_it_answers<T: Send + 'static>(
    open: impl Fn() -> Result<T, NodeFailure> + Clone + Send + 'static,
) -> Result<T, NodeFailure> {
    let begun = Instant::now();
    loop {
        let opening = tokio::task::spawn_blocking(open.clone());
        let opened = opening.await.map_err(std::io::Error::other);
        match opened.map_err(NodeFailure::Thread)? {
            Err(NodeFailure::Cql(failure @ CqlFailure::Away { .. }))
                if begun.elapsed() < AWAY_MAX =>
            {
                tracing::warn!(%failure, "waiting for the CQL server");
                tokio::time::sleep(AGAIN).await;
            }
            opened => return opened,
        }
    }
}
