//! The embedded engine: the log port over one SQLite file.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use crest_actors::conversation::Summary;
use crest_actors::ids::{ConversationKey, Millis, Seq, Shard, TenantId};
use crest_actors::ports::{
    Activation, Append, BatchOutcome, Done, LogId, LogStore, StoreFailure, Stored,
};
use crossbeam::channel::{Sender, unbounded};

use super::answer::answer;
use super::engine::Engine;
use super::failure::{OpenFailure, closed};
use super::file::{Durability, Place, open_reader, open_writer};
use super::head::Heads;
use super::intake::{Intake, Load};
use super::inventory::Inventory;
use super::list::{Page, Query};
use super::name::logs_of;
use super::readers::{Ask, Asks, Readers};
use super::recover::recover;
use super::row::Chain;
use super::verify::{Fold, Progress, Report, verify};
use super::writer::{Command, Writer};

/// Logs in one SQLite file of a directory that no other process may open meanwhile.
pub struct EmbeddedStore {
    /// Bounded by `intake`, which everybody enters first.
    commands: Sender<Command>,
    intake: Arc<Intake>,
    asks: Asks,
    threads: Mutex<Option<(JoinHandle<()>, Readers)>>,
    file: PathBuf,
    _place: Place,
}

impl EmbeddedStore {
    /// Opens or creates the store in `directory`. After a crash it first names the rows written
    /// last, at most `limits::HORIZON_ROWS` and those of one commit.
    pub fn open(directory: &Path, durability: Durability) -> Result<Self, OpenFailure> {
        let place = Place::lock(directory)?;
        let file = place.file().to_path_buf();
        let mut connection = open_writer(&file, durability)?;
        let start = recover(&mut connection, &file)?;
        let heads = Arc::new(Heads::default());
        let intake = Arc::new(Intake::default());
        let readers = Readers::start(file.clone(), Arc::clone(&heads))?;
        let asks = readers.asks();
        let (commands, queue) = unbounded();
        let mut writer = Writer::new(
            connection,
            file.clone(),
            start,
            heads,
            Arc::clone(&intake),
            asks.clone(),
        );
        let way_in = Arc::clone(&intake);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                if catch_unwind(AssertUnwindSafe(|| writer.run(&queue))).is_err() {
                    tracing::error!("the store's writer died; everything is refused");
                    let failure = StoreFailure::Unavailable("the store's writer died".to_owned());
                    queue
                        .iter()
                        .take_while(|command| !matches!(command, Command::Close))
                        .for_each(|command| command.refuse(&way_in, &failure));
                }
            })
            .map_err(|source| OpenFailure::Io {
                path: file.clone(),
                source,
            })?;
        Ok(Self {
            commands,
            intake,
            asks,
            threads: Mutex::new(Some((thread, readers))),
            file,
            _place: place,
        })
    }

    /// The newest event's seq and link: kept elsewhere, it proves later that nothing up to it was
    /// changed or removed.
    pub fn newest(&self, log: LogId, done: Done<Result<(Seq, Chain), StoreFailure>>) {
        self.asks.ask(Ask::Newest(log, done));
    }

    /// Names every row in a locator and returns the newest row's number. Blocks.
    pub fn settle(&self) -> Result<u64, StoreFailure> {
        let (sender, answered) = mpsc::channel();
        self.command(
            Load::ONE,
            Command::Settle,
            Box::new(move |settled| {
                // The asker waits below.
                let _ = sender.send(settled);
            }),
        );
        answered.recv().expect("every command is answered")
    }

    /// Reads every log whole and compares: dense seqs, checksums, chain, locators, and each
    /// conversation's index row with what `fold` makes of its log. Blocks; reads in short
    /// transactions; exact while nobody writes. `Err`: the store could not be read to the end.
    pub fn verify(
        &self,
        fold: &mut Fold<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<Report, StoreFailure> {
        let rows = self.settle()?;
        let connection =
            open_reader(&self.file).map_err(|why| StoreFailure::Unavailable(why.to_string()))?;
        verify(&connection, &self.file, rows, fold, progress)
    }

    /// Where the rows lie.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Lets a command in, waiting for room, or answers that the store is closed.
    fn command<T>(
        &self,
        load: Load,
        command: impl FnOnce(Done<Result<T, StoreFailure>>) -> Command,
        done: Done<Result<T, StoreFailure>>,
    ) {
        if !self.intake.enter(load) {
            return answer(done, Err(closed()));
        }
        if let Err(unsent) = self.commands.send(command(done)) {
            unsent.into_inner().refuse(&self.intake, &closed());
        }
    }
}

impl LogStore for EmbeddedStore {
    fn activate(&self, log: LogId, done: Done<Result<Activation, StoreFailure>>) {
        self.command(Load::ONE, |done| Command::Activate(log, done), done);
    }

    fn submit(&self, batch: Vec<Append>, done: Done<BatchOutcome>) {
        let load = Load::of(&batch);
        self.command(load, |done| Command::Submit(batch, load, done), done);
    }

    fn read(
        &self,
        log: LogId,
        after: Seq,
        limit: usize,
        done: Done<Result<Vec<Stored>, StoreFailure>>,
    ) {
        self.asks.ask(Ask::Read(log, after, limit, done));
    }

    fn awake(&self, shards: Vec<Shard>, done: Done<Result<Vec<ConversationKey>, StoreFailure>>) {
        self.asks.ask(Ask::Awake(shards, done));
    }
}

impl Engine for EmbeddedStore {
    fn summary(&self, key: ConversationKey, done: Done<Result<Option<Summary>, StoreFailure>>) {
        self.asks.ask(Ask::Summary(key, done));
    }

    fn list(&self, query: Query, done: Done<Result<Page, StoreFailure>>) {
        self.asks.ask(Ask::List(query, done));
    }

    fn answers(&self) -> bool {
        self.intake.takes()
    }

    /// Names every row before it ends.
    fn close(&self) {
        let threads = self
            .threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some((writer, readers)) = threads else {
            return;
        };
        self.intake.close();
        // Fails only where the writer has ended already.
        let _ = self.commands.send(Command::Close);
        // The last owner may be an answer's closure, dropped on the writer's own thread.
        if writer.thread().id() != std::thread::current().id() && writer.join().is_err() {
            tracing::error!("the store's writer panicked while it closed");
        }
        readers.finish();
    }
}

impl Inventory for EmbeddedStore {
    fn logs(&self, tenant: &TenantId) -> Result<Vec<LogId>, StoreFailure> {
        let connection =
            open_reader(&self.file).map_err(|why| StoreFailure::Unavailable(why.to_string()))?;
        logs_of(&connection, tenant).map_err(|why| StoreFailure::Unavailable(why.to_string()))
    }

    fn whole(&self, log: &LogId) -> Result<Vec<Stored>, StoreFailure> {
        let (sender, answered) = mpsc::channel();
        let done = Box::new(move |read| {
            // The asker waits below.
            let _ = sender.send(read);
        });
        self.read(log.clone(), Seq(0), usize::MAX, done);
        answered.recv().expect("every read is answered")
    }

    fn reach_back(&self, _to: Millis) -> Result<(), StoreFailure> {
        Ok(()) // its lists follow an index over all of time
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        self.close();
    }
}
