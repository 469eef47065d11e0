//! The command line: what can be asked of the binary, and how it answers.

mod ask;
mod migrate;
mod serve;
mod settings;
mod verify;

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use settings::Settings;

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
    Seed(Settings),
    /// Make or complete the tables of a CQL store; may be run again.
    Migrate(migrate::MigrateArguments),
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

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Serve(settings) => serve::serve(&settings),
        Command::Talk(arguments) => talk(arguments),
        Command::Seed(settings) => serve::seed(&settings),
        Command::Migrate(arguments) => migrate::run(&arguments),
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
