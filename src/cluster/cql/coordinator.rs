//! Which server is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use scylla::cluster::{ClusterState, NodeRef};
use scylla::policies::load_balancing::{FallbackPlan, LoadBalancingPolicy, RoutingInfo};
use scylla::routing::Shard;

/// The same server for as long as it answers at once, then the next. A policy that spreads asks over
/// all servers meets one that stands still again and again, and two such meetings cost a lease.
#[derive(Debug)]
pub struct Coordinator(AtomicUsize);

/// Whose turn it was when something was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn(usize);

impl Coordinator {
    /// Not all processes begin with the same server.
    pub fn any() -> Arc<Self> {
        Arc::new(Self(AtomicUsize::new(rand::random::<u16>().into())))
    }

    pub fn turn(&self) -> Turn {
        Turn(self.0.load(Ordering::Relaxed))
    }

    /// What was asked at this turn was not answered at once: the next server is asked, unless that
    /// happened already.
    pub fn pass(&self, Turn(turn): Turn) {
        let next = turn.wrapping_add(1);
        let (set, kept) = (Ordering::Relaxed, Ordering::Relaxed);
        let _ = self.0.compare_exchange(turn, next, set, kept);
    }

    /// From whose turn it is, those first that are connected.
    fn plan<'a>(&self, cluster: &'a ClusterState) -> Vec<NodeRef<'a>> {
        let mut nodes: Vec<NodeRef<'a>> = cluster.get_nodes_info().iter().collect();
        nodes.sort_unstable_by_key(|node| node.host_id);
        let first = self.turn().0 % nodes.len().max(1);
        nodes.rotate_left(first);
        nodes.sort_by_key(|node| !node.is_connected());
        nodes
    }
}

impl LoadBalancingPolicy for Coordinator {
    fn pick<'a>(
        &'a self,
        _request: &'a RoutingInfo<'_>,
        cluster: &'a ClusterState,
    ) -> Option<(NodeRef<'a>, Option<Shard>)> {
        self.plan(cluster).first().map(|node| (*node, None))
    }

    fn fallback<'a>(
        &'a self,
        _request: &'a RoutingInfo<'_>,
        cluster: &'a ClusterState,
    ) -> FallbackPlan<'a> {
        Box::new(self.plan(cluster).into_iter().map(|node| (node, None)))
    }

    fn name(&self) -> String {
        "Coordinator".to_owned()
    }
}
