//! What the cluster costs, each beside what it cannot be quicker than:
//! `cargo run --release --example cluster_rates`.
//!
//! Durable events through the CQL log engine beside a bare insert loop of the driver on the same
//! server; a hop over the bus beside NATS request/reply and raw TCP; how long the logs of 10,000 open
//! conversations take to be another owner's. The rows that are compared are measured in turn, round after
//! round, and of each the median counts: only the ratios mean something on another machine.
//!
//! Starts Apache Cassandra (`ops/dev/cassandra`) and `nats-server` and ends them; `--cql HOST:PORT` and
//! `--nats URL` name running ones. Both are on this machine and share its cores with what is measured.

mod durable;
mod hop;
mod servers;
mod takeover;

use std::time::Duration;

use clap::Parser;

#[derive(Parser)]
struct Arguments {
    /// A CQL server that runs; its keyspaces `crest_rates…` are made and dropped
    #[arg(long)]
    cql: Option<String>,
    /// A NATS server that runs
    #[arg(long)]
    nats: Option<String>,
    /// Rounds of each comparison
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each row of durable events
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Round trips of each row of hops
    #[arg(long, default_value_t = 5_000)]
    trips: usize,
    /// Open conversations that are taken over
    #[arg(long, default_value_t = 10_000)]
    conversations: u64,
}

fn main() -> anyhow::Result<()> {
    let asked = Arguments::parse();
    let cql = servers::Cql::start(asked.cql)?;
    let nats = servers::Nats::start(asked.nats)?;
    println!("| what | measured | beside | ratio |");
    println!("| --- | --- | --- | --- |");
    let lasts = Duration::from_secs(asked.seconds);
    durable::compare(&cql.address, asked.rounds, lasts)?;
    hop::compare(&nats.url, asked.rounds, asked.trips)?;
    takeover::measure(&cql.address, asked.conversations)
}

/// The middle one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
