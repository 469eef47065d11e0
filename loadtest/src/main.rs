//! `crest-loadtest`: rehearse a peak, or kill a server until it loses something.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use crest_loadtest::client::Server;
use crest_loadtest::drive::{self, Kill, Process, Target};
use crest_loadtest::report;
use crest_loadtest::scenario::{Login, Scenario};

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
    /// A server that runs already.
    #[arg(
        long,
        default_value = "http://127.0.0.1:8080",
        conflicts_with = "spawn"
    )]
    url: String,
    /// A crest binary to start on temporary data, and to stop afterwards.
    #[arg(long)]
    spawn: Option<PathBuf>,
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
        Command::Idle(args) => runtime.block_on(idle(args)),
    }
}

async fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    let scenario = read(&args)?;
    let mut process = match &args.spawn {
        Some(binary) => Some(Process::start(binary, scenario.tenants.count).await?),
        None => None,
    };
    let server = match &process {
        Some(process) => process.server.clone(),
        None => Server::at(&args.url)?,
    };
    let target = Target {
        server,
        pid: process.as_ref().map_or(args.server_pid, Process::pid),
        worker: std::env::current_exe().ok(),
        quiet: args.quiet,
    };
    let mut outcome = drive::run(&scenario, &target).await?;
    if let Some(process) = &mut process {
        process.restart().await?;
        drive::reread(&mut outcome, &process.server).await?;
    }
    print!("{}", report::summary(&outcome));
    if let Some(directory) = &args.out {
        report::write_run(directory, &outcome)?;
        println!("report: {}", directory.join("report.html").display());
    }
    if let Some(process) = process {
        process.stop().await?;
    }
    Ok(outcome.exit_code(!args.correctness).into())
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
