//! The two ends of a copy: which store, and opening it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::failure::CopyFailure;
use crate::config;
use crate::desk::{CqlDesk, DeskStore, SqliteDesk};
use crate::store::cql::{CqlStore, Epoch, Place};
use crate::store::{Durability, EmbeddedStore, FILE_NAME, Folder, Inventory};

/// A store, of either engine.
#[derive(Clone, Debug)]
pub enum End {
    Embedded(PathBuf),
    Cql(Place),
}

/// An end that is read.
pub struct Source {
    /// `None`: the folder has a desk only, as a node has whose logs are elsewhere.
    pub logs: Option<Arc<dyn Inventory>>,
    pub desk: Arc<dyn DeskStore>,
    _folder: Option<Folder>,
}

/// An end that is written.
pub struct Target {
    pub logs: Arc<dyn Inventory>,
    pub desk: Arc<dyn DeskStore>,
}

impl End {
    /// The store that a configuration names.
    pub fn of(store: &config::Store) -> Self {
        match store.engine {
            config::Engine::Embedded => Self::Embedded(store.path.clone()),
            config::Engine::Cql => Self::Cql(Place::of(store)),
        }
    }

    /// Is it, by its name, the same store?
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (End::Embedded(one), End::Embedded(other)) => {
                let path = |folder: &PathBuf| folder.canonicalize().unwrap_or(folder.clone());
                path(one) == path(other)
            }
            (End::Cql(one), End::Cql(other)) => {
                one.keyspace == other.keyspace && one.nodes == other.nodes
            }
            _ => false,
        }
    }

    /// Changes nothing at this end.
    pub fn open_source(&self) -> Result<Source, CopyFailure> {
        match self {
            End::Embedded(folder) => {
                if !folder.join(SqliteDesk::FILE_NAME).is_file() {
                    return Err(CopyFailure::NoStore(folder.clone()));
                }
                let (logs, lock): (Option<Arc<dyn Inventory>>, _) =
                    if folder.join(FILE_NAME).is_file() {
                        let store = EmbeddedStore::open(folder, Durability::Synced)?;
                        (Some(Arc::new(store)), None)
                    } else {
                        (None, Some(Folder::lock(folder)?))
                    };
                Ok(Source {
                    logs,
                    desk: Arc::new(SqliteDesk::open(folder)?),
                    _folder: lock,
                })
            }
            End::Cql(place) => {
                let Target { logs, desk } = cql(place)?;
                Ok(Source {
                    logs: Some(logs),
                    desk,
                    _folder: None,
                })
            }
        }
    }

    pub fn open_target(&self) -> Result<Target, CopyFailure> {
        match self {
            End::Embedded(folder) => Ok(Target {
                logs: Arc::new(EmbeddedStore::open(folder, Durability::Synced)?),
                desk: Arc::new(SqliteDesk::open(folder)?),
            }),
            End::Cql(place) => cql(place),
        }
    }
}

fn cql(place: &Place) -> Result<Target, CopyFailure> {
    Ok(Target {
        logs: Arc::new(CqlStore::open(place, Epoch::Oldest)?),
        desk: Arc::new(CqlDesk::open(place)?),
    })
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Embedded(folder) => write!(f, "embedded {}", folder.display()),
            End::Cql(place) => {
                write!(f, "cql {} at {}", place.keyspace, place.nodes.join(", "))
            }
        }
    }
}
