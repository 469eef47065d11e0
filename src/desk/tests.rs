//! A desk for the tests of others. What any engine must do is in tests/desk.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use crest_actors::ids::Millis;
use serde_json::json;

use super::{SqliteDesk, seed};
use crate::auth::{Cost, Passwords};

/// A desk in a directory that goes with it.
pub(crate) struct TestDesk {
    pub(crate) desk: std::sync::Arc<SqliteDesk>,
    pub(crate) directory: PathBuf,
}

impl TestDesk {
    pub(crate) fn empty() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let directory =
            std::env::temp_dir().join(format!("crest-desk-{}-{number}", std::process::id()));
        // What an earlier process of this number left behind must not be found again.
        let _ = std::fs::remove_dir_all(&directory);
        let desk = std::sync::Arc::new(SqliteDesk::open(&directory).unwrap());
        Self { desk, directory }
    }

    pub(crate) async fn demo() -> Self {
        let test = Self::empty();
        let articles = vec![("refund-time".to_owned(), json!({"title": "退款多久到账"}))];
        seed::seed(&*test.desk, &cheap(), articles, Millis(1_000))
            .await
            .unwrap();
        test
    }
}

impl Drop for TestDesk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Hashing that costs nothing, for tests alone.
pub(crate) fn cheap() -> Passwords {
    let cost = Cost {
        memory_kib: 8,
        passes: 1,
    };
    Passwords::new(cost, 4, 64).unwrap()
}
