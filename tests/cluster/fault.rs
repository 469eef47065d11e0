//! Harm done to a cluster. Each waits for what is promised of it and leaves everything running.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use crest_loadtest::client::{Customer, Setting, What};
use crest_loadtest::rig::{Cluster, Harm};
use rustix::process::Signal;
use tokio::time::{sleep, timeout};

/// TTL of a lease (src/cluster/limits.rs).
const LEASE: Duration = Duration::from_secs(3);
/// A node whose lease ended while it was suspended closes its clients within this of waking.
const STALE: Duration = Duration::from_secs(1);
/// Something is heard of a stale node's client at all.
const HEARD: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// kill -9 of one node, which is started again once the others serve its shards.
    Kill,
    /// SIGSTOP of one node for twice the lease, then SIGCONT.
    Suspend,
    /// SIGTERM of each node in turn, each started again before the next.
    RollingDrain,
    /// NATS killed, and started again after five seconds.
    BusDies,
    /// A third of what every node is told over the bus is dropped, doubled or overtaken.
    BusBends,
    /// The store stands still for less than a lease.
    StoreStops,
    /// The store stands still for more than twice the lease.
    StoreStopsLong,
    /// One node is cut off from the bus.
    OffBus,
    /// Two nodes hear nothing of each other; both have bus and store.
    Apart,
    /// What one node sends to the store is lost, for more than twice the lease.
    OffStore,
    /// One node's wall clock jumps an hour ahead, and back.
    ClockJump,
}

pub const SHORT: [Fault; 3] = [Fault::Kill, Fault::Suspend, Fault::RollingDrain];

/// Needs shims.
pub const LONG: [Fault; 11] = [
    Fault::Kill,
    Fault::Suspend,
    Fault::RollingDrain,
    Fault::BusDies,
    Fault::BusBends,
    Fault::StoreStops,
    Fault::StoreStopsLong,
    Fault::OffBus,
    Fault::Apart,
    Fault::OffStore,
    Fault::ClockJump,
];

impl Fault {
    /// Whether clients that do as they are told notice nothing at all.
    pub fn is_planned(self) -> bool {
        self == Self::RollingDrain
    }

    /// From the last words until viewers have seen everything. What the bus lost last is asked for
    /// once the loss is noticed, at the latest on a session's beat (20 s).
    pub fn healed_within(self) -> Duration {
        match self {
            Self::BusDies | Self::BusBends | Self::OffBus | Self::Apart => Duration::from_secs(23),
            _ => Duration::from_secs(2),
        }
    }

    /// Does the harm to this node, where it is done to one. Returns words for the report.
    pub async fn strike(self, cluster: &mut Cluster, victim: usize) -> anyhow::Result<String> {
        match self {
            Self::Kill => kill(cluster, victim).await,
            Self::Suspend => suspend(cluster, victim).await,
            Self::RollingDrain => rolling_drain(cluster).await,
            Self::BusDies => {
                cluster.bus.kill().await?;
                sleep(Duration::from_secs(5)).await;
                cluster.bus.launch().await?;
                Ok("NATS was away for 5 s".to_owned())
            }
            Self::BusBends => bus_bends(cluster).await,
            Self::StoreStops => store_stops(cluster, Duration::from_millis(1_500)).await,
            Self::StoreStopsLong => store_stops(cluster, 2 * LEASE).await,
            Self::OffBus => {
                let cut = |cut| Harm {
                    cut,
                    ..Harm::default()
                };
                cluster.shims[victim].does(cut(true));
                sleep(Duration::from_secs(10)).await;
                cluster.shims[victim].does(cut(false));
                sleep(Duration::from_secs(3)).await;
                Ok(format!("node {} off the bus for 10 s", victim + 1))
            }
            Self::Apart => apart(cluster, victim).await,
            Self::OffStore => {
                let partition = cluster.cut_off_from_store(victim)?;
                sleep(3 * LEASE).await;
                drop(partition);
                let whole = cluster.shared().await?;
                Ok(format!(
                    "node {} off the store for {:?}; its share again after {whole:.1?}",
                    victim + 1,
                    3 * LEASE
                ))
            }
            Self::ClockJump => {
                cluster.clocks[victim].off_by_s(3_600)?;
                sleep(Duration::from_secs(6)).await;
                cluster.clocks[victim].off_by_s(0)?;
                sleep(Duration::from_secs(4)).await;
                Ok(format!(
                    "the wall clock of node {} an hour ahead for 6 s",
                    victim + 1
                ))
            }
        }
    }
}

