//! The command line: what can be asked of the binary, and how it answers.

mod ask;
mod cluster;
mod copy;
mod migrate;
mod serve;
mod settings;
mod verify;

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

pub use settings::Settings;

use crate::desk::limits::DEMO_TENANTS_MAX;
use crate::talk::TalkArgs;

/// Real-time customer service at the crest of a sales peak.
#[derive(Parser)]
#[command(name = "crest", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the node: HTTP and WebSocket on one port, the store in one folder.
    Serve(Settings),
    /// Talk to a node from a terminal, as a customer, an agent or a supervisor.
    Talk(TalkArgs),
    /// Install the demonstration tenant into the store and exit.
    Seed(SeedArguments),
    /// Make or complete the tables of a CQL store; may be run again.
    Migrate(migrate::MigrateArguments),
    /// Look at the cluster.
    Cluster {
        #[command(subcommand)]
        what: cluster::ClusterCommand,
    },
    /// Copy a tenant, all that was said and its desk, to another store, and compare. Stop the nodes of
    /// both stores first. May be given again after it was interrupted.
    Copy(copy::CopyArguments),
    /// Show or check the configuration.
    Config {
        #[command(subcommand)]
        what: settings::ConfigCommand,
    },
    /// Walk the whole log: dense numbers, checksums, chains, folds equal to the stored index.
    Verify(Settings),
    /// Ask the bot, or measure it.
    Bot {
        #[command(subcommand)]
        what: ask::BotCommand,
    },
    /// Print the version.
    Version,
}

#[derive(Args)]
struct SeedArguments {
    #[command(flatten)]
    settings: Settings,
    /// How many: `demo` and its copies `demo-2`, `demo-3`, … with the same people, groups and
    /// knowledge. Those already there stay as they are. More than one is refused on a store that holds
    /// any other tenant. The node must be stopped.
    #[arg(long, value_name = "COUNT", default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(DEMO_TENANTS_MAX)))]
    tenants: u32,
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Serve(settings) => serve::serve(&settings),
        Command::Talk(arguments) => talk(arguments),
        Command::Seed(arguments) => serve::seed(&arguments.settings, arguments.tenants),
        Command::Copy(arguments) => copy::run(&arguments),
        Command::Migrate(arguments) => migrate::run(&arguments),
        Command::Cluster { what } => cluster::cluster(&what),
        Command::Config { what } => settings::config(&what),
        Command::Verify(settings) => verify::verify(&settings),
        Command::Bot { what } => ask::bot(&what),
        Command::Version => version(),
    };
    done.unwrap_or_else(|error| {
        eprintln!("crest: {error}");
        ExitCode::FAILURE
    })
}

fn version() -> Done {
    print(format_args!("crest {}\n", env!("CARGO_PKG_VERSION")))?;
    Ok(ExitCode::SUCCESS)
}

fn talk(arguments: TalkArgs) -> Done {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(crate::talk::run(arguments))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes to standard output. A reader that has read enough, as `head` has, is no failure.
fn print(text: fmt::Arguments) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_fmt(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// What a command ends with: an exit code, or words for people.
type Done = Result<ExitCode, Box<dyn std::error::Error>>;
