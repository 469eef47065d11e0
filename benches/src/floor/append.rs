//! Durable appends without sockets: so many outstanding, each followed by another once it is synced.
//!
//! Told `go OUTSTANDING BYTES MILLISECONDS` on standard input, it answers `done COUNT SECONDS`.

use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use crest::store::{Durability, EmbeddedStore};
use crest_actors::ids::{ConversationId, ConversationKey, Millis, Seq, Shard, TenantId, Token};
use crest_actors::ports::{Append, LogId, LogStore, Record};
use rusqlite::{Connection, params};

/// What appends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Store,
}

/// Serves until its input ends.
pub fn serve(engine: Engine) -> anyhow::Result<()> {
    let place = Place::new()?;
    let mut floor: Box<dyn Appends> = match engine {
        Engine::Sqlite => Box::new(Table::open(&place.0)?),
        Engine::Store => Box::new(Store::open(&place.0)?),
    };
    println!("listening 0");
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let ["go", outstanding, bytes, milliseconds] = words[..] else {
            bail!("said {line:?}");
        };
        let lasts = Duration::from_millis(milliseconds.parse()?);
        let (count, seconds) = floor.go(outstanding.parse()?, bytes.parse()?, lasts)?;
        println!("done {count} {seconds}");
    }
    Ok(())
}

trait Appends {
    /// How many were synced, in how many seconds.
    fn go(&mut self, outstanding: u64, bytes: usize, lasts: Duration)
    -> anyhow::Result<(u64, f64)>;
}

/// Removed with the process, unless it is killed.
struct Place(PathBuf);

impl Place {
    fn new() -> anyhow::Result<Self> {
        let directory = std::env::var_os("CREST_BENCH_DATA").context("CREST_BENCH_DATA is set")?;
        let directory = PathBuf::from(directory);
        std::fs::create_dir_all(&directory)?;
        Ok(Self(directory))
    }
}

struct Table {
    connection: Connection,
    unchecked_rows: u64,
}

impl Table {
    fn open(directory: &Path) -> anyhow::Result<Self> {
        let connection = Connection::open(directory.join("table.sqlite3"))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        connection
            .execute_batch("CREATE TABLE log (row INTEGER PRIMARY KEY, body BLOB NOT NULL)")?;
        Ok(Self {
            connection,
            unchecked_rows: 0,
        })
    }
}

impl Appends for Table {
    fn go(
        &mut self,
        outstanding: u64,
        bytes: usize,
        lasts: Duration,
    ) -> anyhow::Result<(u64, f64)> {
        /// As often as the product's store does.
        const CHECKPOINT_BYTES: u64 = 16 * 1024 * 1024;
        let body = vec![7_u8; bytes];
        let start = Instant::now();
        let mut count = 0;
        while start.elapsed() < lasts {
            let transaction = self.connection.transaction()?;
            let mut insert = transaction.prepare_cached("INSERT INTO log (body) VALUES (?1)")?;
            for _ in 0..outstanding {
                insert.execute(params![body])?;
            }
            drop(insert);
            transaction.commit()?;
            count += outstanding;
            self.unchecked_rows += outstanding;
            if self.unchecked_rows * bytes as u64 > CHECKPOINT_BYTES {
                self.unchecked_rows = 0;
                self.connection
                    .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
            }
        }
        Ok((count, start.elapsed().as_secs_f64()))
    }
}

struct Store {
    store: EmbeddedStore,
    ends: Vec<(Token, u64)>,
}

/// Conversations that are appended to in turn.
const LOGS: u64 = 1_000;

impl Store {
    fn open(directory: &Path) -> anyhow::Result<Self> {
        let store = EmbeddedStore::open(directory, Durability::Synced)?;
        let mut ends = Vec::new();
        for number in 0..LOGS {
            let (sender, answered) = mpsc::channel();
            // The receiver waits below.
            store.activate(log(number), Box::new(move |done| drop(sender.send(done))));
            let activation = answered.recv()?;
            let activation = activation.map_err(|failure| anyhow::anyhow!("{failure}"))?;
            ends.push((activation.token, 1));
        }
        Ok(Self { store, ends })
    }

    fn one(&mut self, number: u64, bytes: usize) -> Append {
        let number = number % LOGS;
        let (token, next) = &mut self.ends[number as usize];
        let first = Seq(*next);
        *next += 1;
        Append {
            log: log(number),
            token: *token,
            first,
            records: vec![Record {
                body: vec![7; bytes],
                base: false,
            }],
            summary: None,
        }
    }
}

impl Appends for Store {
    fn go(
        &mut self,
        outstanding: u64,
        bytes: usize,
        lasts: Duration,
    ) -> anyhow::Result<(u64, f64)> {
        // Two batches, so that one is put together while the other is synced.
        let rows = (outstanding / 2).max(1);
        let batches = if outstanding > 1 { 2 } else { 1 };
        let (sender, answered) = mpsc::channel();
        let start = Instant::now();
        let (mut next, mut in_flight, mut count) = (0, 0, 0);
        while in_flight > 0 || start.elapsed() < lasts {
            if in_flight < batches && start.elapsed() < lasts {
                let batch = (next..next + rows)
                    .map(|number| self.one(number, bytes))
                    .collect();
                next += rows;
                in_flight += 1;
                let sender = sender.clone();
                // The receiver lives to the end of this call.
                self.store
                    .submit(batch, Box::new(move |done| drop(sender.send(done))));
                continue;
            }
            let refused = answered
                .recv()?
                .map_err(|failure| anyhow::anyhow!("{failure}"))?;
            ensure!(refused.is_empty(), "appends were refused");
            in_flight -= 1;
            count += rows;
        }
        Ok((count, start.elapsed().as_secs_f64()))
    }
}

fn log(number: u64) -> LogId {
    let mut random = [0; 9];
    random[1..].copy_from_slice(&number.to_be_bytes());
    LogId::Conversation(ConversationKey {
        tenant: TenantId::new("shop"),
        id: ConversationId::mint(Millis(1), random, Shard(number as u8)),
    })
}