async fn bus_bends(cluster: &Cluster) -> anyhow::Result<String> {
    let bent = || cluster.shims.iter().map(|shim| shim.bent()).sum::<u64>();
    let before = bent();
    for shim in &cluster.shims {
        shim.does(Harm {
            bent: 1.0 / 3.0,
            ..Harm::default()
        });
    }
    sleep(Duration::from_secs(15)).await;
    for shim in &cluster.shims {
        shim.does(Harm::default());
    }
    let bent = bent() - before;
    ensure!(bent > 100, "only {bent} frames were bent");
    Ok(format!(
        "{bent} frames dropped, doubled or overtaken in 15 s"
    ))
}

async fn store_stops(cluster: &Cluster, lasting: Duration) -> anyhow::Result<String> {
    cluster.store.pause()?;
    sleep(lasting).await;
    cluster.store.resume()?;
    let whole = cluster.shared().await?;
    Ok(format!(
        "the store stood still for {lasting:?}; every node has its share after {whole:.1?}"
    ))
}

async fn apart(cluster: &Cluster, victim: usize) -> anyhow::Result<String> {
    let other = (victim + 1) % cluster.nodes.len();
    let deaf_to = |node: usize| Harm {
        swallowed: [".node.", ".call."]
            .map(|kind| format!("{kind}{} ", node + 1))
            .to_vec(),
        ..Harm::default()
    };
    cluster.shims[victim].does(deaf_to(other));
    cluster.shims[other].does(deaf_to(victim));
    sleep(Duration::from_secs(10)).await;
    cluster.shims[victim].does(Harm::default());
    cluster.shims[other].does(Harm::default());
    sleep(Duration::from_secs(3)).await;
    let swallowed = cluster.shims[victim].bent() + cluster.shims[other].bent();
    ensure!(swallowed > 0, "nothing was swallowed");
    Ok(format!(
        "nodes {} and {} heard nothing of each other for 10 s",
        victim + 1,
        other + 1
    ))
}

async fn kill(cluster: &mut Cluster, victim: usize) -> anyhow::Result<String> {
    cluster.nodes[victim].kill().await?;
    let moved = cluster.shared().await?;
    sleep(Duration::from_secs(2)).await;
    let back = bring_back(cluster, victim).await?;
    Ok(format!(
        "node {} killed; its shards evenly at the others after {moved:.1?}; back with its share after {back:.1?}",
        victim + 1
    ))
}

async fn bring_back(cluster: &mut Cluster, node: usize) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    cluster.nodes[node].launch(None)?;
    cluster.nodes[node].ready(Duration::from_secs(60)).await?;
    cluster.shared().await?;
    Ok(begun.elapsed())
}

async fn suspend(cluster: &mut Cluster, victim: usize) -> anyhow::Result<String> {
    let node = &cluster.nodes[victim];
    let only_there = Setting::new(node.server.clone(), "demo");
    let mut onlooker = Customer::connect(&only_there, "onlooker").await?;
    onlooker.say("在吗").await?;
    node.signal(Signal::STOP)?;
    sleep(2 * LEASE).await;
    node.signal(Signal::CONT)?;
    let woke = Instant::now();
    let closed = timeout(HEARD, closed_at(&mut onlooker)).await;
    let closed = closed.context("the stale node keeps its clients")??;
    let took = closed.saturating_duration_since(woke);
    ensure!(
        took <= STALE,
        "the stale node closed its clients after {took:?}"
    );
    onlooker.leave_the_line().await;
    let back = cluster.shared().await?;
    Ok(format!(
        "node {} suspended for {:?}; its clients closed {took:.3?} after waking; it has its share again after {back:.1?}",
        victim + 1,
        2 * LEASE
    ))
}

async fn closed_at(customer: &mut Customer) -> anyhow::Result<Instant> {
    while let Some(incoming) = customer.next().await {
        if let What::Lost(_) | What::Over(_) = incoming.what {
            return Ok(incoming.at);
        }
    }
    anyhow::bail!("the onlooker is over")
}

async fn rolling_drain(cluster: &mut Cluster) -> anyhow::Result<String> {
    let mut took = Vec::new();
    for node in 0..cluster.nodes.len() {
        let begun = Instant::now();
        cluster.nodes[node].end().await?;
        let ended = begun.elapsed();
        let back = bring_back(cluster, node).await?;
        took.push(format!("{ended:.1?} + {back:.1?}"));
    }
    Ok(format!(
        "each node ended and was back with its share: {}",
        took.join(", ")
    ))
}
