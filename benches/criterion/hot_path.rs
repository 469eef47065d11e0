//! Times of the hot path's pieces: `cargo bench -p crest-benches`. For looking into a change; what
//! fails a build is counted in tests/guard.rs.

use std::hint::black_box;
use std::sync::mpsc;

use crest::store::{Durability, EmbeddedStore};
use crest_actors::ids::{ConversationId, ConversationKey, Millis, Seq, Shard, TenantId};
use crest_actors::ports::{Append, LogId, LogStore, Record};
use crest_benches::play::{CONVERSATION, Play};
use crest_benches::rows::Surge;
use crest_schema::ClientFrame;
use crest_schema::frame::client::Send;
use crest_schema::frame::{Body, Id};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const WORDS: usize = 200;
const BATCH: u64 = 64;

fn codec(criterion: &mut Criterion) {
    let send = ClientFrame::Send(Send {
        conversation: None,
        id: Id([1; 16]),
        body: Body::Text("x".repeat(WORDS).into()),
    });
    let bytes = send.encode(Some(1));
    criterion.bench_function("codec/decode a send", |bench| {
        bench.iter(|| ClientFrame::decode(black_box(&bytes)));
    });
    criterion.bench_function("codec/encode a send", |bench| {
        bench.iter(|| black_box(&send).encode(Some(1)));
    });
}

fn apply(criterion: &mut Criterion) {
    let mut play = Play::new();
    let words = "x".repeat(WORDS);
    criterion.bench_function("apply/a message", |bench| bench.iter(|| play.say(&words)));
}

fn queue(criterion: &mut Criterion) {
    let mut surge = Surge::new();
    criterion.bench_function("queue/an assignment, 100,000 waiting", |bench| {
        bench.iter(|| surge.assign(1));
    });
}

fn encode(criterion: &mut Criterion) {
    let entry = Play::new().entry(&"x".repeat(WORDS));
    let mut out = Vec::with_capacity(1_024);
    criterion.bench_function("fan-out/encode an event once", |bench| {
        bench.iter(|| {
            out.clear();
            crest::translate::staff_event(CONVERSATION, &entry).encode_into(None, &mut out);
        });
    });
}

/// Batches of 64 rows without syncs: what the store costs beside the disk.
fn append(criterion: &mut Criterion) {
    let directory = std::env::temp_dir().join(format!("crest-criterion-{}", std::process::id()));
    let store = EmbeddedStore::open(&directory, Durability::Memory).expect("opens");
    let log = LogId::Conversation(ConversationKey {
        tenant: TenantId::new("shop"),
        id: ConversationId::mint(Millis(1), [0; 9], Shard(0)),
    });
    let (sender, answered) = mpsc::channel();
    store.activate(log.clone(), Box::new(move |done| drop(sender.send(done))));
    let token = answered.recv().expect("answered").expect("activated").token;
    let mut next = 1;
    let mut group = criterion.benchmark_group("store");
    group.throughput(Throughput::Elements(BATCH));
    group.bench_function("append 64 rows, no sync", |bench| {
        let batch = || {
            let body = vec![7; WORDS];
            let record = Record { body, base: false };
            let first = Seq(next);
            next += BATCH;
            vec![Append {
                log: log.clone(),
                token,
                first,
                records: vec![record; BATCH as usize],
                summary: None,
            }]
        };
        let submit = |batch| {
            let (sender, answered) = mpsc::channel();
            store.submit(batch, Box::new(move |done| drop(sender.send(done))));
            assert_eq!(answered.recv().expect("answered"), Ok(Vec::new()));
        };
        bench.iter_batched(batch, submit, BatchSize::PerIteration);
    });
    group.finish();
    drop(store);
    std::fs::remove_dir_all(&directory).expect("removed");
}

criterion_group!(benches, codec, apply, queue, encode, append);
criterion_main!(benches);
