//! Reads conversations again after a run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Context;
use crest_schema::frame::Id;
use tokio::task::JoinSet;
use tokio::time::interval;

use crate::client::{Identity, Setting, Supervisor};
use crate::history::{History, Seen, Transcript};
use crate::scenario::Login;

/// Connections that read side by side: 800 transcripts a second.
const READERS: usize = 32;
/// Between two questions on one connection: half of what a server allows by default.
const PACE: Duration = Duration::from_millis(40);

/// Every conversation that some client saw.
pub(super) fn seen(history: &History) -> BTreeSet<Id> {
    let named = history.observations.iter().filter_map(|it| match &it.seen {
        Seen::Acked { conversation, .. }
        | Seen::Event { conversation, .. }
        | Seen::From { conversation, .. }
        | Seen::Assigned { conversation } => Some(*conversation),
        _ => None,
    });
    named.collect()
}

/// Their transcripts, read over the wire by a supervisor.
pub(super) async fn transcripts(
    setting: &Setting,
    login: &Login,
    conversations: &BTreeSet<Id>,
) -> anyhow::Result<BTreeMap<Id, Transcript>> {
    if conversations.is_empty() {
        return Ok(BTreeMap::new());
    }
    let identity = Supervisor::log_in(setting, &login.login, &login.password).await?;
    let all: Vec<Id> = conversations.iter().copied().collect();
    let mut readers = JoinSet::new();
    for (number, share) in all.chunks(all.len().div_ceil(READERS).max(1)).enumerate() {
        let (setting, identity, share) = (setting.clone(), identity.clone(), share.to_vec());
        let name = format!("reader-{number}");
        readers.spawn(async move { read(setting, name, identity, share).await });
    }
    let mut found = BTreeMap::new();
    while let Some(read) = readers.join_next().await {
        found.extend(read.context("a reader panicked")??);
    }
    Ok(found)
}

async fn read(
    setting: Setting,
    name: String,
    identity: Identity,
    conversations: Vec<Id>,
) -> anyhow::Result<Vec<(Id, Transcript)>> {
    let supervisor = Supervisor::connect_as(&setting, &name, identity).await?;
    let mut pace = interval(PACE);
    let mut found = Vec::with_capacity(conversations.len());
    for conversation in conversations {
        pace.tick().await;
        let transcript = supervisor.transcript(conversation).await?;
        found.push((conversation, transcript));
    }
    supervisor.leave_the_line().await;
    Ok(found)
}
