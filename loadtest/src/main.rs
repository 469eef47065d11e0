//! `crest-loadtest`: rehearse a peak, or kill a server until it loses something.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use crest_loadtest::client::{Server, Servers};
use crest_loadtest::drive::{self, Kill, Process, Target};
use crest_loadtest::report;
use crest_loadtest::rig::{Cluster, Plan};
use crest_loadtest::scenario::{Failover, Login, Scenario};

#[derive(Parser)]
#[command(version, about = "Load harness and history checker of Crest")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a scenario. Exits 1 on any anomaly or failure, 3 where its own figures are to be doubted, 4
    /// where the scenario's objective is missed.
    Run(RunArgs),
    /// Watch a live tenant and write down the shape of its traffic, without a word of text.
    Record(RecordArgs),
    /// Kill a server again and again under load. Exits 1 if anything acknowledged is lost, doubled or
    /// out of order, or the server is not ready again within 3 s.
    Kill(KillArgs),
    /// Kill one node of a cluster under load and tell how long conversations accepted nothing. Exits as
    /// `run` does.
    Failover(FailoverArgs),
    /// Measure the server's memory of an idle connection with its conversation.
    Idle(IdleArgs),
    /// Play the customers of a run's share; started by `run`.
    #[command(hide = true)]
    Worker,
}

#[derive(Args)]
struct IdleArgs {
    /// The crest binary.
    #[arg(long)]
    spawn: PathBuf,
    /// At most 19,000: a process has 20,000 file descriptors.
    #[arg(long, default_value_t = 15_000, value_parser = clap::value_parser!(u32).range(1..=19_000))]
    connections: u32,
    /// No progress bar.
    #[arg(long)]
    quiet: bool,
}

#[derive(Args)]
struct RunArgs {
    /// Scenario file, such as loadtest/scenarios/shape.toml.
    scenario: PathBuf,
    /// Servers that run already, the nodes of one installation: several times, or with commas between.
    #[arg(
        long,
        default_value = "http://127.0.0.1:8080",
        value_delimiter = ',',
        conflicts_with = "spawn"
    )]
    url: Vec<String>,
    /// A crest binary to start on temporary data, and to stop afterwards.
    #[arg(long)]
    spawn: Option<PathBuf>,
    /// Starts so many nodes of that binary as a cluster, with Cassandra and NATS.
    #[arg(long, requires = "spawn")]
    cluster: Option<u16>,
    #[command(flatten)]
    beside: Beside,
    /// The process of the server at `url`, whose processors and memory are then shown too.
    #[arg(long, requires = "url")]
    server_pid: Option<u32>,
    /// Instead of the scenario's seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Multiplies every rate of arrivals, on top of the scenario's own factor.
    #[arg(long, default_value_t = 1.0)]
    times: f64,
    /// Where report.html, result.json, histograms and plots are written; the folder is made if missing.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Only correctness counts: doubtful figures are told and do not fail the run.
    #[arg(long)]
    correctness: bool,
    /// No progress bar.
    #[arg(long)]
    quiet: bool,
}

/// What a cluster needs beside its nodes.
#[derive(Args)]
struct Beside {
    /// Nodes of Cassandra, 1 or 3.
    #[arg(long, default_value_t = 1)]
    stores: u8,
    /// The script that starts Cassandra.
    #[arg(long, default_value = "ops/dev/cassandra/cassandra")]
    cassandra: PathBuf,
}

#[derive(Args)]
struct RecordArgs {
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    #[arg(long, default_value = "demo")]
    tenant: String,
    /// A supervisor of the tenant.
    #[arg(long)]
    login: String,
    #[arg(long, env = "CREST_PASSWORD")]
    password: String,
    /// How long, in seconds.
    #[arg(long, default_value_t = 3_600)]
    for_s: u64,
    /// Width of a slice, in seconds.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    slice_s: u64,
    /// The file to write; a scenario names it as `arrivals.recorded`.
    #[arg(long)]
    out: PathBuf,
    /// No progress bar.
    #[arg(long)]
    quiet: bool,
}

