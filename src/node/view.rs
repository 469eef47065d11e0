//! The node as operators see it: actors, readiness.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crest_actors::runtime::{Post, RegionView};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use super::cluster::Cluster;
use crate::cluster::{Map, Process, Standing};
use crate::http::{
    ActorLine, ActorsQuery, ActorsSnapshot, ActorsView, Check, ClusterSnapshot, ClusterStatus,
    KindLine, NodeLine, Readiness, ShardLine,
};
use crate::store::Engine;

/// Looks at every arbiter's actors.
pub struct NodeActors(pub Post);

impl ActorsView for NodeActors {
    fn actors(&self, query: ActorsQuery) -> BoxFuture<'static, ActorsSnapshot> {
        let post = self.0.clone();
        async move {
            let mut snapshot = ActorsSnapshot::default();
            for arbiter in 0..post.arbiters() {
                let (answer, answered) = oneshot::channel();
                let asked = query.clone();
                post.run_on(arbiter, move |hub| {
                    let _ = answer.send((
                        hub.views(),
                        hub.actors(&asked.tenant, asked.kind.as_deref(), asked.limit),
                    ));
                });
                let Ok((views, actors)) = answered.await else {
                    continue;
                };
                for view in views {
                    add(&mut snapshot.kinds, &view);
                }
                snapshot
                    .actors
                    .extend(actors.into_iter().map(|actor| ActorLine {
                        kind: actor.kind.to_owned(),
                        id: actor.id,
                        shard: actor.shard.0,
                        arbiter,
                        waiting: actor.waiting as u32,
                        last_seq: actor.last.0,
                        restarts: actor.restarts,
                        state: actor.phase.to_owned(),
                    }));
            }
            snapshot.actors.truncate(query.limit);
            snapshot
        }
        .boxed()
    }
}

fn add(kinds: &mut Vec<KindLine>, view: &RegionView) {
    let place = kinds
        .iter()
        .position(|line| line.kind == view.kind)
        .unwrap_or_else(|| {
            kinds.push(KindLine {
                kind: view.kind.to_owned(),
                live: 0,
                restarts: 0,
            });
            kinds.len() - 1
        });
    kinds[place].live += view.up as u64;
    kinds[place].restarts += view.restarts;
}

/// The cluster, or that there is none.
pub struct NodeCluster(pub u16, pub Option<Arc<Cluster>>);

impl ClusterStatus for NodeCluster {
    fn cluster(&self) -> ClusterSnapshot {
        let NodeCluster(node, cluster) = self;
        let Some(cluster) = cluster else {
            return ClusterSnapshot {
                node: *node,
                standing: "alone".to_owned(),
                ..ClusterSnapshot::default()
            };
        };
        let bus_connected = cluster.bus.is_connected();
        let Some(view) = cluster.view() else {
            return ClusterSnapshot {
                node: *node,
                standing: Standing::Expelled.as_str().to_owned(),
                bus_connected,
                ..ClusterSnapshot::default()
            };
        };
        let owners = |map: &Arc<Map>| map.shards().collect::<Vec<_>>();
        let shards = view.map.as_ref().map(owners).unwrap_or_default();
        let nodes = view.nodes.iter().map(|seen| {
            let process = Process {
                node: seen.node,
                incarnation: seen.incarnation,
            };
            let map = view.map.as_ref();
            NodeLine {
                node: seen.node.0,
                incarnation: format!("{:032x}", seen.incarnation.0),
                alive: seen.alive,
                own: seen.own,
                leaving: map.is_some_and(|map| map.leaving().contains(&process)),
                beat_ms: seen.beat_ms,
                shards: map.map_or(0, |map| map.shards_of(process).count() as u16),
            }
        });
        ClusterSnapshot {
            node: *node,
            standing: view.standing.as_str().to_owned(),
            lease_left_ms: view.lease_left_ms,
            renewed_ms: view.renewed_ms,
            bus_connected,
            map_version: view.map.as_ref().map(|map| map.version()),
            held: view.held,
            moves: view.moves,
            takeovers: view.takeovers,
            trouble: view.trouble.clone(),
            nodes: nodes.collect(),
            shards: (shards.into_iter())
                .map(|(shard, held)| ShardLine {
                    shard: shard.0,
                    node: held.owner.node.0,
                    epoch: held.epoch,
                })
                .collect(),
        }
    }
}

/// Whether work should be sent here.
#[derive(Clone)]
pub struct NodeReadiness {
    pub started: Arc<AtomicBool>,
    pub stopping: Arc<AtomicBool>,
    store: Arc<dyn Engine>,
    cluster: Option<Arc<Cluster>>,
}

impl NodeReadiness {
    pub fn of(store: Arc<dyn Engine>, cluster: Option<Arc<Cluster>>) -> Self {
        Self {
            started: Arc::default(),
            stopping: Arc::default(),
            store,
            cluster,
        }
    }
}

impl Readiness for NodeReadiness {
    fn checks(&self) -> Vec<Check> {
        let check = |name: &str, ready: bool, detail: &str| Check {
            name: name.to_owned(),
            ready,
            detail: if ready {
                String::new()
            } else {
                detail.to_owned()
            },
        };
        let mut checks = vec![
            check(
                "started",
                self.started.load(Ordering::Acquire),
                "the node is still starting; wait",
            ),
            check(
                "staying",
                !self.stopping.load(Ordering::Acquire),
                "the node is stopping; send work elsewhere",
            ),
            check(
                "store",
                self.store.answers(),
                "the log store does not answer; messages are refused until it does",
            ),
        ];
        if let Some(cluster) = &self.cluster {
            let leased = cluster.view().is_some_and(|view| view.lease_left_ms > 0);
            checks.push(check(
                "member",
                leased,
                "this node's lease is not renewed; the CQL server does not answer in time, or the node was held up",
            ));
            checks.push(check(
                "bus",
                cluster.bus.is_connected(),
                "NATS cannot be reached; what other nodes own cannot be served from here",
            ));
        }
        checks
    }
}
