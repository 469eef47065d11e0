//! A real CQL server for tests: one for the whole test binary, ended with it.
//!
//! `CREST_TEST_CQL=host:port` names one that runs already. Without that Apache Cassandra is started,
//! for which Java and Maven are needed; `CREST_SKIP_CQL=1` leaves these tests out.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use crest::config::Secret;
use crest::store::cql::{Place, Retention};
use scylla::client::session_builder::SessionBuilder;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/ops/dev/cassandra/cassandra");

/// Are tests on a CQL server wanted?
pub fn wanted() -> bool {
    std::env::var("CREST_SKIP_CQL").is_err()
}

/// Will the server be there after these tests?
#[allow(dead_code)] // not every binary asks
pub fn is_shared() -> bool {
    std::env::var("CREST_TEST_CQL").is_ok()
}

/// `host:port` of the server.
pub fn address() -> &'static str {
    static SERVER: OnceLock<Result<String, String>> = OnceLock::new();
    let server = SERVER.get_or_init(|| match std::env::var("CREST_TEST_CQL") {
        Ok(address) => Ok(address),
        Err(_) => start(),
    });
    match server {
        Ok(address) => address,
        Err(why) => panic!(
            "the tests of the CQL store need a server: {why}\ninstall Java 17 and Maven, or name a running server with CREST_TEST_CQL=host:port, or leave these tests out with CREST_SKIP_CQL=1"
        ),
    }
}

thread_local! {
    /// What the test of this thread uses.
    static USED: RefCell<BTreeMap<String, Place>> = const { RefCell::new(BTreeMap::new()) };
}

/// Held by each test: at its end its keyspaces are dropped, for a server of 256 MB has no room for
/// those of all tests.
pub struct Keyspaces;

impl Drop for Keyspaces {
    fn drop(&mut self) {
        for place in USED.take().into_values() {
            wait_for(drop_keyspaces(&place));
        }
    }
}

async fn drop_keyspaces(place: &Place) {
    let session = SessionBuilder::new()
        .known_nodes(&place.nodes)
        .build()
        .await;
    let Ok(session) = session else {
        return say("a keyspace of a test stays: no session to drop it");
    };
    for keyspace in [
        place.keyspace.clone(),
        place.lease_keyspace(),
        place.desk_keyspace(),
    ] {
        let text = format!("DROP KEYSPACE IF EXISTS {keyspace}");
        if let Err(why) = session.query_unpaged(text, ()).await {
            say(&format!("keyspace {keyspace} stays: {why}"));
        }
    }
}

/// A keyspace of this directory's own, not yet made; see [`Keyspaces`].
pub fn place(directory: &Path) -> Place {
    static RUN: OnceLock<u64> = OnceLock::new();
    let run = RUN.get_or_init(now_nanos);
    let name = directory.file_name().expect("a name").to_string_lossy();
    let place = Place {
        nodes: vec![address().to_owned()],
        keyspace: format!("{}_{run}", name.replace('-', "_")),
        user: String::new(),
        password: Secret::new(""),
        replication: 1,
        retention: Retention::FOR_EVER,
    };
    USED.with_borrow_mut(|used| used.insert(place.keyspace.clone(), place.clone()));
    place
}

/// Runs to its end what needs a runtime.
pub fn wait_for<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(work)
}

/// Data, log and pid of the server that this process starts.
pub fn directory() -> PathBuf {
    std::env::temp_dir().join(format!("crest-cassandra-{}", std::process::id()))
}

/// Starts Cassandra and sees to it that it ends when this process does, however that happens.
fn start() -> Result<String, String> {
    let directory = directory();
    let port = free_ports();
    say("starting Cassandra");
    let started = Command::new(SCRIPT)
        .args(["start", "--port", &port.to_string(), "--dir"])
        .arg(&directory)
        .output()
        .map_err(|why| format!("{SCRIPT}: {why}"))?;
    if !started.status.success() {
        return Err(String::from_utf8_lossy(&started.stderr).into_owned());
    }
    let mut guard = Command::new("sh")
        .args(["-c", "cat; \"$0\" stop --dir \"$1\"; rm -rf \"$1\"", SCRIPT])
        .arg(&directory)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|why| why.to_string())?;
    // Closed by the end of this process, and by nothing before.
    std::mem::forget(guard.stdin.take());
    Ok(format!("127.0.0.1:{port}"))
}

/// A port that is free together with the two after it.
fn free_ports() -> u16 {
    let mut random = now_nanos() ^ u64::from(std::process::id()) << 8;
    loop {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let port = 20_000 + ((random >> 33) % 10_000) as u16 * 3;
        if (port..port + 3).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
            return port;
        }
    }
}

fn now_nanos() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_nanos() as u64)
}

/// Past the test harness, which keeps what passing tests print to itself.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
