//! All logs in use: their lanes, and what is read through them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crest_actors::conversation::Summary;
use crest_actors::ids::{ConversationId, ConversationKey, Seq, Shard, TenantId, Token};
use crest_actors::ports::{Done, LogId, StoreFailure, Stored};
use metrics::gauge;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};

use super::chain::Chain;
use super::lane::{Lane, Lanes, State, Work};
use super::limits::{READS_MAX, RESIDENT_LOGS_MAX};
use super::open::{Opened, read};
use super::order::Order;
use super::retention::{gone, now_ms};
use super::seal::read_sealed;
use super::tables::{Tables, Told, shard};
use super::work::{guarded, run};
use super::{index, list};
use crate::store::answer::answer;
use crate::store::failure::{closed, crowded};
use crate::store::head::oldest_kept;
use crate::store::intake::{Intake, Load};

/// The epoch under which this process owns a shard; `None` while it does not.
pub type Epochs = Arc<dyn Fn(Shard) -> Option<u64> + Send + Sync>;

/// What every part of the engine shares.
pub struct Logs {
    pub tables: Arc<Tables>,
    pub handle: Handle,
    pub lanes: Lanes,
    pub intake: Intake,
    /// Reads asked and not answered.
    pub reads: AtomicUsize,
    pub order: Order,
    pub epochs: Epochs,
    pub activations: AtomicU64,
    /// Counts uses of lanes.
    pub clock: AtomicU64,
    /// Logs that are being opened: after a takeover thousands are to be, and what is said in open ones
    /// goes before them.
    pub openings: Semaphore,
    pub dropping: AtomicBool,
    /// Nothing in the keyspace was born on an earlier day.
    pub first_day: i32,
}

impl Logs {
    /// Newer than any before it in this process, and by its epoch than any of another. `Err` where
    /// the log's shard is another process's.
    fn token(&self, log: &LogId) -> Result<Token, StoreFailure> {
        Ok(Token {
            epoch: (self.epochs)(log.shard()).ok_or_else(not_here)?,
            activation: self.activations.fetch_add(1, Ordering::Relaxed) + 1,
        })
    }

    /// The check of whatever has become of a log: `Err` where another process may own it by now.
    pub fn check(&self, log: &LogId, token: Token) -> Result<(), StoreFailure> {
        self.tables.gate.is_open()?;
        match (self.epochs)(log.shard()) == Some(token.epoch) {
            true => Ok(()),
            false => Err(not_here()),
        }
    }

    /// Does something to a log's lane, which is made where it is missing, and sees to its work.
    pub fn with_lane<T>(self: &Arc<Self>, log: &LogId, change: impl FnOnce(&mut State) -> T) -> T {
        let lane = self.lanes.entry(log.clone()).or_default();
        self.change(log, lane.value(), change)
    }

    pub fn change<T>(
        self: &Arc<Self>,
        log: &LogId,
        lane: &Arc<Lane>,
        change: impl FnOnce(&mut State) -> T,
    ) -> T {
        let mut state = lane.lock();
        state.used = self.clock.fetch_add(1, Ordering::Relaxed);
        let changed = change(&mut state);
        if !state.running && !state.work.is_empty() {
            state.running = true;
            self.handle
                .spawn(run(self.clone(), log.clone(), lane.clone()));
        }
        changed
    }

    /// Queues the opening of a log under a new token, which fences all older ones at once.
    pub fn open(self: &Arc<Self>, log: &LogId, done: Done<Result<Opened, StoreFailure>>) {
        if self.tables.is_over(log) {
            return answer(done, Err(gone()));
        }
        match self.token(log) {
            Ok(token) => self.with_lane(log, |state| state.open(token, done)),
            Err(failure) => return answer(done, Err(failure)),
        }
        self.drop_least_used();
    }

    /// Keeps memory bounded: the quarter least recently used is forgotten, and fenced by that.
    pub fn drop_least_used(&self) {
        if self.lanes.len() <= RESIDENT_LOGS_MAX || self.dropping.swap(true, Ordering::Acquire) {
            return;
        }
        let oldest_kept = oldest_kept(self.lanes.iter().map(|lane| lane.lock().used));
        // A lane is changed only while its place in the table is held, so an idle one stays idle.
        self.lanes.retain(|_, lane| {
            let state = lane.lock();
            state.used >= oldest_kept || !state.is_idle()
        });
        self.dropping.store(false, Ordering::Release);
    }

