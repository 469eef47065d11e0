//! Processes of their own, killed and stopped.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crest::cluster::boot_now;
use crest::cluster::limits::LEASE_TTL_MS;
use crest::config::Secret;
use crest::store::cql::{Place, Retention};
use crest_actors::ids::Shard;
use crest_actors::ports::Fence;

use crate::cassandra::say;
use crate::rig::{Cluster, Node, nap, signal};

const NODES: &str = "CREST_TEST_MEMBER_NODES";
const KEYSPACE: &str = "CREST_TEST_MEMBER_KEYSPACE";
const NUMBER: u16 = 9;

/// Not a test by itself: what the process does that [`Other`] starts. It says on a line of its own
/// what it was told, and what it holds when it wakes.
#[test]
fn the_other_process() {
    let (Ok(node), Ok(keyspace)) = (std::env::var(NODES), std::env::var(KEYSPACE)) else {
        return;
    };
    let place = Place {
        nodes: vec![node],
        keyspace,
        user: String::new(),
        password: Secret::new(""),
        replication: 1,
        retention: Retention::FOR_EVER,
    };
    let node = Node::start_and(&place, NUMBER, |told| print(&format!("told {told:?}")));
    let fence = node.fence.clone();
    std::thread::spawn(move || {
        let mut last = boot_now();
        loop {
            let now = boot_now();
            let held = Shard::all().filter(|shard| fence.holds(*shard)).count();
            if now.since(last) > LEASE_TTL_MS {
                print(&format!("woke with {held}"));
            }
            last = now;
            nap(1);
        }
    });
    // Until the other end is closed.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    std::process::exit(0);
}

fn print(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// A membership in a process of its own.
struct Other {
    child: Child,
    lines: Arc<Mutex<Vec<(Instant, String)>>>,
}

impl Other {
    fn start(place: &Place) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("a path"))
            .args(["--exact", "child::the_other_process", "--nocapture"])
            .env(NODES, &place.nodes[0])
            .env(KEYSPACE, &place.keyspace)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (read, out) = (lines.clone(), child.stdout.take().expect("piped"));
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let line = (Instant::now(), line);
                read.lock().expect("not poisoned").push(line);
            }
        });
        Self { child, lines }
    }

    /// How long after this moment the line came.
    fn said(&self, after: Instant, what: &str) -> Option<Duration> {
        let lines = self.lines.lock().expect("not poisoned");
        let line = lines
            .iter()
            .find(|(at, line)| *at >= after && line.contains(what));
        line.map(|(at, _)| *at - after)
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Two nodes here and one in another process, which has what is left.
fn cluster() -> Option<(Cluster, Other)> {
    let cluster = Cluster::of(2)?;
    let other = Other::start(&cluster.place);
    cluster.until(Duration::from_secs(30), "a balanced share each", |it| {
        it.shares() == [85, 86] || it.shares() == [85, 85]
    });
    Some((cluster, other))
}

fn all_are_held(cluster: &Cluster) -> bool {
    let held = |shard: &Shard| cluster.nodes.iter().any(|it| it.fence.holds(*shard));
    Shard::all().all(|shard| held(&shard))
}

#[test]
fn a_killed_process_is_replaced_within_five_seconds() {
    let Some((cluster, mut other)) = cluster() else {
        return;
    };
    other.child.kill().expect("killed");
    let took = cluster.until(
        Duration::from_secs(5),
        "everything is held here",
        all_are_held,
    );
    say(&format!("a killed process was replaced after {took:?}"));
    cluster.judge();
}

#[test]
fn a_process_that_was_stopped_for_longer_than_its_lease_wakes_with_nothing() {
    let Some((cluster, other)) = cluster() else {
        return;
    };
    signal(other.child.id(), "-STOP");
    cluster.until(
        Duration::from_secs(5),
        "everything is held here",
        all_are_held,
    );
    nap(LEASE_TTL_MS);
    let woken = Instant::now();
    signal(other.child.id(), "-CONT");
    cluster.until(
        Duration::from_secs(1),
        "it says that it holds nothing",
        |_| {
            other.said(woken, "woke with 0").is_some()
                && other.said(woken, "told FenceLost").is_some()
        },
    );
    say(&format!(
        "FenceLost was told {:?} after waking",
        other.said(woken, "told FenceLost").unwrap()
    ));
    cluster.until(Duration::from_secs(2), "it was declared dead", |_| {
        other.said(woken, "told Expelled").is_some()
    });
    assert!(other.said(woken, "told Took").is_none());
    cluster.judge();
}
