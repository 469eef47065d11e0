//! Blocking calls, names and directories for the tests of the log store.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use crest_actors::conversation::{PhaseKind, Summary};
use crest_actors::ids::{
    AgentId, AgentKey, ConversationId, ConversationKey, CustomerId, CustomerKey, Millis, Seq,
    Shard, TenantId, Token,
};
use crest_actors::ports::{
    Activation, Append, BatchOutcome, Done, LogId, LogStore, Record, StoreFailure, Stored,
};

/// Every answer comes within this, or the test fails rather than hangs.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Calls and waits for the answer.
pub fn wait<T: Send + 'static>(call: impl FnOnce(Done<T>)) -> T {
    let (sender, receiver) = mpsc::channel();
    call(Box::new(move |value| {
        let _ = sender.send(value);
    }));
    receiver.recv_timeout(ANSWER_MAX).expect("an answer")
}

pub fn activate(store: &dyn LogStore, log: &LogId) -> Result<Activation, StoreFailure> {
    wait(|done| store.activate(log.clone(), done))
}

pub fn submit(store: &dyn LogStore, batch: Vec<Append>) -> BatchOutcome {
    wait(|done| store.submit(batch, done))
}

pub fn read(
    store: &dyn LogStore,
    log: &LogId,
    after: u64,
    limit: usize,
) -> Result<Vec<Stored>, StoreFailure> {
    wait(|done| store.read(log.clone(), Seq(after), limit, done))
}

pub fn awake(store: &dyn LogStore, shards: Vec<Shard>) -> Vec<ConversationKey> {
    let mut keys = wait(|done| store.awake(shards, done)).expect("awake");
    keys.sort();
    keys
}

/// Activates and appends one event a body; panics unless all of it is accepted.
pub fn write(store: &dyn LogStore, log: &LogId, bodies: &[&str]) -> Token {
    let activation = activate(store, log).expect("activated");
    let last = wait(|done| store.read(log.clone(), Seq(0), usize::MAX, done))
        .expect("read")
        .len() as u64;
    let batch = vec![append(log, activation.token, last + 1, bodies)];
    assert_eq!(submit(store, batch), Ok(vec![]));
    activation.token
}

pub fn append(log: &LogId, token: Token, first: u64, bodies: &[&str]) -> Append {
    Append {
        log: log.clone(),
        token,
        first: Seq(first),
        records: bodies.iter().map(|body| record(body)).collect(),
        summary: None,
    }
}

/// A body that begins with `=` is a base.
pub fn record(body: &str) -> Record {
    Record {
        body: body.as_bytes().to_vec(),
        base: body.starts_with('='),
    }
}

pub fn bodies(records: &[Stored]) -> Vec<&str> {
    let bodies = records.iter().map(|stored| &stored.record.body[..]);
    bodies
        .map(|body| std::str::from_utf8(body).expect("text"))
        .collect()
}

pub fn seqs(records: &[Stored]) -> Vec<u64> {
    records.iter().map(|stored| stored.seq.0).collect()
}

/// The n-th conversation of the tenant `shop`, in shard n mod 256.
pub fn key(n: u64) -> ConversationKey {
    let mut random = [0; 9];
    random[1..].copy_from_slice(&n.to_be_bytes());
    ConversationKey {
        tenant: TenantId::new("shop"),
        id: ConversationId::mint(Millis(1_000 + n), random, Shard(n as u8)),
    }
}

pub fn conversation(n: u64) -> LogId {
    LogId::Conversation(key(n))
}

pub fn ledger(agent: &str) -> LogId {
    LogId::Ledger(AgentKey {
        tenant: TenantId::new("shop"),
        agent: AgentId::new(agent),
    })
}

pub fn pointer(customer: &str) -> LogId {
    LogId::Pointer(CustomerKey {
        tenant: TenantId::new("shop"),
        customer: CustomerId::new(customer),
    })
}

pub fn summary(n: u64, phase: PhaseKind) -> Summary {
    Summary {
        key: key(n),
        customer: CustomerId::new(format!("customer-{}", n % 3)),
        channel: "web".into(),
        tier: 1,
        phase,
        position: Seq(1),
        group: "presale".into(),
        agent: (n % 2 == 1).then(|| AgentId::new("mei")),
        taken_over: false,
        opened_at: Millis(1_000 + n),
        phase_since: Millis(2_000 + n),
        enqueued_at: Some(Millis(1_500 + n)),
        closed_at: None,
        close_reason: None,
        rating: None,
        awake: phase != PhaseKind::Closed,
    }
}

/// A new directory, removed when dropped.
pub struct Directory(PathBuf);

impl Directory {
    pub fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("crest-store-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a temporary directory");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Random numbers that a printed seed replays: set `SEED` to the number a failed test printed.
pub struct Random(u64);

impl Random {
    pub fn seeded() -> Self {
        let seed = match std::env::var("SEED") {
            Ok(seed) => seed.parse().expect("a number"),
            Err(_) => u64::from(std::process::id()) << 20 ^ now_nanos(),
        };
        println!("SEED={seed}");
        Self(seed)
    }

    /// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

fn now_nanos() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| u64::from(now.subsec_nanos()))
}

/// Copies the files of a store as they are, shared memory apart: what a dead process leaves.
pub fn copy_files(from: &Path, to: &Path) {
    for name in [MAIN_FILE, WAL_FILE] {
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).expect("copied");
        }
    }
}

pub const MAIN_FILE: &str = "log.sqlite3";
pub const WAL_FILE: &str = "log.sqlite3-wal";
