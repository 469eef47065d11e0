//! `crest verify`: proves that the log is whole and that the index follows from it.

use std::process::ExitCode;
use std::sync::Arc;

use crest_actors::aggregate::Aggregate;
use crest_actors::conversation::{Conversation, Summary};
use crest_actors::ids::ConversationKey;
use crest_actors::ports::{Codec, Stored};
use indicatif::ProgressBar;

use super::{Done, Settings};
use crate::node::StoredFormats;
use crate::store::{Durability, EmbeddedStore, FILE_NAME};

pub fn verify(settings: &Settings) -> Done {
    let config = settings.load()?.config;
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
    let report = store.verify(&mut fold, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    println!("{}", store.file().display());
    println!(
        "  {} logs, {} events, {} bytes of them",
        report.logs, report.rows, report.body_bytes
    );
    println!(
        "  {} conversations whose index row equals the fold of their log",
        report.conversations
    );
    println!("  digest {}", hex(&report.digest));
    for problem in &report.problems {
        println!("  PROBLEM {problem}");
    }
    store.close();
    if report.problems_total == 0 {
        println!("  whole");
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "  {} problems; keep a copy of the folder before anything else touches it",
        report.problems_total
    );
    Ok(ExitCode::FAILURE)
}

/// Replays a log through the aggregate that serves it.
fn fold(key: &ConversationKey, log: &[Stored]) -> Result<Option<Summary>, String> {
    let mut conversation = Conversation::empty(key.clone());
    for stored in log {
        conversation.replay(&Arc::new(StoredFormats.decode_conversation(stored)?));
    }
    Ok(conversation.summary())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
