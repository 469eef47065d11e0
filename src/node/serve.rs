//! The life of a node, from opening its stores to the last goodbye.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::any;
use crest_actors::directory::Directory;
use crest_actors::ids::Millis;
use crest_actors::ports::Placement;
use crest_actors::runtime::{Clock, Post, World, reconfigure, start_arbiter, wake_all};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::oneshot;

use super::archive::StoreArchive;
use super::cluster::Cluster;
use super::codec::StoredFormats;
use super::knowledge::{self, KnowledgeFailure};
use super::sharded::ShardedStore;
use super::store;
use super::view::{NodeActors, NodeCluster, NodeReadiness};
use crate::answering::{Answering, Bots};
use crate::auth::{Auth, AuthError, Cost, Passwords};
use crate::cluster::MembershipFailure;
use crate::cluster::bus::BusFailure;
use crate::cluster::cql::LoneFailure;
use crate::config::Config;
use crate::desk::seed::{SeedFailure, Seeded};
use crate::desk::{self, DeskError, DeskFailure, DeskStore};
use crate::gateway::session::{Doors, OtherNodes, Sessions};
use crate::gateway::socket::{Gate, SocketLimits, serve, upgrade};
use crate::http::{HttpParts, HttpState, router};
use crate::store::cql::CqlFailure;
use crate::store::{Engine, OpenFailure};

