//! Durable events a second: the log engine beside inserts into the same table, as many at a time.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use crest::store::Engine;
use crest::store::cql::{CqlStore, Epoch};
use crest_actors::ids::{ConversationId, ConversationKey, Millis, Seq, Shard, TenantId, Token};
use crest_actors::ports::{Append, LogId, LogStore, Record};
use futures_util::future::try_join_all;
use scylla::client::PoolSize;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::statement::Consistency;

use crate::median;
use crate::servers::{Keyspace, block_on};

/// At the server at once: one an open conversation.
const AT_ONCE: u64 = 256;
/// A message of some 60 Chinese characters with its envelope.
const BODY_BYTES: usize = 200;
/// What the engine puts around a body: the bare loop writes as many bytes.
const FRAME_BYTES: usize = 38;
/// Connections of the engine.
const CONNECTIONS: usize = 2;

pub fn compare(server: &str, rounds: usize, lasts: Duration) -> anyhow::Result<()> {
    let keyspace = Keyspace::make(server, "durable")?;
    let (mut engine, mut bare) = (Vec::new(), Vec::new());
    // The server's first round is its warming up.
    for round in 0..=rounds {
        let inserted = inserts(&keyspace, lasts, round as i64)?;
        let appended = appends(&keyspace, lasts, round as u64)?;
        if round > 0 {
            bare.push(inserted);
            engine.push(appended);
        }
    }
    let (engine, bare) = (median(engine), median(bare));
    println!(
        "| durable events/s, {AT_ONCE} logs | {engine:.0} through the engine | {bare:.0} bare inserts | {:.2} |",
        engine / bare
    );
    Ok(())
}

/// The next event of a log is said when the one before is acknowledged.
fn appends(keyspace: &Keyspace, lasts: Duration, round: u64) -> anyhow::Result<f64> {
    let epochs = Arc::new(move |_| Some(round + 1));
    let store = CqlStore::open(&keyspace.0, Epoch::Held(epochs))?;
    let mut ends = Vec::new();
    for n in 0..AT_ONCE {
        let (sender, opened) = mpsc::channel();
        // The receiver waits below.
        store.activate(log(round, n), Box::new(move |it| drop(sender.send(it))));
        let opened = opened.recv()?.map_err(|why| anyhow::anyhow!("{why}"))?;
        ends.push((opened.token, 0));
    }
    let (finished, answers) = mpsc::channel();
    let begun = Instant::now();
    (0..AT_ONCE).for_each(|n| append(&store, &mut ends, round, n, &finished));
    let (mut stored, mut in_flight) = (0, AT_ONCE);
    while in_flight > 0 {
        let (n, whole) = answers.recv()?;
        ensure!(whole, "an append was refused");
        stored += 1;
        if begun.elapsed() < lasts {
            append(&store, &mut ends, round, n, &finished);
        } else {
            in_flight -= 1;
        }
    }
    let rate = f64::from(stored) / begun.elapsed().as_secs_f64();
    store.close();
    Ok(rate)
}

fn append(
    store: &CqlStore,
    ends: &mut [(Token, u64)],
    round: u64,
    n: u64,
    finished: &mpsc::Sender<(u64, bool)>,
) {
    let (token, last) = &mut ends[n as usize];
    *last += 1;
    let one = Append {
        log: log(round, n),
        token: *token,
        first: Seq(*last),
        records: vec![Record {
            body: vec![n as u8; BODY_BYTES],
            base: false,
        }],
        summary: None,
    };
    let finished = finished.clone();
    let done = move |outcome| {
        // The other end is gone only after a failure that was already told.
        let _ = finished.send((n, outcome == Ok(vec![])));
    };
    store.submit(vec![one], Box::new(done));
}

fn inserts(keyspace: &Keyspace, lasts: Duration, round: i64) -> anyhow::Result<f64> {
    block_on(async {
        let session: Session = SessionBuilder::new()
            .known_nodes(&keyspace.0.nodes)
            .pool_size(PoolSize::PerHost(CONNECTIONS.try_into()?))
            .build()
            .await?;
        session.use_keyspace(&keyspace.0.keyspace, false).await?;
        let text = "INSERT INTO event (tenant, id, bucket, seq, epoch, activation, row) VALUES ('bare', ?, ?, ?, ?, 1, ?)";
        let mut insert = session.prepare(text).await?;
        insert.set_consistency(Consistency::Quorum);
        let stored = Cell::new(0);
        let begun = Instant::now();
        let loops = (0..AT_ONCE).map(async |n| {
            let id = n.to_be_bytes();
            let row = vec![n as u8; BODY_BYTES + FRAME_BYTES];
            let mut seq = 0i64;
            while begun.elapsed() < lasts {
                seq += 1;
                let values = (&id[..], seq / 1_000, seq, round, &row);
                session.execute_unpaged(&insert, values).await?;
                stored.set(stored.get() + 1);
            }
            anyhow::Ok(())
        });
        try_join_all(loops).await?;
        Ok(f64::from(stored.get()) / begun.elapsed().as_secs_f64())
    })?
}

pub fn log(round: u64, n: u64) -> LogId {
    let mut random = [0; 9];
    random[1..].copy_from_slice(&n.to_be_bytes());
    LogId::Conversation(ConversationKey {
        tenant: TenantId::new("shop"),
        id: ConversationId::mint(Millis(1 + round), random, Shard(n as u8)),
    })
}
