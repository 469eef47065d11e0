//! `crest bot`: knowledge tried from the command line, by the code that serves it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Subcommand;

use super::{Done, print};
use crate::bot::{self, Bot};
use crate::node;

#[derive(Subcommand)]
pub enum BotCommand {
    /// Ask one question; prints the decision, the article, its score and the runner-up.
    Ask {
        /// The question, as a customer would type it.
        #[arg(required = true)]
        text: Vec<String>,
        /// Knowledge file (TOML); the demonstration's where absent.
        #[arg(long, value_name = "FILE")]
        knowledge: Option<PathBuf>,
    },
    /// Measure the bot against a labelled file: lines of key, tab, question; `-` is out of scope.
    Eval {
        file: PathBuf,
        /// Knowledge file (TOML); the demonstration's where absent.
        #[arg(long, value_name = "FILE")]
        knowledge: Option<PathBuf>,
    },
}

pub fn bot(command: &BotCommand) -> Done {
    match command {
        BotCommand::Ask { text, knowledge } => {
            print(format_args!(
                "{}\n",
                bot::ask(&build(knowledge.as_deref())?, &text.join(" "), now_ms())
            ))?;
        }
        BotCommand::Eval { file, knowledge } => {
            let labelled = std::fs::read_to_string(file)
                .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
            print(format_args!(
                "{}\n",
                bot::evaluate(&build(knowledge.as_deref())?, &labelled, now_ms())?
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn build(file: Option<&Path>) -> Result<Bot, node::KnowledgeFailure> {
    Ok(Bot::new(node::read_knowledge(file)?))
}

fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}
