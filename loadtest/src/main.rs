//! `crest-loadtest`: rehearse a peak, or kill a server until it loses something.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use crest_loadtest::client::Server;
use crest_loadtest::drive::{self, Kill, Process, Target};
use crest_loadtest::scenario::{Login, Scenario};

#[derive(Parser)]
#[command(version, about = "Load harness and history checker of Crest")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a scenario. Exits 1 on any anomaly or failure, 3 where its own figures are to be doubted.
    Run(RunArgs),
    /// Kill a server again and again under load. Exits 1 if anything acknowledged is lost, doubled or
    /// out of order, or the server is not ready again within 3 s.
    Kill(KillArgs),
    /// Measure the server's memory of an idle connection with its conversation.
    Idle(IdleArgs),
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
    /// Instead of the scenario's seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Where result.json and summary.txt are written.
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
    let runtime = tokio::runtime::Runtime::new()?;
    match Cli::parse().command {
        Command::Run(args) => runtime.block_on(run(args)),
        Command::Kill(args) => runtime.block_on(kill(args)),
        Command::Idle(args) => runtime.block_on(idle(args)),
    }
}

async fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    let text = std::fs::read_to_string(&args.scenario)
        .with_context(|| format!("{} cannot be read", args.scenario.display()))?;
    let mut scenario = Scenario::read(&text)?;
    scenario.seed = args.seed.unwrap_or(scenario.seed);
    let process = match &args.spawn {
        Some(binary) => Some(Process::start(binary).await?),
        None => None,
    };
    let server = match &process {
        Some(process) => process.server.clone(),
        None => Server::at(&args.url)?,
    };
    let target = Target {
        server,
        quiet: args.quiet,
    };
    let outcome = drive::run(&scenario, &target).await?;
    let summary = outcome.summary();
    print!("{summary}");
    if let Some(directory) = &args.out {
        drive::write(directory, &outcome, &summary, &outcome.evidence)?;
    }
    if let Some(process) = process {
        process.stop().await?;
    }
    Ok(outcome.exit_code(!args.correctness).into())
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
        drive::write(directory, &killed, &summary, &killed.evidence)?;
    }
    Ok(u8::from(!killed.is_well()).into())
}
