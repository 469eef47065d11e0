//! How many events a second the embedded store makes durable on this disk, and how long it takes
//! to activate a log: `cargo run --release --example store_rate [DIRECTORY]`.
//!
//! Bodies of 200 bytes over 10,000 logs, one submitter that keeps a few batches in flight. The
//! rate depends on the disk's sync; a line with syncs left out shows what the rest costs.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crest::store::{Durability, EmbeddedStore};
use crest_actors::ids::{ConversationId, ConversationKey, Millis, Seq, Shard, TenantId, Token};
use crest_actors::ports::{Append, LogId, LogStore, Record};

const LOGS: u64 = 10_000;
const BODY_BYTES: usize = 200;
const IN_FLIGHT: usize = 4;
const LASTS: Duration = Duration::from_secs(4);

fn main() -> anyhow::Result<()> {
    let given = std::env::args().nth(1).map(PathBuf::from);
    let parent = given.unwrap_or_else(std::env::temp_dir);
    println!("durability  batch rows  rows/s     commits' p50 ms  p99 ms");
    for durability in [Durability::Synced, Durability::Memory] {
        for batch_rows in [1, 64, 1_024] {
            let directory = parent.join(format!("crest-store-rate-{}", std::process::id()));
            let measured = append(&directory, durability, batch_rows);
            if durability == Durability::Synced && batch_rows == 1_024 && measured.is_ok() {
                reopen(&directory)?;
            }
            std::fs::remove_dir_all(&directory)?;
            measured?;
        }
    }
    Ok(())
}

fn append(directory: &Path, durability: Durability, batch_rows: u64) -> anyhow::Result<()> {
    let store = EmbeddedStore::open(directory, durability)?;
    let mut ends = activate(&store, "empty")?;
    let (finished, answers) = mpsc::channel();
    let mut latencies = Vec::new();
    let (mut in_flight, mut next) = (0, 0);
    let started = Instant::now();
    while started.elapsed() < LASTS || in_flight > 0 {
        if in_flight == IN_FLIGHT || started.elapsed() >= LASTS {
            latencies.push(answers.recv()??);
            in_flight -= 1;
            continue;
        }
        let batch = (next..next + batch_rows)
            .map(|n| one(&mut ends, n))
            .collect();
        next += batch_rows;
        in_flight += 1;
        let finished = finished.clone();
        let submitted = Instant::now();
        let done = move |outcome| {
            let answer = match outcome {
                Ok(refused) if Vec::is_empty(&refused) => Ok(submitted.elapsed()),
                other => Err(anyhow::anyhow!("{other:?}")),
            };
            // The other end is gone only after a failure that was already told.
            let _ = finished.send(answer);
        };
        store.submit(batch, Box::new(done));
    }
    let rate = next as f64 / started.elapsed().as_secs_f64();
    latencies.sort();
    let ms = |share: usize| latencies[latencies.len() * share / 100].as_secs_f64() * 1e3;
    let (p50, p99) = (ms(50), ms(99));
    println!("{durability:<11?} {batch_rows:>10}  {rate:<10.0} {p50:<16.2} {p99:.2}");
    Ok(())
}

fn reopen(directory: &Path) -> anyhow::Result<()> {
    let started = Instant::now();
    let store = EmbeddedStore::open(directory, Durability::Synced)?;
    println!("opened after a clean close in {:.1} ms", ms(started));
    activate(&store, "not in memory")?;
    activate(&store, "in memory")?;
    let started = Instant::now();
    let report = store.verify(&mut |_, _| Ok(None), &mut |_, _| {});
    let report = report.map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
    anyhow::ensure!(report.problems_total == 0, "{report:?}");
    println!("verified {} rows in {:.0} ms", report.rows, ms(started));
    Ok(())
}

/// Activates every log, one after the other; returns their tokens and next seqs.
fn activate(store: &EmbeddedStore, which: &str) -> anyhow::Result<Vec<(Token, u64)>> {
    let mut took = Vec::new();
    let mut events = 0;
    let mut ends = Vec::new();
    for n in 0..LOGS {
        let (sender, answered) = mpsc::channel();
        let started = Instant::now();
        // The receiver waits below.
        store.activate(log(n), Box::new(move |done| drop(sender.send(done))));
        let activation = answered.recv()?;
        let activation = activation.map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
        took.push(started.elapsed());
        events += activation.records.len();
        ends.push((activation.token, activation.records.len() as u64 + 1));
    }
    if events > 0 {
        took.sort();
        let us = |share: usize| took[took.len() * share / 100].as_micros();
        let mean = events as f64 / LOGS as f64;
        println!(
            "activated logs {which}, {mean:.0} events each: p50 {} us, p99 {} us",
            us(50),
            us(99)
        );
    }
    Ok(ends)
}

fn one(ends: &mut [(Token, u64)], n: u64) -> Append {
    // Scatters the logs, so that neighbours in time are none in the index.
    let n = n.wrapping_mul(7_919) % LOGS;
    let (token, next) = &mut ends[n as usize];
    let first = Seq(*next);
    *next += 1;
    Append {
        log: log(n),
        token: *token,
        first,
        records: vec![Record {
            body: vec![n as u8; BODY_BYTES],
            base: false,
        }],
        summary: None,
    }
}

fn log(n: u64) -> LogId {
    let mut random = [0; 9];
    random[1..].copy_from_slice(&n.to_be_bytes());
    LogId::Conversation(ConversationKey {
        tenant: TenantId::new("shop"),
        id: ConversationId::mint(Millis(1), random, Shard(n as u8)),
    })
}

fn ms(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1e3
}
