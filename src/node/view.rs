//! The node as operators see it: actors, readiness.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crest_actors::runtime::{Post, RegionView};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use super::cluster::Cluster;
use crate::http::{ActorLine, ActorsQuery, ActorsSnapshot, ActorsView, Check, KindLine, Readiness};
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
