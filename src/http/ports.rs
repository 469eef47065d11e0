//! What the node shows over HTTP, as traits that whoever holds it implements.

use crest_actors::conversation::{Entry, Event, PhaseKind, Summary};
use crest_actors::ids::{
    AgentId, ConversationId, ConversationKey, CustomerId, GroupId, Millis, Seq, TenantId,
};
use futures_util::future::BoxFuture;
use serde::Serialize;
use utoipa::ToSchema;

/// What was said, for reading.
///
/// Promises: only conversations of the tenant asked for; a read after an acknowledgement includes
/// the event.
pub trait Archive: Send + Sync + 'static {
    /// Newest birth first; a conversation that changes while pages are turned keeps its place.
    fn list(
        &self,
        query: ConversationQuery,
    ) -> BoxFuture<'static, Result<ConversationPage, ArchiveFailure>>;

    /// Events with seq > `after`, in order, at most `limit`. `None`: no such conversation.
    fn transcript(
        &self,
        conversation: ConversationKey,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'static, Result<Option<TranscriptPart>, ArchiveFailure>>;
}

/// Which conversations; every filter given must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationQuery {
    pub tenant: TenantId,
    pub phase: Option<PhaseKind>,
    /// Who holds or last held it.
    pub agent: Option<AgentId>,
    pub customer: Option<CustomerId>,
    pub group: Option<GroupId>,
    /// Born at this time or later.
    pub from: Option<Millis>,
    /// Born before this time.
    pub to: Option<Millis>,
    /// Only what this member of staff may see; `None`: all.
    pub visible_to: Option<Visibility>,
    /// `next` of the page before.
    pub cursor: Option<ConversationId>,
    /// 1 to [`super::limits::PAGE_MAX`].
    pub limit: usize,
}

/// Some of the conversations asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConversationPage {
    /// At most the limit; may be fewer, or none, before the end.
    pub conversations: Vec<Summary>,
    /// Where to go on; `None` only at the end.
    pub next: Option<ConversationId>,
}

/// An agent sees what it held last, and what belongs to its groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visibility {
    pub agent: AgentId,
    pub groups: Vec<GroupId>,
}

impl Visibility {
    pub fn includes(&self, summary: &Summary) -> bool {
        summary.agent.as_ref() == Some(&self.agent) || self.groups.contains(&summary.group)
    }
}

/// Part of a transcript, with the conversation as it stands.
#[derive(Clone, Debug)]
pub struct TranscriptPart {
    pub summary: Summary,
    pub entries: Vec<Entry<Event>>,
}

/// The archive cannot answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveFailure {
    #[error("the archive cannot be read now: {0}")]
    Unavailable(String),
    #[error("the archive's bytes are not what was written: {0}")]
    Corrupt(String),
}

/// The actors of this node, for looking at.
pub trait ActorsView: Send + Sync + 'static {
    fn actors(&self, query: ActorsQuery) -> BoxFuture<'static, ActorsSnapshot>;
}

/// Which actors. Only those of the tenant are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActorsQuery {
    pub tenant: TenantId,
    /// `customer`, `conversation`, `agent`, `queue`, `skill_group` or `board`; `None`: all.
    pub kind: Option<String>,
    /// At most [`super::limits::PAGE_MAX`].
    pub limit: usize,
}

/// What lives on this node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ActorsSnapshot {
    pub kinds: Vec<KindLine>,
    pub actors: Vec<ActorLine>,
}

/// All actors of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct KindLine {
    pub kind: String,
    pub live: u64,
    /// Since the node started.
    pub restarts: u64,
}

/// One actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ActorLine {
    pub kind: String,
    /// Its name within the tenant.
    pub id: String,
    pub shard: u8,
    pub arbiter: u16,
    /// Notes waiting in its lane.
    pub waiting: u32,
    /// Seq of its newest event.
    pub last_seq: u64,
    pub restarts: u32,
    /// Its state in a few words.
    pub state: String,
}

/// The cluster as this node knows it; others may know better.
pub trait ClusterStatus: Send + Sync + 'static {
    /// Never waits.
    fn cluster(&self) -> ClusterSnapshot;
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ClusterSnapshot {
    /// This node's number.
    pub node: u16,
    /// `alone`; or `joining`, `member`, `lapsed` (serves nothing until its lease is renewed),
    /// `draining`, `left`, `expelled`.
    pub standing: String,
    /// Until this node may not act any more unless it renews its lease; 0 if it may not now.
    pub lease_left_ms: u64,
    /// Since the start of its newest renewal.
    pub renewed_ms: Option<u64>,
    pub bus_connected: bool,
    /// Of the newest map that this node has read.
    pub map_version: Option<u64>,
    /// Shards that this node may act for now.
    pub held: u16,
    /// Shards that this process gave to another node since it started, and shards of dead processes
    /// that it gave to the living.
    pub moves: u64,
    pub takeovers: u64,
    /// What last kept the lease keyspace from answering.
    pub trouble: Option<String>,
    pub nodes: Vec<NodeLine>,
    pub shards: Vec<ShardLine>,
}

/// One node as it was seen last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct NodeLine {
    pub node: u16,
    /// Names one life of its process.
    pub incarnation: String,
    /// False: declared dead, or left.
    pub alive: bool,
    /// This node itself.
    pub own: bool,
    /// It gives its shards away.
    pub leaving: bool,
    /// Since its beat was seen to change; about a second at most in good health.
    pub beat_ms: u64,
    /// How many it owns by the map.
    pub shards: u16,
}

/// Who owns a shard, and since which epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ShardLine {
    pub shard: u8,
    pub node: u16,
    pub epoch: u64,
}

/// Can the node take work?
pub trait Readiness: Send + Sync + 'static {
    /// Quick and without waiting: it is asked every few seconds.
    fn checks(&self) -> Vec<Check>;
}

/// One thing that must hold before work is sent here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Check {
    pub name: String,
    pub ready: bool,
    /// Why not, and what to do.
    pub detail: String,
}
