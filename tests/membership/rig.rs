//! Several memberships in one process, each with its own fence, and a watch that no shard is ever
//! held twice.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crest::cluster::{
    ClusterView, Incarnation, Membership, NodeId, Process, ShardFence, Told, boot_now,
};
use crest::store::cql::{Place, migrate};
use crest_actors::ids::Shard;
use crest_actors::ports::Fence;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;

use crate::cassandra::{self, Keyspaces};

/// What was told, and when.
pub type Log = Arc<Mutex<Vec<(Instant, Told)>>>;

pub struct Node {
    pub me: Process,
    pub fence: Arc<ShardFence>,
    pub membership: Membership,
    told: Log,
}

impl Node {
    pub fn start(place: &Place, node: u16) -> Self {
        Self::start_and(place, node, |_| {})
    }

    /// Calls back with each thing told.
    pub fn start_and(place: &Place, node: u16, heard: impl Fn(Told) + Send + 'static) -> Self {
        let me = Process {
            node: NodeId(node),
            incarnation: Incarnation(rand()),
        };
        let fence = Arc::new(ShardFence::new(boot_now));
        let told = Log::default();
        let log = told.clone();
        let tell = move |batch: Vec<Told>| {
            let now = Instant::now();
            batch.iter().copied().for_each(&heard);
            lock(&log).extend(batch.into_iter().map(|told| (now, told)));
        };
        let started = Membership::start(place, me, fence.clone(), tell);
        let membership = started.unwrap_or_else(|why| panic!("node {node}: {why}"));
        Self {
            me,
            fence,
            membership,
            told,
        }
    }

    pub fn told(&self) -> Vec<(Instant, Told)> {
        lock(&self.told).clone()
    }

    pub fn view(&self) -> Arc<ClusterView> {
        self.membership.view()
    }

    pub fn load(&self) -> usize {
        let holds = |shard: &Shard| self.fence.holds(*shard);
        Shard::all().filter(holds).count()
    }

    /// When this was first told, if it was.
    pub fn when(&self, what: Told) -> Option<Instant> {
        let told = self.told();
        told.iter()
            .find(|(_, told)| *told == what)
            .map(|(at, _)| *at)
    }

    /// Under which epoch the shard was taken last.
    pub fn epoch(&self, shard: Shard) -> Option<u64> {
        self.told().iter().rev().find_map(|(_, told)| match told {
            Told::Took { shard: it, epoch } if *it == shard => Some(*epoch),
            _ => None,
        })
    }
}

/// The server's pid; `None` where it is not ours.
pub fn server() -> Option<u32> {
    let pid = std::fs::read_to_string(cassandra::directory().join("node1/pid")).ok()?;
    pid.trim().parse().ok()
}

/// An empty lease keyspace, the same for every test: making one takes a small server longer than
/// most tests take.
fn place() -> Place {
    let place = cassandra::place(Path::new("crest_membership"));
    cassandra::wait_for(async {
        migrate(&place).await.expect("migrated");
        let session = session(&place.nodes[0]).await;
        for table in ["node_lease", "assignment", "epoch"] {
            let text = format!("TRUNCATE {}.{table}", place.lease_keyspace());
            session.query_unpaged(text, ()).await.expect("emptied");
        }
    });
    place
}

pub async fn session(node: &str) -> Session {
    let session = SessionBuilder::new().known_node(node).build().await;
    session.expect("a session")
}

/// Nothing is timed while another test of this process burdens the server.
static ALONE: Mutex<()> = Mutex::new(());

/// A migrated keyspace and the nodes on it.
pub struct Cluster {
    pub place: Place,
    pub nodes: Vec<Node>,
    watch: Option<Watch>,
    _dropped_at_the_end: Option<Keyspaces>,
    _alone: MutexGuard<'static, ()>,
}