/// Why a node did not start.
#[derive(Debug, thiserror::Error)]
pub enum NodeFailure {
    #[error("the transcript log does not open: {0}")]
    Log(#[from] OpenFailure),
    #[error(transparent)]
    Cql(#[from] CqlFailure),
    #[error("{0}")]
    Cluster(&'static str),
    #[error(transparent)]
    Bus(#[from] BusFailure),
    #[error(transparent)]
    Lone(#[from] LoneFailure),
    #[error("cannot join the cluster: {0}")]
    Membership(#[from] MembershipFailure),
    #[error("the desk does not open: {0}")]
    Desk(#[from] DeskFailure),
    #[error("the desk does not answer: {0}")]
    DeskAnswer(#[from] DeskError),
    #[error("admission does not start: {0}")]
    Auth(#[from] AuthError),
    #[error("the demo tenant cannot be installed: {0}")]
    Seed(#[from] SeedFailure),
    #[error(transparent)]
    Knowledge(#[from] KnowledgeFailure),
    #[error("cannot listen on {address}: {source}; choose another with --listen")]
    Listen {
        address: SocketAddr,
        source: std::io::Error,
    },
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}

/// What is told once the node takes work.
pub struct Started {
    pub address: SocketAddr,
    pub seeded: bool,
    /// From the call of [`run`].
    pub after: Duration,
}

/// Runs a node until `stop` resolves, then stops it as promised: accepted work answered, clients
/// told when to return. Must run inside an actix system.
pub async fn run(
    config: Arc<Config>,
    metrics: PrometheusHandle,
    started: impl FnOnce(Started),
    stop: impl Future<Output = ()>,
) -> Result<(), NodeFailure> {
    let begun = Instant::now();
    let mut stop = std::pin::pin!(stop);
    let post = Post::new(arbiters(&config));
    let cluster = Cluster::of(&config, &post)?;
    let epochs = cluster.as_ref().map(|cluster| cluster.epochs());
    let store::Opened {
        store: own,
        desk,
        folder,
    } = store::open(&config, epochs).await?;
    let store: Arc<dyn Engine> = match &cluster {
        None => own.clone(),
        Some(cluster) => Arc::new(ShardedStore {
            own: own.clone(),
            placement: cluster.placement.clone(),
            bus: cluster.bus.clone(),
        }),
    };
    let auth = Arc::new(Auth::open(desk.clone(), &config.auth, config.cluster.node).await?);
    let clock = Clock::system();
    let upkeep = tokio::task::spawn_local(keep_metrics_small(metrics.clone()));
    let seeded = seed(&config, &desk, clock.now()).await?;
    let directory = Arc::new(desk.directory().await?);

    let bots = Bots::default();
    publish_all(&desk, &bots, &directory).await?;
    let answering = Answering::start(bots.clone(), post.clone(), config.bot.threads)
        .map_err(NodeFailure::Thread)?;
    let world = World {
        node: config.cluster.node,
        placement: match &cluster {
            None => Placement::alone(),
            Some(cluster) => cluster.placement.clone(),
        },
        clock,
        store: store.clone(),
        codec: Arc::new(StoredFormats),
        bot: Arc::new(answering),
        post: post.clone(),
        entropy: rand::random,
        end_process: |kind| {
            tracing::error!(
                kind,
                "guardians give up; the process ends so that it is started afresh"
            );
            std::process::exit(70)
        },
    };
    let others = cluster
        .clone()
        .map(|cluster| cluster as Arc<dyn OtherNodes>);
    let heartbeat_ms = config.limits.ping_ms as u32;
    let doors = Doors::new(auth.clone(), desk.clone(), heartbeat_ms, others);
    let threads = start_arbiters(&world, &config, &directory, &doors);

    let line = match &cluster {
        None => None,
        Some(cluster) => {
            let line = cluster.open(own, auth.clone(), clock)?;
            tokio::task::spawn_local(cluster.clone().make_good());
            tokio::select! {
                joined = cluster.join() => joined?,
                () = stop.as_mut() => {
                    tracing::info!("stopped before it had joined the cluster");
                    return Ok(());
                }
            }
            Some(line)
        }
    };

    let readiness = NodeReadiness::of(store.clone(), cluster.clone());
    let http = router(HttpState::new(HttpParts {
        config: config.clone(),
        desk: desk.clone(),
        auth,
        archive: Arc::new(StoreArchive(store.clone())),
        actors: Arc::new(NodeActors(post.clone())),
        cluster: Arc::new(NodeCluster(config.cluster.node, cluster.clone())),
        readiness: Arc::new(readiness.clone()),
        metrics,
        article_check: Box::new(desk::knowledge::check),
        clock: Box::new(move || clock.now()),
    }));
    let address = config.server.listen;
    let listener =
        serve::listen(address).map_err(|source| NodeFailure::Listen { address, source })?;
    let address = listener
        .local_addr()
        .map_err(|source| NodeFailure::Listen { address, source })?;
    let follower = tokio::task::spawn_local(follow_desk(
        desk.clone(),
        bots,
        post.clone(),
        directory.revision,
    ));
    readiness.started.store(true, Ordering::Release);
    started(Started {
        address,
        seeded: seeded == Seeded::Installed,
        after: begun.elapsed(),
    });

    let (told_http, http_stop) = oneshot::channel::<()>();
    let serving = tokio::task::spawn_local(serve::serve(
        listener,
        http.merge(sockets(post.clone(), &config)),
        limits(&config),
        async {
            let _ = http_stop.await;
        },
    ));
    stop.await;
    tracing::info!("stopping");
    readiness.stopping.store(true, Ordering::Release);
    let begun = Instant::now();
    if let Some(cluster) = &cluster {
        cluster.leave().await;
    }
    let _ = told_http.send(());
    let grace = Duration::from_millis(config.server.drain_ms).saturating_sub(begun.elapsed());
    drain(&post, grace.max(GRACE_LEAST)).await;
    follower.abort();
    upkeep.abort();
    let _ = serving.await;
    for arbiter in threads {
        arbiter.stop();
        let _ = tokio::task::spawn_blocking(move || arbiter.join()).await;
    }
    drop(line);
    let closing = store.clone();
    let _ = tokio::task::spawn_blocking(move || closing.close()).await;
    drop(folder);
    Ok(())
}

/// What is under way is answered for so long at the least, however long the shards took to go.
const GRACE_LEAST: Duration = Duration::from_secs(2);

fn arbiters(config: &Config) -> u16 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let wanted = if config.server.arbiters == 0 {
        cores
    } else {
        config.server.arbiters
    };
    wanted.min(256) as u16
}

async fn seed(
    config: &Config,
    desk: &Arc<dyn DeskStore>,
    now: Millis,
) -> Result<Seeded, NodeFailure> {
    if !config.auth.demo {
        return Ok(Seeded::AlreadyThere);
    }
    let Some(passwords) = passwords(config) else {
        return Ok(Seeded::AlreadyThere); // `Auth::open` has refused this cost already
    };
    Ok(desk::seed::seed(&**desk, &passwords, articles(config)?, now).await?)
}

/// `None` where argon2 does not take the configured cost.
pub(super) fn passwords(config: &Config) -> Option<Passwords> {
    let cost = Cost {
        memory_kib: config.auth.hash_memory_kib,
        passes: config.auth.hash_passes,
    };
    Passwords::new(cost, config.auth.hash_parallel, config.auth.hash_waiting)
}

/// What a demonstration shop knows, in the form the desk keeps.
pub(super) fn articles(
    config: &Config,
) -> Result<Vec<(String, serde_json::Value)>, KnowledgeFailure> {
    let file = &config.bot.knowledge_file;
    let knowledge = knowledge::read((!file.is_empty()).then_some(Path::new(file)))?;
    Ok(desk::knowledge::bodies(&knowledge))
}

fn limits(config: &Config) -> SocketLimits {
    SocketLimits {
        outbox_bytes: config.limits.outbox_bytes,
        gap: Duration::from_millis(config.limits.slow_reader_ms),
        write_bytes: config.limits.write_bytes,
        frames_a_second: config.limits.frames_per_s,
        frames_burst: config.limits.frames_burst,
        ping_interval: Duration::from_millis(config.limits.ping_ms),
        connections: config.server.max_connections,
        head_timeout: Duration::from_millis(config.limits.handshake_timeout_ms),
        ..SocketLimits::default()
    }
}

/// One thread an arbiter: hub, gate, sessions, and whoever must be awake.
fn start_arbiters(
    world: &World,
    config: &Arc<Config>,
    directory: &Arc<Directory>,
    doors: &Doors,
) -> Vec<actix::Arbiter> {
    let start = |number| {
        let (world, config, directory, doors) = (
            world.clone(),
            config.clone(),
            directory.clone(),
            doors.clone(),
        );
        let arbiter = actix::Arbiter::new();
        arbiter.spawn_fn(move || {
            let hub = start_arbiter(world, number, directory);
            let gate = Gate::new(config.cluster.node, number, limits(&config));
            let sessions = Sessions::install(&hub, gate, doors);
            actix::spawn(sessions.clone().keep_checking());
            actix::spawn(sessions.keep_beating());
            wake_all(&hub);
        });
        arbiter
    };
    (0..world.post.arbiters()).map(start).collect()
}

/// `/ws`: upgrades, and deals connections out to the arbiters in turn; after `hello` each moves to
/// the arbiter of its own shard.
fn sockets(post: Post, config: &Config) -> Router {
    let turn = Arc::new(AtomicU16::new(0));
    let origins: Arc<[String]> = config.server.allowed_origins.clone().into();
    let handler = move |request: Request| {
        let (post, turn, origins) = (post.clone(), turn.clone(), origins.clone());
        async move {
            let allowed = |origin: &str| origins.iter().any(|one| one == "*" || one == origin);
            let host = host_of(&request);
            let same = move |origin: &str| {
                origin
                    .split_once("://")
                    .is_some_and(|(_, at)| Some(at) == host.as_deref())
            };
            let adopted = upgrade::upgrade(
                request,
                |origin| same(origin) || allowed(origin),
                move |transport, _| {
                    let arbiter = turn.fetch_add(1, Ordering::Relaxed) % post.arbiters();
                    post.run_on(arbiter, move |_| {
                        let adopted =
                            Sessions::here().map(|sessions| sessions.gate().adopt(transport));
                        if let Some(Err(error)) = adopted {
                            tracing::debug!(%error, "a connection was gone before it began");
                        }
                    });
                },
            );
            match adopted {
                Ok(response) => response,
                Err(refused) => refused.into_response(),
            }
        }
    };
    Router::new().route("/ws", any(handler))
}

fn host_of(request: &Request) -> Option<String> {
    request
        .headers()
        .get(axum::http::header::HOST)?
        .to_str()
        .ok()
        .map(str::to_owned)
}

/// Keeps directory and knowledge as the desk has them, within moments of a change; a desk that
/// cannot be read is asked again until it can.
async fn follow_desk(desk: Arc<dyn DeskStore>, bots: Bots, post: Post, first: u64) {
    const AGAIN: Duration = Duration::from_millis(500);
    let mut changes = desk.changes();
    let mut served = first;
    while changes.changed().await.is_ok() {
        changes.mark_unchanged();
        while let Err(error) = follow_once(&desk, &bots, &post, &mut served).await {
            tracing::error!(%error, "the desk changed and cannot be read; what was served before stays for now");
            tokio::time::sleep(AGAIN).await;
        }
    }
}

/// Folds what histograms have gathered: until then each sample takes memory, whether or not anybody
/// ever reads the metrics.
async fn keep_metrics_small(metrics: PrometheusHandle) {
    const UPKEEP: Duration = Duration::from_secs(5);
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        ticks.tick().await;
        metrics.run_upkeep();
    }
}

/// `served` is the revision that the arbiters know.
async fn follow_once(
    desk: &Arc<dyn DeskStore>,
    bots: &Bots,
    post: &Post,
    served: &mut u64,
) -> Result<(), DeskError> {
    let directory = Arc::new(desk.directory().await?);
    if *served != directory.revision {
        *served = directory.revision;
        for arbiter in 0..post.arbiters() {
            let directory = directory.clone();
            post.run_on(arbiter, move |hub| reconfigure(hub, directory));
        }
    }
    publish_all(desk, bots, &directory).await
}

/// Serves every tenant's knowledge; one whose articles cannot be served keeps what it had.
async fn publish_all(
    desk: &Arc<dyn DeskStore>,
    bots: &Bots,
    directory: &Directory,
) -> Result<(), DeskError> {
    for tenant in directory.tenants.keys() {
        match knowledge::publish(desk, bots, tenant).await {
            Ok(()) => {}
            Err(KnowledgeFailure::Desk(error)) => return Err(error),
            Err(error) => {
                tracing::error!(%tenant, %error, "knowledge not served; what was served before stays")
            }
        }
    }
    Ok(())
}

/// Every arbiter answers what it accepted and says goodbye; clients return spread over some seconds.
async fn drain(post: &Post, grace: Duration) {
    const GOODBYE: Duration = Duration::from_secs(3);
    let mut ended = Vec::new();
    for arbiter in 0..post.arbiters() {
        let (done, drained) = oneshot::channel();
        post.run_on(arbiter, move |_| {
            let Some(sessions) = Sessions::here() else {
                return;
            };
            actix::spawn(async move {
                sessions.clone().drain(grace).await;
                let goodbye = tokio::time::Instant::now() + GOODBYE;
                while sessions.gate().connections() > 0 && tokio::time::Instant::now() < goodbye {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                let _ = done.send(());
            });
        });
        ended.push(drained);
    }
    for drained in ended {
        let _ = drained.await;
    }
}