    /// Starts a read, unless too many wait already.
    pub fn read<T: Send + 'static>(
        self: &Arc<Self>,
        done: Done<Result<T, StoreFailure>>,
        reading: impl Future<Output = Result<T, StoreFailure>> + Send + 'static,
    ) {
        let waiting = self.reads.fetch_add(1, Ordering::AcqRel);
        let refusal = match self.intake.is_closed() {
            true => Some(closed()),
            false => (waiting >= READS_MAX).then(crowded),
        };
        if let Some(refusal) = refusal {
            self.reads.fetch_sub(1, Ordering::AcqRel);
            return answer(done, Err(refusal));
        }
        let logs = self.clone();
        self.handle.spawn(async move {
            let found = guarded(None, reading).await;
            logs.reads.fetch_sub(1, Ordering::AcqRel);
            answer(done, found);
        });
    }

    /// The chain of a log in use, and its last durable seq.
    fn in_use(&self, log: &LogId) -> Option<(Arc<Chain>, u64)> {
        let lane = self.lanes.get(log)?;
        let state = lane.lock();
        let chain = state.chain.clone()?;
        // One of an earlier ownership may have been continued elsewhere.
        self.check(log, chain.newest.token).ok()?;
        Some((chain, state.durable))
    }

    /// The chain of a log and its last durable seq; `None` for a log never opened, which asking
    /// about leaves so. Any other is opened for it: what is shown must not be void later, and only
    /// a marker makes sure of that.
    async fn known(
        self: &Arc<Self>,
        log: &LogId,
    ) -> Result<Option<(Arc<Chain>, u64)>, StoreFailure> {
        enum Way {
            There,
            Behind(oneshot::Receiver<()>),
            Own(oneshot::Receiver<Result<(), StoreFailure>>),
        }
        if let Some(known) = self.in_use(log) {
            return Ok(Some(known));
        }
        let lane = self.lanes.contains_key(log);
        if !lane && super::open::chain(&self.tables, log, None).await?.is_none() {
            return Ok(None);
        }
        let token = self.token(log)?;
        let way = self.with_lane(log, |state| {
            let current = |chain: &Arc<Chain>| chain.newest.token.epoch == token.epoch;
            if state.chain.as_ref().is_some_and(current) {
                return Way::There;
            }
            if state.opening {
                let (reached, is_reached) = oneshot::channel();
                state.work.push_back(Work::Reached(reached));
                return Way::Behind(is_reached);
            }
            let (told, opened) = oneshot::channel();
            let done = move |opened: Result<Opened, StoreFailure>| {
                // The reader waits below, unless the store ends.
                let _ = told.send(opened.map(drop));
            };
            state.open(token, Box::new(done));
            Way::Own(opened)
        });
        match way {
            Way::There => {}
            Way::Behind(reached) => reached.await.map_err(|_| closed())?,
            Way::Own(opened) => opened.await.map_err(|_| closed())??,
        }
        self.drop_least_used();
        let known = self.in_use(log);
        let failed = || StoreFailure::Unavailable("the log could not be opened".to_owned());
        known.map(Some).ok_or_else(failed)
    }

    /// Events of a log with seq > `after`, at most `limit`.
    pub async fn read_log(
        self: &Arc<Self>,
        log: &LogId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreFailure> {
        if self.tables.is_over(log) {
            return Ok(Vec::new());
        }
        // What is not in use here need not be for a reader, where it is closed.
        if !self.lanes.contains_key(log)
            && let Some(found) = self.read_sealed(log, after, limit).await?
        {
            return Ok(found);
        }
        let from = after.0.saturating_add(1);
        let Some((chain, last)) = self.known(log).await? else {
            return Ok(Vec::new());
        };
        if from > last || limit == 0 {
            return Ok(Vec::new());
        }
        let tables = &self.tables;
        if chain.reaches() <= from {
            return read(tables, log, &chain, from, last, limit, None).await;
        }
        let whole = super::open::chain(tables, log, Some(from)).await?;
        let whole = whole.ok_or_else(|| {
            StoreFailure::Corrupt(format!("{}: no marker", crate::store::name::display(log)))
        })?;
        read(tables, log, &whole, from, last, limit, None).await
    }

    /// Events of a sealed log, whoever owns it; `None` where only its owner knows its end.
    pub async fn read_sealed(
        &self,
        log: &LogId,
        after: Seq,
        limit: usize,
    ) -> Result<Option<Vec<Stored>>, StoreFailure> {
        match self.tables.is_over(log) {
            true => Ok(Some(Vec::new())),
            false => read_sealed(&self.tables, log, after, limit).await,
        }
    }

    /// Is this event in the log?
    pub async fn holds(
        &self,
        key: &ConversationKey,
        rows: &[Told],
    ) -> Result<Option<usize>, StoreFailure> {
        let log = LogId::Conversation(key.clone());
        if let Some((chain, durable)) = self.in_use(&log)
            && rows.iter().all(|told| told.seq >= chain.reaches())
        {
            let stands =
                |told: &Told| told.seq <= durable && chain.owner(told.seq) == Some(told.token);
            return Ok(rows.iter().position(stands));
        }
        let Some(chain) = super::open::chain(&self.tables, &log, Some(1)).await? else {
            return Ok(None);
        };
        for (place, told) in rows.iter().enumerate() {
            let owned = chain.owner(told.seq) == Some(told.token);
            if owned && self.tables.has_event(key, *told).await? {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    pub async fn awake(&self, shards: &[Shard]) -> Result<Vec<ConversationKey>, StoreFailure> {
        let tables = &self.tables;
        let mut keys = Vec::new();
        for one in shards {
            let read = |(tenant, id): (String, Vec<u8>)| {
                let id = ConversationId(id.try_into().ok()?);
                let tenant = TenantId::new(tenant);
                let over = tables.kept.is_over(id, now_ms());
                (!over).then_some(ConversationKey { tenant, id })
            };
            let statement = &tables.index.awake_of_shard;
            let mut found = tables.all(statement, (shard(*one),), read).await?;
            // Rows of one conversation follow each other.
            found.dedup();
            keys.extend(found.into_iter().flatten());
        }
        Ok(keys)
    }

    pub fn leave(&self, load: Load) {
        gauge!("crest_store_intake_rows").set(self.intake.leave(load) as f64);
    }

    pub async fn summary(&self, key: &ConversationKey) -> Result<Option<Summary>, StoreFailure> {
        if self.tables.kept.is_over(key.id, now_ms()) {
            return Ok(None);
        }
        let rows = index::rows_of(&self.tables, key).await?;
        list::standing(self, key, &rows).await
    }
}

fn not_here() -> StoreFailure {
    StoreFailure::Unavailable("the shard of this log is not this node's".to_owned())
}