impl Cluster {
    /// `None` where no server is wanted.
    pub fn of(nodes: u16) -> Option<Self> {
        if !cassandra::wanted() {
            return None;
        }
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let place = place();
        let nodes: Vec<Node> = (1..=nodes).map(|node| Node::start(&place, node)).collect();
        let fences = nodes.iter().map(|node| node.fence.clone()).collect();
        Some(Self {
            place,
            nodes,
            watch: Some(Watch::start(fences)),
            // A server of ours ends with this process.
            _dropped_at_the_end: server().is_none().then(|| Keyspaces),
            _alone: alone,
        })
    }

    /// Three nodes that share everything evenly.
    pub fn of_three() -> Option<Self> {
        let cluster = Self::of(3)?;
        let most = Duration::from_secs(30);
        let took = cluster.until(most, "a balanced share each", |it| {
            it.shares() == [85, 85, 86]
        });
        cassandra::say(&format!(
            "three nodes shared everything evenly after {took:?}"
        ));
        Some(cluster)
    }

    pub fn loads(&self) -> Vec<usize> {
        self.nodes.iter().map(Node::load).collect()
    }

    /// The loads, the smallest first.
    pub fn shares(&self) -> Vec<usize> {
        let mut loads = self.loads();
        loads.sort_unstable();
        loads
    }

    /// Waits until it is so, and says how long that took.
    pub fn until(&self, most: Duration, what: &str, is_so: impl Fn(&Self) -> bool) -> Duration {
        let begun = Instant::now();
        while !is_so(self) {
            let took = begun.elapsed();
            assert!(
                took < most,
                "not within {most:?}: {what}; loads {:?}",
                self.loads()
            );
            nap(5);
        }
        begun.elapsed()
    }

    /// Ends the watch; no shard was held twice, and epochs rose at every change of hands.
    pub fn judge(mut self) {
        let samples = self.watch.take().map_or(0, Watch::end);
        assert!(samples > 100, "{samples} samples");
        for shard in Shard::all() {
            let mut takings: Vec<(Instant, u64, Process)> = Vec::new();
            for node in &self.nodes {
                takings.extend(node.told().iter().filter_map(|(at, told)| match told {
                    Told::Took { shard: it, epoch } if *it == shard => Some((*at, *epoch, node.me)),
                    _ => None,
                }));
            }
            takings.sort_unstable_by_key(|(at, ..)| *at);
            for pair in takings.windows(2) {
                let ((_, earlier, from), (_, later, to)) = (pair[0], pair[1]);
                let rises = earlier < later || (earlier == later && from == to);
                assert!(rises, "{shard:?}: {takings:?}");
            }
        }
    }
}

/// A thread that looks at every fence every millisecond.
struct Watch {
    stop: Arc<AtomicBool>,
    samples: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Watch {
    fn start(fences: Vec<Arc<ShardFence>>) -> Self {
        let (stop, samples) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let (stopped, counted) = (stop.clone(), samples.clone());
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                for shard in Shard::all() {
                    sample(&fences, shard);
                }
                counted.fetch_add(1, Ordering::Relaxed);
                nap(1);
            }
        });
        Self {
            stop,
            samples,
            thread,
        }
    }

    fn end(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("no shard is held twice");
        self.samples.load(Ordering::Relaxed)
    }
}

fn sample(fences: &[Arc<ShardFence>], shard: Shard) {
    let mut holders = fences.iter().filter(|fence| fence.holds(shard));
    if let (Some(first), Some(_)) = (holders.next(), holders.next()) {
        // The first may have let go between the two looks; then it does not hold it now.
        assert!(!first.holds(shard), "{shard:?} is held twice");
    }
}

pub fn nap(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

/// Sends a signal to a process that this test started.
pub fn signal(pid: u32, signal: &str) {
    let sent = std::process::Command::new("kill")
        .args([signal, &pid.to_string()])
        .status();
    assert!(sent.expect("kill").success());
}

fn rand() -> u128 {
    use std::hash::{BuildHasher, RandomState};
    let half = || u128::from(RandomState::new().hash_one(Instant::now()));
    half() << 64 | half()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
