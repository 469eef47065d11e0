//! The engine: the log port over the tables.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crest_actors::conversation::Summary;
use crest_actors::ids::{ConversationKey, Millis, Seq, Shard, TenantId};
use crest_actors::ports::{
    Activation, Append, BatchOutcome, Done, LogId, LogStore, StoreFailure, Stored,
};
use metrics::counter;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};

use super::connect::{Place, connect};
use super::failure::CqlFailure;
use super::index::day;
use super::lane::{Lanes, Settled};
use super::limits::{GIVE_UP, OPENINGS, REQUEST_TIMEOUT};
use super::logs::{Epochs, Logs};
use super::order::Order;
use super::tables::Tables;
use super::{epoch, list, migrate, open};
use crate::store::answer::answer;
use crate::store::failure::closed;
use crate::store::intake::{Intake, Load};
use crate::store::name::Name;
use crate::store::{Engine, Inventory, Page, Query};

/// Where an owner's epoch comes from.
#[derive(Clone)]
pub enum Epoch {
    /// This process serves the keyspace alone: it takes one more than any before it, and than this.
    Alone(u64),
    /// The assignment of shards gives each shard its own, for as long as it is this process's.
    Held(Epochs),
    /// 0, older than any other, for bringing in logs that nobody has owned yet: whoever owns them
    /// later continues them, and no process that serves the keyspace is replaced.
    Oldest,
}

/// Logs in the tables of a CQL cluster.
pub struct CqlStore {
    logs: Arc<Logs>,
    runtime: Mutex<Option<(JoinHandle<()>, oneshot::Sender<()>)>>,
    server: String,
}

impl CqlStore {
    /// Connects, checks that the keyspace has this program's tables, and takes its epoch. Blocks;
    /// must not be called on a thread that runs tasks.
    pub fn open(place: &Place, epoch: Epoch) -> Result<Self, CqlFailure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let (told, opened) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let place = place.clone();
        let thread = std::thread::Builder::new()
            .name(THREAD.to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    // Whoever opens waits below.
                    let _ = told.send(start(&place, epoch, handle).await);
                    let _ = stopped.await;
                });
                runtime.shutdown_background();
            })?;
        let (logs, server) = opened.recv().map_err(CqlFailure::refused)??;
        Ok(Self {
            logs,
            runtime: Mutex::new(Some((thread, stop))),
            server,
        })
    }

    /// Name and version of the server.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Runs on the store's own thread and waits for it.
    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreFailure>> + Send + 'static,
    ) -> Result<T, StoreFailure> {
        let (sender, answered) = mpsc::channel();
        let done = Box::new(move |answer| {
            // The asker waits below.
            let _ = sender.send(answer);
        });
        self.logs.read(done, work);
        answered.recv().map_err(|_| closed())?
    }
}

const THREAD: &str = "store-cql";

async fn start(
    place: &Place,
    wanted: Epoch,
    handle: Handle,
) -> Result<(Arc<Logs>, String), CqlFailure> {
    let session = connect(place, REQUEST_TIMEOUT).await?;
    let first_day = migrate::check(&session, place).await?;
    let server = migrate::server(&session).await?;
    migrate::warn_of_lazy_sync(&session).await;
    let wanted_oldest = matches!(wanted, Epoch::Oldest);
    let (epochs, tables) = match wanted {
        Epoch::Held(epochs) => (epochs, Arc::new(Tables::prepare(session, place).await?)),
        Epoch::Alone(above) => {
            let holder = rand::random();
            let newest = epoch::newest(&session, place).await?;
            let taken = epoch::take(&session, place, &newest, &holder, above).await?;
            let tables = Arc::new(Tables::prepare(session, place).await?);
            tokio::spawn(epoch::watch(tables.clone(), newest, holder));
            let alone: Epochs = Arc::new(move |_| Some(taken));
            (alone, tables)
        }
        Epoch::Oldest => {
            let oldest: Epochs = Arc::new(|_| Some(0));
            (oldest, Arc::new(Tables::prepare(session, place).await?))
        }
    };
    // All processes of the oldest epoch share it, so that their activations must be told apart.
    let activations = match wanted_oldest {
        true => now_micros(),
        false => 0,
    };
    let logs = Logs {
        tables,
        handle,
        lanes: Lanes::default(),
        intake: Intake::default(),
        reads: AtomicUsize::new(0),
        order: Order::default(),
        epochs,
        activations: AtomicU64::new(activations),
        clock: AtomicU64::new(0),
        dropping: AtomicBool::new(false),
        first_day,
        openings: Semaphore::new(OPENINGS),
    };
    Ok((Arc::new(logs), server))
}

fn now_micros() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_micros() as u64)
}

impl LogStore for CqlStore {
    fn activate(&self, log: LogId, done: Done<Result<Activation, StoreFailure>>) {
        let logs = self.logs.clone();
        if !logs.intake.enter(Load::ONE) {
            return answer(done, Err(closed()));
        }
        let leaving = logs.clone();
        logs.open(
            &log,
            Box::new(move |opened| {
                leaving.leave(Load::ONE);
                done(opened.map(|opened| Activation {
                    token: opened.chain.newest.token,
                    records: opened.records,
                }));
            }),
        );
    }

