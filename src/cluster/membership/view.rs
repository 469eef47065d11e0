//! What a node knows of its cluster, for operators.

use std::sync::Arc;

use crate::cluster::assignment::Map;
use crate::cluster::limits::{GUARD_MS, LEASE_TTL_MS};
use crate::cluster::member::Member;
use crate::cluster::process::{BootMs, Incarnation, NodeId, Process};

/// One node's view at one moment, renewed ten times a second. Others may know better.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterView {
    pub me: Process,
    /// The moment of this view, on this machine's clock: a view seconds old says that the thread
    /// stands still.
    pub at: BootMs,
    pub standing: Standing,
    /// Milliseconds until this process may not act any more unless it renews its lease; 0 if it may
    /// not now.
    pub lease_left_ms: u64,
    /// Milliseconds since the start of the newest renewal; `None` without a lease.
    pub renewed_ms: Option<u64>,
    /// By number, this node among them.
    pub nodes: Vec<NodeView>,
    /// The newest map that was read: version, shards with owner and epoch, who leaves. `None`:
    /// there is none yet.
    pub map: Option<Arc<Map>>,
    /// Shards that this process may act for.
    pub held: u16,
    /// Shards that this process gave to another by a change of the map since it started.
    pub moves: u64,
    /// Shards of dead processes that this process gave to the living since it started.
    pub takeovers: u64,
    /// What last kept an ask from being answered, until one like it is answered.
    pub trouble: Option<String>,
}

/// How this process stands to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has never had a lease: its node's row is not its own yet.
    Joining,
    /// It may act for the shards that it holds.
    Member,
    /// Its lease ended before it was renewed; it tries to go on.
    Lapsed,
    /// It gives its shards away to leave.
    Draining,
    Left,
    /// It was declared dead, and acts no more.
    Expelled,
}

impl Standing {
    pub fn as_str(self) -> &'static str {
        match self {
            Standing::Joining => "joining",
            Standing::Member => "member",
            Standing::Lapsed => "lapsed",
            Standing::Draining => "draining",
            Standing::Left => "left",
            Standing::Expelled => "expelled",
        }
    }
}

/// What was seen of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeView {
    pub node: NodeId,
    /// Of the process seen last.
    pub incarnation: Incarnation,
    /// False: declared dead, or left. A process that ended without a word is alive until then.
    pub alive: bool,
    /// Milliseconds since its beat was seen to change; about a second at most in good health.
    pub beat_ms: u64,
    pub own: bool,
}

impl ClusterView {
    /// Before anything is known.
    pub(super) fn nothing(me: Process, at: BootMs) -> Self {
        Self {
            me,
            at,
            standing: Standing::Joining,
            lease_left_ms: 0,
            renewed_ms: None,
            nodes: Vec::new(),
            map: None,
            held: 0,
            moves: 0,
            takeovers: 0,
            trouble: None,
        }
    }

    /// Takes over what the member knows.
    pub(super) fn follow(&mut self, now: BootMs, member: &Member) {
        let until = member.until();
        self.at = now;
        self.lease_left_ms = until.since(now);
        let ever = until > BootMs(0);
        self.renewed_ms = ever.then(|| now.plus(LEASE_TTL_MS - GUARD_MS).since(until));
        self.map = member.map().cloned();
        let own = NodeView {
            node: self.me.node,
            incarnation: self.me.incarnation,
            alive: self.lease_left_ms > 0,
            beat_ms: self.renewed_ms.unwrap_or(0),
            own: true,
        };
        self.nodes.clear();
        // A row of this node is another process's only while that one is in the way.
        let sights = member.seen().sights();
        let others = sights.filter(|(node, _, _)| !(own.alive && *node == own.node));
        self.nodes.extend(others.map(|(node, row, since)| NodeView {
            node,
            incarnation: row.incarnation,
            alive: row.alive,
            beat_ms: now.since(since),
            own: false,
        }));
        let after = self.nodes.partition_point(|it| it.node <= own.node);
        self.nodes.insert(after, own);
        self.standing = match self.standing {
            Standing::Left | Standing::Expelled => self.standing,
            _ if member.drains() => Standing::Draining,
            _ if own.alive => Standing::Member,
            Standing::Joining => Standing::Joining,
            _ => Standing::Lapsed,
        };
    }
}
