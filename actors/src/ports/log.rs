//! The log port: the one place durable truth goes through. Transcripts, ledgers and pointers are logs of it.

use crate::conversation::Summary;
use crate::ids::{AgentKey, ConversationKey, CustomerKey, Seq, Shard, Token};

/// Which log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LogId {
    /// The transcript of a conversation.
    Conversation(ConversationKey),
    /// An agent's ledger of reservations.
    Ledger(AgentKey),
    /// A customer's pointers to open conversations.
    Pointer(CustomerKey),
}

impl LogId {
    /// The shard of its owner.
    pub fn shard(&self) -> Shard {
        match self {
            LogId::Conversation(key) => key.id.shard(),
            LogId::Ledger(key) => key.shard(),
            LogId::Pointer(key) => key.shard(),
        }
    }
}

/// One event as bytes. The store neither reads nor changes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub body: Vec<u8>,
    /// This record alone replaces all before it: an activation starts reading here.
    pub base: bool,
}

/// A record with its place in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub seq: Seq,
    pub record: Record,
}

/// The log as the new owner found it.
#[derive(Clone, Debug, Default)]
pub struct Activation {
    /// Newer than every token given for this log before; all older ones are fenced from now on.
    pub token: Token,
    /// Every record from the newest base on (from 1 where there is none), dense and in order.
    pub records: Vec<Stored>,
}

/// Records for one log, to be stored whole or not at all.
#[derive(Clone, Debug)]
pub struct Append {
    pub log: LogId,
    pub token: Token,
    /// Seq of the first record: the log's last + 1, counting appends still in flight.
    pub first: Seq,
    pub records: Vec<Record>,
    /// The conversation's index row after these records, where they change it.
    pub summary: Option<Summary>,
}

/// What became of a submitted batch.
pub type BatchOutcome = Result<Vec<LogId>, StoreFailure>;

/// Called once, on a thread of the store's; it must not block.
pub type Done<T> = Box<dyn FnOnce(T) + Send>;

/// The store is broken or not to be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreFailure {
    /// It is not known to be stored; trying later may work (disk full, server away). The embedded
    /// engine has stored nothing; where a server was asked, only activating the log anew tells.
    Unavailable(String),
    /// The store refuses to serve this log: its bytes are not what was written. File and offset named.
    Corrupt(String),
}

impl StoreFailure {
    /// When trying again makes sense.
    pub fn retry_after_ms(&self) -> u64 {
        match self {
            StoreFailure::Unavailable(_) => 500,
            StoreFailure::Corrupt(_) => 60_000,
        }
    }
}

impl std::fmt::Display for StoreFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StoreFailure::Unavailable(why) => write!(f, "store unavailable: {why}"),
            StoreFailure::Corrupt(what) => write!(f, "log corrupt: {what}"),
        }
    }
}

impl std::error::Error for StoreFailure {}

/// Durable logs with one writer each.
///
/// Promises: an append is reported only once synced; records of one log become durable in seq
/// order, without holes; `activate` fences every older token before it answers; batches of one
/// submitting thread complete in the order submitted.
pub trait LogStore: Send + Sync + 'static {
    /// Takes ownership of a log and reads it.
    fn activate(&self, log: LogId, done: Done<Result<Activation, StoreFailure>>);

    /// Stores a batch. `Ok` lists the logs whose appends were refused because a newer activation
    /// exists or the seq does not continue the log, or were given up; every other append is durable.
    /// `Err`: nothing of the batch is known to be stored. Either way whoever owns such a log
    /// activates it anew. Blocks the caller only while the bounded intake is full.
    fn submit(&self, batch: Vec<Append>, done: Done<BatchOutcome>);

    /// Durable records with seq > `after`, at most `limit`, in order.
    fn read(
        &self,
        log: LogId,
        after: Seq,
        limit: usize,
        done: Done<Result<Vec<Stored>, StoreFailure>>,
    );

    /// Every conversation of the shards whose summary says it must be awake.
    fn awake(&self, shards: Vec<Shard>, done: Done<Result<Vec<ConversationKey>, StoreFailure>>);
}