    fn submit(&self, batch: Vec<Append>, done: Done<BatchOutcome>) {
        let load = Load::of(&batch);
        let logs = self.logs.clone();
        if !logs.intake.enter(load) {
            return answer(done, Err(closed()));
        }
        let mut turn = logs.order.turn();
        let mut parts = Vec::with_capacity(batch.len());
        for append in batch {
            let log = append.log.clone();
            let lane = logs.lanes.get(&log);
            let staged =
                lane.and_then(|lane| logs.change(&log, &lane, |state| state.stage(append)));
            parts.push((log, staged));
        }
        let handle = logs.handle.clone();
        handle.spawn(async move {
            let outcome = outcome(parts).await;
            turn.come().await;
            logs.leave(load);
            answer(done, outcome);
        });
    }

    fn read(
        &self,
        log: LogId,
        after: Seq,
        limit: usize,
        done: Done<Result<Vec<Stored>, StoreFailure>>,
    ) {
        let logs = self.logs.clone();
        let reading = async move { logs.read_log(&log, after, limit).await };
        self.logs.read(done, reading);
    }

    fn awake(&self, shards: Vec<Shard>, done: Done<Result<Vec<ConversationKey>, StoreFailure>>) {
        let logs = self.logs.clone();
        let reading = async move { logs.awake(&shards).await };
        self.logs.read(done, reading);
    }
}

/// What became of a batch. A log that was given up is listed like one that was refused: its owner
/// has to activate it anew either way, and only then is known what it holds.
async fn outcome(parts: Vec<(LogId, Option<oneshot::Receiver<Settled>>)>) -> BatchOutcome {
    let mut refused = Vec::new();
    let (mut stored, mut failure) = (false, None);
    for (log, staged) in parts {
        match staged {
            None => {
                counter!("crest_store_refused_appends_total").increment(1);
                refused.push(log);
            }
            Some(answered) => match answered.await.unwrap_or_else(|_| Err(closed())) {
                Ok(()) => stored = true,
                Err(why) => {
                    failure = Some(why);
                    refused.push(log);
                }
            },
        }
    }
    match failure {
        Some(why) if !stored => Err(why),
        _ => Ok(refused),
    }
}

impl Engine for CqlStore {
    fn read_sealed(
        &self,
        log: LogId,
        after: Seq,
        limit: usize,
        done: Done<Result<Option<Vec<Stored>>, StoreFailure>>,
    ) {
        let logs = self.logs.clone();
        let reading = async move { logs.read_sealed(&log, after, limit).await };
        self.logs.read(done, reading);
    }

    fn summary(&self, key: ConversationKey, done: Done<Result<Option<Summary>, StoreFailure>>) {
        let logs = self.logs.clone();
        let reading = async move { logs.summary(&key).await };
        self.logs.read(done, reading);
    }

    fn list(&self, query: Query, done: Done<Result<Page, StoreFailure>>) {
        let logs = self.logs.clone();
        let reading = async move { list::list(&logs, &query).await };
        self.logs.read(done, reading);
    }

    fn answers(&self) -> bool {
        !self.logs.intake.is_closed() && self.logs.tables.gate.answers()
    }

    fn close(&self) {
        let runtime = self
            .runtime
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some((thread, stop)) = runtime else {
            return;
        };
        let logs = &self.logs;
        logs.intake.close();
        // The last owner may be an answer's closure, dropped on the store's own thread.
        let own = thread.thread().id() == std::thread::current().id();
        let begun = Instant::now();
        let unanswered = || !logs.intake.is_empty() || logs.reads.load(Ordering::Acquire) > 0;
        while !own && unanswered() && begun.elapsed() < CLOSE_MAX {
            std::thread::sleep(Duration::from_millis(2));
        }
        drop(stop);
        if !own && thread.join().is_err() {
            tracing::error!("the store's thread panicked");
        }
    }
}

impl Inventory for CqlStore {
    fn logs(&self, tenant: &TenantId) -> Result<Vec<LogId>, StoreFailure> {
        let (logs, tenant) = (self.logs.clone(), tenant.clone());
        self.wait(async move {
            let tables = &logs.tables;
            let read = |(kind, of, id): (i8, String, Vec<u8>)| {
                let name = Name {
                    kind: kind as u8,
                    tenant: &of,
                    id: &id,
                };
                let log = name.log()?;
                (of == tenant.as_str() && !tables.is_over(&log)).then_some(log)
            };
            let names = tables.all(&tables.names, (), read).await?;
            Ok(names.into_iter().flatten().collect())
        })
    }

    fn whole(&self, log: &LogId) -> Result<Vec<Stored>, StoreFailure> {
        let (logs, log) = (self.logs.clone(), log.clone());
        self.wait(async move { open::whole(&logs.tables, &log).await })
    }

    fn keeps(&self, log: &LogId) -> bool {
        !self.logs.tables.is_over(log)
    }

    fn reach_back(&self, to: Millis) -> Result<(), StoreFailure> {
        let tables = self.logs.tables.clone();
        let oldest = day(to.0);
        let timestamp = i64::from(i32::MAX - oldest);
        self.wait(async move { tables.write(&tables.set_oldest, (oldest, timestamp)).await })
    }
}

/// What is asked of a server that hangs is answered within this; the rest is dropped.
const CLOSE_MAX: Duration = Duration::from_secs(3 * GIVE_UP.as_secs());

impl Drop for CqlStore {
    fn drop(&mut self) {
        self.close();
    }
}
