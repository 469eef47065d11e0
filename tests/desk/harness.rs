//! A desk of a test's own, on either engine, and what tests put into it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use crest::auth::{Cost, Passwords};
use crest::desk::{
    ArticleVersion, CqlDesk, DeskError, DeskFailure, DeskRefusal, DeskStore, Group, SqliteDesk,
    seed,
};
use crest::store::cql::{Place, migrate};
use crest_actors::ids::{Millis, TenantId};
use scylla::client::session_builder::SessionBuilder;
use serde_json::json;

use crate::cassandra::{self, Keyspaces, wait_for};

/// Where a test's desk lies; gone or empty after the test.
pub enum Home {
    Folder(Directory),
    Keyspace(Keyspace),
}

impl Home {
    pub fn folder() -> Option<Self> {
        Some(Home::Folder(Directory::new()))
    }

    /// `None` where no server is wanted.
    pub fn keyspace() -> Option<Self> {
        Keyspace::lend().map(Home::Keyspace)
    }

    /// What was written there before is there again.
    pub fn open(&self) -> Arc<dyn DeskStore> {
        match self {
            Home::Folder(directory) => Arc::new(SqliteDesk::open(&directory.0).expect("opens")),
            Home::Keyspace(keyspace) => Arc::new(keyspace.node()),
        }
    }
}

/// One test of each promise for each engine.
macro_rules! suite {
    ($($promise:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $promise() {
                if let Some(home) = crate::harness::Home::folder() {
                    crate::cassandra::wait_for(super::$promise(&home));
                }
            })+
        }

        mod cql {
            $(#[test]
            fn $promise() {
                if let Some(home) = crate::harness::Home::keyspace() {
                    crate::cassandra::wait_for(super::$promise(&home));
                }
            })+
        }
    };
}
pub(crate) use suite;

/// A desk in a home of its own.
pub struct Bench<'home> {
    pub desk: Arc<dyn DeskStore>,
    home: &'home Home,
}

impl<'home> Bench<'home> {
    pub fn empty(home: &'home Home) -> Self {
        Self {
            desk: home.open(),
            home,
        }
    }

    pub async fn demo(home: &'home Home) -> Self {
        let bench = Self::empty(home);
        install_demo(&*bench.desk).await;
        bench
    }

    /// A second desk over the same.
    pub fn again(&self) -> Arc<dyn DeskStore> {
        self.home.open()
    }
}

pub async fn install_demo(desk: &dyn DeskStore) -> seed::Seeded {
    let articles = vec![("refund-time".to_owned(), json!({"title": "退款多久到账"}))];
    let seeded = seed::seed(desk, &cheap(), articles, Millis(1_000)).await;
    seeded.expect("seeded")
}

/// Removed when dropped.
pub struct Directory(pub PathBuf);

impl Directory {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("crest-desk-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        // What an earlier process of this number left behind must not be found again.
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An empty keyspace, lent to a test: making one takes seconds, emptying it does not.
pub struct Keyspace(pub Place);

static FREE: Mutex<Vec<Place>> = Mutex::new(Vec::new());

impl Keyspace {
    /// `None` where no server is wanted.
    pub fn lend() -> Option<Self> {
        if !cassandra::wanted() {
            return None;
        }
        let free = FREE.lock().expect("not poisoned").pop();
        Some(Self(free.unwrap_or_else(|| {
            let place = cassandra::place(&Directory::new().0);
            wait_for(migrate(&place)).expect("migrated");
            place
        })))
    }

    /// One more node on it.
    pub fn node(&self) -> CqlDesk {
        open(self.0.clone()).expect("opens")
    }
}

/// Opening blocks, so not on a thread that runs tasks.
pub fn open(place: Place) -> Result<CqlDesk, DeskFailure> {
    let opening = std::thread::spawn(move || CqlDesk::open(&place));
    opening.join().expect("no panic")
}

impl Drop for Keyspace {
    fn drop(&mut self) {
        if cassandra::is_shared() {
            return drop(Keyspaces);
        }
        wait_for(empty(&self.0));
        FREE.lock().expect("not poisoned").push(self.0.clone());
    }
}

async fn empty(place: &Place) {
    let session = SessionBuilder::new()
        .known_nodes(&place.nodes)
        .build()
        .await
        .expect("a session");
    let keyspace = place.desk_keyspace();
    let state = session.get_cluster_state();
    let tables = state.get_keyspace(&keyspace).expect("there").tables.keys();
    for table in tables.filter(|table| *table != "migration") {
        let text = format!("TRUNCATE {keyspace}.{table}");
        session.query_unpaged(text, ()).await.expect("emptied");
    }
}

/// Hashing that costs nothing, for tests alone.
pub fn cheap() -> Passwords {
    let cost = Cost {
        memory_kib: 8,
        passes: 1,
    };
    Passwords::new(cost, 4, 64).expect("a cost that argon2 takes")
}

pub fn demo() -> TenantId {
    TenantId::new(seed::TENANT)
}

pub fn refused<T: std::fmt::Debug>(result: Result<T, DeskError>) -> DeskRefusal {
    match result.unwrap_err() {
        DeskError::Refused(refusal) => refusal,
        DeskError::Failed(failure) => panic!("{failure}"),
    }
}

pub fn group(id: &str) -> Group {
    serde_json::from_value(json!({"id": id, "name": id})).expect("a group")
}

pub fn version(body: serde_json::Value) -> ArticleVersion {
    ArticleVersion {
        version: 0,
        body,
        saved_at: Millis(5),
        saved_by: "sun".to_owned(),
    }
}
