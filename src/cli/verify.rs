//! `crest verify`: proves that the log is whole and that the index follows from it.

use std::process::ExitCode;

use indicatif::ProgressBar;

use super::{Done, Settings, print};
use crate::config;
use crate::node::fold_conversation;
use crate::store::{Durability, EmbeddedStore, Engine, FILE_NAME};

pub fn verify(settings: &Settings) -> Done {
    let config = settings.load()?.config;
    if config.store.engine == config::Engine::Cql {
        return Err("verify is for the embedded store; with store.engine = \"cql\" each log is checked, its hash chain included, whenever it is opened".into());
    }
    let file = config.store.path.join(FILE_NAME);
    if !file.is_file() {
        return Err(format!(
            "there is no {}; name the node's folder with --data",
            file.display()
        )
        .into());
    }
    let store = EmbeddedStore::open(&config.store.path, Durability::Synced)?;
    let bar = ProgressBar::new(0);
    let report = store.verify(&mut fold_conversation, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    print(format_args!("{}\n", store.file().display()))?;
    print(format_args!(
        "  {} logs, {} events, {} bytes of them\n",
        report.logs, report.rows, report.body_bytes
    ))?;
    print(format_args!(
        "  {} conversations whose index row equals the fold of their log\n",
        report.conversations
    ))?;
    print(format_args!("  digest {}\n", hex(&report.digest)))?;
    for problem in &report.problems {
        print(format_args!("  PROBLEM {problem}\n"))?;
    }
    store.close();
    if report.problems_total == 0 {
        print(format_args!("  whole\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    print(format_args!(
        "  {} problems; keep a copy of the folder before anything else touches it\n",
        report.problems_total
    ))?;
    Ok(ExitCode::FAILURE)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
