//! `crest-bench`: measures Crest against floors and peers, and is the floors itself.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::{Args, Parser, Subcommand};
use crest_benches::drive::CLIENT_CORE;
use crest_benches::floor::Floor;
use crest_benches::report::{Row, Run, Taken};
use crest_benches::rows::{ROWS, Scene, measure};
use crest_benches::sys;

#[derive(Parser)]
#[command(
    version,
    about = "Crest against floors and peers, all alive on one core, driven in turn"
)]
struct Cli {
    #[command(subcommand)]
    command: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Measure rows of the table, print them, and keep them with --keep.
    Run(RunArgs),
    /// Be one of the floors until killed.
    Floor { floor: Floor },
}

#[derive(Args)]
struct RunArgs {
    /// Rows to measure; all where none is named. 1s shows 1 and 50 conversations an agent.
    rows: Vec<String>,
    /// The optimised crest binary.
    #[arg(long, default_value = "target/release/crest")]
    crest: PathBuf,
    /// The folder of this package.
    #[arg(long, default_value = "benches")]
    benches: PathBuf,
    /// Where stores are made: on the disk to be measured.
    #[arg(long, default_value = "target/bench-data")]
    data: PathBuf,
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    #[arg(long, default_value_t = 250)]
    slice_ms: u64,
    /// Connections of the memory row.
    #[arg(long, default_value_t = 15_000, value_parser = clap::value_parser!(u32).range(1..=19_000))]
    idle_connections: u32,
    /// Write results/results.json and the table in RESULTS.md; rows not measured stay as they were.
    #[arg(long)]
    keep: bool,
}

/// How long the machine is looked at before a row.
const LOOK: Duration = Duration::from_secs(2);

fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Action::Run(args) => run(&args),
        Action::Floor { floor } => {
            floor.run()?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn run(args: &RunArgs) -> anyhow::Result<ExitCode> {
    let cores = std::thread::available_parallelism()?.get();
    ensure!(
        cores > CLIENT_CORE,
        "two cores are needed, one for servers and one for the client"
    );
    ensure!(
        args.crest.exists(),
        "{} is missing: cargo build --release",
        args.crest.display()
    );
    sys::pin(CLIENT_CORE)?;
    std::fs::create_dir_all(&args.data)?;
    let data = std::fs::canonicalize(&args.data)?;
    let mut scene = Scene::new(args.crest.clone(), args.benches.join("peers"), data);
    scene.rounds = args.rounds;
    scene.slice = Duration::from_millis(args.slice_ms);
    scene.idle_connections = args.idle_connections as usize;
    let names: Vec<&str> = match args.rows.is_empty() {
        true => ROWS.to_vec(),
        false => args.rows.iter().map(String::as_str).collect(),
    };
    let mut rows = Vec::new();
    for name in names {
        eprintln!("row {name} …");
        let taken = Taken {
            at: said_by("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
            commit: said_by("git", &["rev-parse", "--short", "HEAD"]),
            busy_before: sys::busy_share(LOOK)?,
        };
        let mut measured = measure(name, &scene).with_context(|| format!("row {name}"))?;
        measured
            .iter_mut()
            .for_each(|row| row.taken = taken.clone());
        measured.iter().for_each(|row| print!("{}", row.lines()));
        // At once: the next row may fail.
        if args.keep {
            let run = run_of(cores, measured.clone());
            merged(run, &args.benches)?.keep(&args.benches)?;
        }
        rows.extend(measured);
    }
    if !args.keep {
        println!("\n{}", run_of(cores, rows).table());
    }
    Ok(ExitCode::SUCCESS)
}

fn run_of(cores: usize, rows: Vec<Row>) -> Run {
    Run {
        machine: machine(cores),
        command: "make bench".to_owned(),
        rows,
    }
}

/// Rows kept before and not measured again, then the new ones, in the order of the table.
fn merged(mut run: Run, benches: &Path) -> anyhow::Result<Run> {
    let path = benches.join("results/results.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        return Ok(run);
    };
    let kept: Run = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    let again = |old: &Row| {
        let same = |new: &Row| (&new.work, &new.unit) == (&old.work, &old.unit);
        run.rows.iter().any(same)
    };
    let old: Vec<Row> = kept.rows.into_iter().filter(|row| !again(row)).collect();
    run.rows.extend(old);
    run.rows.sort_by_key(|row| {
        let digits = row.number.trim_end_matches(char::is_alphabetic);
        (
            digits.parse::<u32>().unwrap_or(u32::MAX),
            row.number.clone(),
        )
    });
    Ok(run)
}

fn machine(cores: usize) -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let name = name
        .and_then(|it| it.split_once(':'))
        .map_or("CPU", |(_, name)| name.trim());
    format!("{name}, {cores} cores, Linux {}", said_by("uname", &["-r"]))
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|_| "unknown".to_owned())
}
