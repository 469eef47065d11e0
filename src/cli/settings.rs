//! Where a command's configuration comes from: file < environment < flags.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Done, print};
use crate::config::{self, ConfigFailure, Effective};

/// Flags that every command with a configuration takes.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Sets any key, as in `--set limits.ping_ms=20000`; may be repeated.
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// Short for `--set server.listen=…`.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Short for `--set store.path=…`.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
}

#[derive(Subcommand)]
pub enum ConfigCommand {
    /// Print the effective values, each with where it came from; secrets are masked.
    Print(Settings),
    /// Say whether the configuration is valid, and if not, everything that is wrong with it.
    Check(Settings),
    /// Print a sample file with every key at its default.
    Sample,
    /// Print the table of keys as README.md shows it.
    Table,
}

impl Settings {
    /// As `--set key=value` behind all others.
    pub fn set(&mut self, key: &str, value: &str) {
        self.set.push((key.to_owned(), value.to_owned()));
    }

    /// The same with another file.
    pub fn with_file(&self, file: PathBuf) -> Self {
        Self {
            config: Some(file),
            ..self.clone()
        }
    }

    /// The effective configuration.
    pub fn load(&self) -> Result<Effective, ConfigFailure> {
        let mut flags = self.set.clone();
        flags.extend(
            self.listen
                .iter()
                .map(|listen| ("server.listen".to_owned(), listen.clone())),
        );
        flags.extend(
            self.data
                .iter()
                .map(|data| ("store.path".to_owned(), data.display().to_string())),
        );
        let environment = std::env::vars().filter(|(name, _)| name.starts_with("CREST__"));
        config::check(self.config.as_deref(), environment, flags)
    }
}

pub fn config(command: &ConfigCommand) -> Done {
    match command {
        ConfigCommand::Print(settings) => {
            print(format_args!("{}", config::print(&settings.load()?)))?
        }
        ConfigCommand::Check(settings) => {
            settings.load()?;
            print(format_args!("the configuration is valid\n"))?;
        }
        ConfigCommand::Sample => print(format_args!("{}", config::sample()))?,
        ConfigCommand::Table => print(format_args!("{}", config::markdown()))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or("write it as section.key=value")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}