#[derive(Args)]
struct FailoverArgs {
    /// Scenario file, such as loadtest/scenarios/failover.toml.
    scenario: PathBuf,
    /// The crest binary.
    #[arg(long)]
    spawn: PathBuf,
    /// Nodes of the cluster.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(2..=9))]
    cluster: u16,
    #[command(flatten)]
    beside: Beside,
    /// Instead of the scenario's; each then speaks so much more seldom that as much is said altogether.
    #[arg(long)]
    conversations: Option<u32>,
    /// Instead of the scenario's seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Where result.json, summary.txt and the plots are written; the folder is made if missing.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Only correctness counts: doubtful figures are told and do not fail the run.
    #[arg(long)]
    correctness: bool,
}

#[derive(Args)]
struct KillArgs {
    /// The crest binary.
    #[arg(long)]
    spawn: PathBuf,
    #[arg(long, default_value_t = 50)]
    rounds: u32,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Die at named points in turn: before_write, after_write, after_sync, after_ack, during_fan_out.
    #[arg(long)]
    points: bool,
    #[arg(long, default_value_t = 16)]
    customers: u32,
    /// From start to ready, in milliseconds; unoptimised binaries on a busy machine need more.
    #[arg(long, default_value_t = 3_000)]
    ready_within_ms: u64,
    #[arg(long)]
    out: Option<PathBuf>,
    /// No progress bar.
    #[arg(long)]
    quiet: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let command = Cli::parse().command;
    drive::allow_sockets();
    let runtime = tokio::runtime::Runtime::new()?;
    match command {
        Command::Run(args) => runtime.block_on(run(args)),
        Command::Record(args) => runtime.block_on(record(args)),
        Command::Worker => {
            runtime.block_on(drive::work())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Kill(args) => runtime.block_on(kill(args)),
        Command::Failover(args) => runtime.block_on(failover(args)),
        Command::Idle(args) => runtime.block_on(idle(args)),
    }
}

async fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    let scenario = read(&args)?;
    let mut spawned = Spawned::start(&args, &scenario).await?;
    let target = Target {
        servers: match &spawned {
            Spawned::Nothing => Servers::at(&args.url)?,
            Spawned::One(process) => process.server.clone().into(),
            Spawned::Cluster(cluster) => cluster.servers()?,
        },
        pid: match &spawned {
            Spawned::One(process) => process.pid(),
            Spawned::Nothing | Spawned::Cluster(_) => args.server_pid,
        },
        worker: std::env::current_exe().ok(),
        quiet: args.quiet,
    };
    let mut outcome = drive::run(&scenario, &target).await?;
    if spawned.renew().await? {
        drive::reread(&mut outcome, &target.servers).await?;
    }
    print!("{}", report::summary(&outcome));
    if let Some(directory) = &args.out {
        report::write_run(directory, &outcome)?;
        println!("report: {}", directory.join("report.html").display());
    }
    spawned.stop().await?;
    Ok(outcome.exit_code(!args.correctness).into())
}

/// What the run started itself.
enum Spawned {
    Nothing,
    One(Box<Process>),
    Cluster(Box<Cluster>),
}

impl Spawned {
    async fn start(args: &RunArgs, scenario: &Scenario) -> anyhow::Result<Self> {
        match (&args.spawn, args.cluster) {
            (None, _) => Ok(Self::Nothing),
            (Some(binary), None) => {
                let process = Process::start(binary, scenario.tenants.count).await?;
                Ok(Self::One(Box::new(process)))
            }
            (Some(binary), Some(nodes)) => {
                let plan = plan(binary, nodes, &args.beside);
                Ok(Self::Cluster(Box::new(Cluster::start(&plan).await?)))
            }
        }
    }

    /// Stops and starts again, one after another; whether there was anything.
    async fn renew(&mut self) -> anyhow::Result<bool> {
        match self {
            Self::Nothing => return Ok(false),
            Self::One(process) => process.restart().await?,
            Self::Cluster(cluster) => {
                for node in &mut cluster.nodes {
                    node.restart().await?;
                }
                cluster.shared().await?;
            }
        }
        Ok(true)
    }

