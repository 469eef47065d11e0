//! Carries out what is to be done to a log.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use crest_actors::ids::Token;
use crest_actors::ports::{LogId, StoreFailure};
use futures_util::FutureExt;
use metrics::{counter, histogram};
use tokio::time::timeout;

use super::index::Known;
use super::lane::{End, Group, Lane, Work};
use super::limits::GIVE_UP;
use super::logs::Logs;
use super::open::{Opened, add_rows, open};
use super::seal::{Seal, closes};
use super::tables::{Told, bucket_of};
use crate::store::answer::answer;
use crate::store::name::display;

/// Carries out the work of one log until there is none.
pub async fn run(logs: Arc<Logs>, log: LogId, lane: Arc<Lane>) {
    loop {
        let work = lane.lock().next();
        match work {
            None => return,
            Some(Work::Reached(reached)) => {
                // The reader may have gone.
                let _ = reached.send(());
            }
            Some(Work::Open(token, done)) => {
                let opened = guarded(Some(&log), async {
                    let place = timeout(GIVE_UP, logs.openings.acquire()).await;
                    let _place = place.map_err(|_| too_many())?;
                    let opened = open(&logs.tables, &log, token).await?;
                    logs.check(&log, token)?;
                    Ok(opened)
                })
                .await;
                learn(&lane, token, opened.as_ref().ok());
                answer(done, opened);
            }
            Some(Work::Write(group)) => {
                let begun = Instant::now();
                let stored = guarded(Some(&log), write(&logs, &log, &lane, &group)).await;
                let mut lost = Vec::new();
                {
                    let mut state = lane.lock();
                    match &stored {
                        Ok(()) => {
                            let last = group.rows.last().map(|row| row.seq);
                            state.durable = state.durable.max(last.unwrap_or(0));
                        }
                        Err(_) => lost = state.give_up(group.token),
                    }
                }
                histogram!("crest_store_commit_rows").record(group.rows.len() as f64);
                histogram!("crest_store_commit_seconds").record(begun.elapsed().as_secs_f64());
                group.answer(&stored);
                lost.into_iter().for_each(|group| group.answer(&stored));
            }
        }
    }
}

fn too_many() -> StoreFailure {
    StoreFailure::Unavailable("too many logs wait to be opened".to_owned())
}

/// Makes of a panic a failure like any other: a log it happened to is given up, whoever waits is told
/// so, and the next opening finds out what it holds.
pub async fn guarded<T>(
    log: Option<&LogId>,
    work: impl Future<Output = Result<T, StoreFailure>>,
) -> Result<T, StoreFailure> {
    // What a panic leaves half-done lies in the tables only, as after any request that fails.
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    outcome.unwrap_or_else(|_| {
        counter!("crest_store_panics_total").increment(1);
        let log = log.map(display);
        tracing::error!(log, "a panic in the store: what was asked is given up");
        Err(StoreFailure::Unavailable(
            "the store met a defect; what it said is in this node's output".to_owned(),
        ))
    })
}

/// Writes a group: its index rows, its events, and then away with older index rows.
async fn write(logs: &Logs, log: &LogId, lane: &Lane, group: &Group) -> Result<(), StoreFailure> {
    let tables = &*logs.tables;
    let Some(newest) = group.rows.last() else {
        return Ok(());
    };
    let told = Told {
        seq: newest.seq,
        token: newest.token,
    };
    let mut known = std::mem::take(&mut lane.lock().known);
    if let Some(summary) = &group.summary {
        known.before(tables, summary, told).await?;
    }
    let buckets = group
        .rows
        .chunk_by(|a, b| bucket_of(a.seq) == bucket_of(b.seq));
    for rows in buckets {
        add_rows(tables, log, rows).await?;
    }
    if let Some(summary) = &group.summary {
        known.after(tables, summary, told).await;
    }
    lane.lock().known = known;
    // A process that was replaced may have written what nobody will ever read.
    logs.check(log, group.token)?;
    if let LogId::Conversation(key) = log
        && must_seal(lane, group)
    {
        let seal = Seal {
            last: newest.seq,
            token: newest.token,
            link: group.link,
        };
        // Before anybody hears of these events: a reader who asks afterwards must find them.
        tables.add_seal(key, &seal).await?;
    }
    Ok(())
}

/// Once a seal may be there, whether or not its writing succeeded, each later event needs its own.
fn must_seal(lane: &Lane, group: &Group) -> bool {
    let mut state = lane.lock();
    state.sealed |= group.summary.as_ref().is_some_and(closes);
    state.sealed
}

/// Notes how a log was found, unless a newer opening will say.
fn learn(lane: &Lane, token: Token, opened: Option<&Opened>) {
    let mut state = lane.lock();
    state.opening = state.work.iter().any(|work| matches!(work, Work::Open(..)));
    state.known = Known::default();
    state.sealed = false;
    state.chain = opened.map(|opened| Arc::new(opened.chain.clone()));
    if let Some(opened) = opened {
        state.durable = opened.last;
        if state.token == token {
            state.end = End::Known {
                last: opened.last,
                link: opened.link,
            };
        }
    }
}
