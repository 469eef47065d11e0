//! Nodes with their store and their bus.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::time::{Instant, sleep};

use super::faketime::Faketime;
use super::partition::Partition;
use super::{Bus, Shim, Store};
use crate::client::{Server, Servers, get};
use crate::drive::Process;

/// First start, the knowledge's index included, on a busy machine.
const START: Duration = Duration::from_secs(90);
/// From the last node's start until each has its share of the shards.
const SHARED: Duration = Duration::from_secs(60);
/// As many as a cluster has (ARCHITECTURE.md).
const SHARDS: u64 = 256;

/// Of the first node; the kernel tells nodes apart by it, where they are to be cut off.
const GROUP: u32 = 54_321;

/// What to start.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The crest binary.
    pub binary: PathBuf,
    /// ops/dev/cassandra/cassandra.
    pub cassandra: PathBuf,
    pub nodes: u16,
    /// 1 or 3.
    pub stores: u8,
    /// Of every node, beside what makes them a cluster.
    pub environment: Vec<(String, String)>,
    /// A shim before NATS for each node, with this seed.
    pub shims: Option<u64>,
    /// Each node in a group of its own, so that it can be cut off from the store; needs root.
    pub groups: bool,
    /// Each node under libfaketime, so that its wall clock can jump.
    pub clocks: bool,
}

/// Everything ends and is removed with the value. A field's order is that of its end.
pub struct Cluster {
    pub nodes: Vec<Process>,
    /// One a node, where the plan says so.
    pub shims: Vec<Shim>,
    pub clocks: Vec<Faketime>,
    pub bus: Bus,
    pub store: Store,
    directory: Directory,
}

impl Cluster {
    /// Returns once every node is ready and has its share of the shards.
    pub async fn start(plan: &Plan) -> anyhow::Result<Self> {
        let directory = Directory::fresh()?;
        let store = directory.path.join("cassandra");
        let store = Store::start(&plan.cassandra, plan.stores, &store)?;
        let mut cluster = Self {
            nodes: Vec::new(),
            shims: Vec::new(),
            clocks: Vec::new(),
            bus: Bus::start().await?,
            store,
            directory,
        };
        for number in 1..=plan.nodes {
            cluster.prepare(plan, number).await?;
        }
        let [first, ..] = &cluster.nodes[..] else {
            bail!("a cluster has a node at least");
        };
        first.command_to_end(&["migrate", "--store", "cql"]).await?;
        for node in &mut cluster.nodes {
            node.launch(None)?;
            node.ready(START).await?;
        }
        cluster.shared().await?;
        Ok(cluster)
    }

    async fn prepare(&mut self, plan: &Plan, number: u16) -> anyhow::Result<()> {
        let folder = self.directory.path.join(format!("node-{number}"));
        let mut bus = self.bus.url();
        if let Some(seed) = plan.shims {
            let shim = Shim::before(self.bus.port(), seed ^ u64::from(number) << 32).await?;
            bus = shim.url();
            self.shims.push(shim);
        }
        let own = [
            ("CREST__STORE__ENGINE", "cql".to_owned()),
            ("CREST__STORE__CQL_NODES", self.store.nodes().join(",")),
            ("CREST__STORE__CQL_REPLICATION", plan.stores.to_string()),
            ("CREST__CLUSTER__NATS_URL", bus),
            ("CREST__CLUSTER__NODE", number.to_string()),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        let mut environment: Vec<_> = plan.environment.iter().cloned().chain(own).collect();
        if plan.clocks {
            let clock = Faketime::at(self.directory.path.join(format!("clock-{number}")))?;
            environment.extend(clock.environment());
            self.clocks.push(clock);
        }
        let mut node = Process::on(&plan.binary, folder, environment)?;
        if plan.groups {
            node.group = Some(group_of(number));
        }
        self.nodes.push(node);
        Ok(())
    }

    /// Whatever this node (from 0) sends to the store is lost until the value ends.
    pub fn cut_off_from_store(&self, node: usize) -> anyhow::Result<Partition> {
        let port = self.store.nodes()[0].rsplit_once(':').map(|it| it.1);
        let port = port.context("a port")?.parse()?;
        Partition::begin(group_of(node as u16 + 1), port)
    }

    pub fn servers(&self) -> anyhow::Result<Servers> {
        Servers::of(self.nodes.iter().map(|node| node.server.clone()).collect())
    }

    /// Waits until those nodes that run have all shards, evenly.
    pub async fn shared(&self) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        loop {
            let held = self.held().await;
            let most = held.iter().max().copied().unwrap_or(0);
            let least = held.iter().min().copied().unwrap_or(0);
            if held.iter().sum::<u64>() == SHARDS && most - least <= 1 {
                return Ok(begun.elapsed());
            }
            if begun.elapsed() > SHARED {
                bail!("after {SHARED:?} the nodes hold {held:?} of {SHARDS} shards");
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Shards that each running node says it holds.
    pub async fn held(&self) -> Vec<u64> {
        let mut held = Vec::new();
        for node in self.nodes.iter().filter(|node| node.pid().is_some()) {
            held.push(shards_of(&node.server).await.unwrap_or(0));
        }
        held
    }

    /// Keeps data and logs, for whoever looks for what went wrong; says where.
    pub fn keep(&mut self) -> PathBuf {
        self.directory.kept = true;
        self.directory.path.clone()
    }
}

fn group_of(number: u16) -> u32 {
    GROUP + u32::from(number)
}

async fn shards_of(server: &Server) -> anyhow::Result<u64> {
    let metrics = get(server, "/metrics", None).await?;
    let text = metrics.body.as_str().context("metrics are text")?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("crest_cluster_shards_held "))
        .context("a node of a cluster tells how many shards it holds")?;
    Ok(line.trim().parse::<f64>()? as u64)
}

/// Removed with its value, unless it is to be kept.
struct Directory {
    path: PathBuf,
    kept: bool,
}

impl Directory {
    fn fresh() -> anyhow::Result<Self> {
        let name = format!("crest-rig-{:016x}", rand::random::<u64>());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path)?;
        Ok(Self { path, kept: false })
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if !self.kept {
            // Nobody can be told any more; the system clears its temporary files some day.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
