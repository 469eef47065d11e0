//! `crest migrate`: brings a store to the tables of this program.

use std::process::ExitCode;

use clap::Args;

use super::{Done, Settings, print};
use crate::config::Engine;
use crate::store::cql::{Place, migrate};

#[derive(Args)]
pub struct MigrateArguments {
    /// Which engine's store; without it the configured one's.
    #[arg(long, value_name = "ENGINE", value_parser = ["embedded", "cql"])]
    store: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

pub fn run(arguments: &MigrateArguments) -> Done {
    let mut settings = arguments.settings.clone();
    if let Some(engine) = &arguments.store {
        settings.set("store.engine", engine);
    }
    let config = settings.load()?.config;
    if config.store.engine == Engine::Embedded {
        print(format_args!(
            "the embedded store needs no migration: `crest serve` makes its tables\n"
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let migrated = runtime.block_on(migrate(&Place::of(&config.store)))?;
    for (keyspace, name) in &migrated.applied {
        print(format_args!("{keyspace}: applied {name}\n"))?;
    }
    if migrated.applied.is_empty() {
        print(format_args!(
            "nothing to apply: the keyspaces are up to date\n"
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
