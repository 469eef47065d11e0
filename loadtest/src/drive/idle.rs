//! Memory of an idle connection: many authenticated customers, each with a conversation and its
//! first message stored, then silence; the server's resident memory before and after.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::ProgressBar;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::Process;
use crate::client::{Customer, Setting};

/// Connections made at once: the server accepts thousands a second, this process must keep up too.
const AT_ONCE: usize = 64;
/// Bot answers, last flushes; conversations that nobody disturbs come to rest within 10 s.
const SETTLE: Duration = Duration::from_secs(15);

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct IdleReport {
    pub connections: usize,
    pub before_bytes: u64,
    pub after_bytes: u64,
    pub bytes_a_connection: u64,
}

/// Starts `binary`, connects so many customers and measures.
pub async fn idle(binary: &Path, connections: usize, quiet: bool) -> anyhow::Result<IdleReport> {
    let process = Process::start(binary, 1).await?;
    let setting = Setting::new(process.server.clone(), "demo");
    // The first ones pay for what all share: buffers, tables, threads' stacks.
    let mut held = connect(&setting, 0, 200, &ProgressBar::hidden()).await?;
    sleep(SETTLE).await;
    let before_bytes = process.resident_bytes()?;
    let bar = if quiet {
        ProgressBar::hidden()
    } else {
        ProgressBar::new(connections as u64)
    };
    held.extend(connect(&setting, 200, connections, &bar).await?);
    bar.finish_and_clear();
    sleep(SETTLE).await;
    let after_bytes = process.resident_bytes()?;
    drop(held);
    process.stop().await?;
    Ok(IdleReport {
        connections,
        before_bytes,
        after_bytes,
        bytes_a_connection: after_bytes.saturating_sub(before_bytes) / connections as u64,
    })
}

async fn connect(
    setting: &Setting,
    from: usize,
    count: usize,
    bar: &ProgressBar,
) -> anyhow::Result<Vec<Customer>> {
    let mut held = Vec::with_capacity(count);
    let mut next = from;
    let mut joining = JoinSet::new();
    while held.len() < count {
        while joining.len() < AT_ONCE && next < from + count {
            let (setting, name) = (setting.clone(), format!("idle-{next}"));
            next += 1;
            joining.spawn(async move {
                let customer = Customer::connect(&setting, &name).await?;
                let answered = customer.say("在吗").await?;
                if answered.seq().is_none() {
                    bail!("{name}: {answered:?}");
                }
                Ok(customer)
            });
        }
        let joined = joining.join_next().await.context("somebody is joining")?;
        held.push(joined??);
        bar.inc(1);
    }
    Ok(held)
}

impl IdleReport {
    pub fn summary(&self) -> String {
        format!(
            "{} idle connections, authenticated, each with its conversation and one message\n\
             server's resident memory  {:>8.1} MB before, {:>8.1} MB after\n\
             a connection              {:>8} bytes\n",
            self.connections,
            self.before_bytes as f64 / 1e6,
            self.after_bytes as f64 / 1e6,
            self.bytes_a_connection,
        )
    }
}