    async fn stop(self) -> anyhow::Result<()> {
        match self {
            Self::Nothing => Ok(()),
            Self::One(process) => process.stop().await,
            Self::Cluster(mut cluster) => {
                for node in &mut cluster.nodes {
                    node.end().await?;
                }
                Ok(())
            }
        }
    }
}

fn plan(binary: &Path, nodes: u16, beside: &Beside) -> Plan {
    Plan {
        binary: binary.to_owned(),
        cassandra: beside.cassandra.clone(),
        nodes,
        stores: beside.stores,
        ..Plan::default()
    }
}

fn read(args: &RunArgs) -> anyhow::Result<Scenario> {
    let text = std::fs::read_to_string(&args.scenario)
        .with_context(|| format!("{} cannot be read", args.scenario.display()))?;
    let folder = args.scenario.parent().unwrap_or(Path::new("."));
    let scenario =
        Scenario::read(&text, folder).with_context(|| format!("{}", args.scenario.display()))?;
    scenario.scaled(args.times, args.seed)
}

async fn record(args: RecordArgs) -> anyhow::Result<ExitCode> {
    let server = Server::at(&args.url)?;
    let login = Login {
        login: args.login,
        password: args.password,
    };
    let lasting = Duration::from_secs(args.for_s);
    let slice = Duration::from_secs(args.slice_s);
    let traffic = drive::record(&server, &args.tenant, &login, lasting, slice, args.quiet).await?;
    std::fs::write(&args.out, serde_json::to_vec_pretty(&traffic)?)?;
    println!(
        "{} conversations began, {:.0} % asked for a person: {}",
        traffic.total(),
        traffic.human_share() * 100.0,
        args.out.display()
    );
    Ok(ExitCode::SUCCESS)
}

async fn idle(args: IdleArgs) -> anyhow::Result<ExitCode> {
    let report = drive::idle(&args.spawn, args.connections as usize, args.quiet).await?;
    print!("{}", report.summary());
    Ok(ExitCode::SUCCESS)
}

async fn kill(args: KillArgs) -> anyhow::Result<ExitCode> {
    let login = |login: &str, password: &str| Login {
        login: login.to_owned(),
        password: password.to_owned(),
    };
    let agents = ["lin", "zhao", "sato"];
    let killed = drive::kill(&Kill {
        binary: args.spawn,
        rounds: args.rounds,
        seed: args.seed,
        points: args.points,
        customers: args.customers,
        agents: agents.map(|name| login(name, "demo-agent")).to_vec(),
        supervisor: login("sun", "demo-supervisor"),
        tenant: "demo".to_owned(),
        load_ms: (200, 800),
        ready_within: Duration::from_millis(args.ready_within_ms),
        quiet: args.quiet,
    })
    .await?;
    let summary = killed.summary();
    print!("{summary}");
    if let Some(directory) = &args.out {
        report::write(directory, &killed, &summary, &killed.evidence)?;
    }
    Ok(u8::from(!killed.is_well()).into())
}

async fn failover(args: FailoverArgs) -> anyhow::Result<ExitCode> {
    let text = std::fs::read_to_string(&args.scenario)
        .with_context(|| format!("{} cannot be read", args.scenario.display()))?;
    let scenario = Failover::read(&text).with_context(|| format!("{}", args.scenario.display()))?;
    let scenario = scenario.scaled(args.conversations, args.seed)?;
    let plan = plan(&args.spawn, args.cluster, &args.beside);
    let mut cluster = Cluster::start(&plan).await?;
    let failed_over = drive::failover(&scenario, &mut cluster).await?;
    print!("{}", failed_over.summary());
    if let Some(directory) = &args.out {
        report::write_failover(directory, &failed_over)?;
        println!("report: {}", directory.display());
    }
    let code = failed_over.exit_code(!args.correctness);
    if code == 1 {
        println!("logs are kept in {}", cluster.keep().display());
    }
    Ok(code.into())
}
