//! The one thread that writes: takes everything queued, stores it in one commit, answers in order.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use crest_actors::ids::Token;
use crest_actors::ports::{Activation, Append, BatchOutcome, Done, LogId, StoreFailure};
use crossbeam::channel::Receiver;
use metrics::{counter, gauge, histogram};
use rusqlite::Connection;

use crate::fault::fault_point;

use super::answer::answer;
use super::failure::Trouble;
use super::head::{End, Head, Heads, oldest_kept};
use super::intake::{Intake, Load, Newest};
use super::limits::{
    CHECKPOINT_BYTES, COMMIT_BYTES_MAX, COMMIT_ROWS_MAX, HORIZON_ROWS, RESIDENT_LOGS_MAX,
};
use super::readers::{Ask, Asks};
use super::recover::Start;
use super::run::Run;
use super::staged::Staged;

/// What the writer is told, in the order it is carried out.
pub enum Command {
    Submit(Vec<Append>, Load, Done<BatchOutcome>),
    Activate(LogId, Done<Result<Activation, StoreFailure>>),
    /// Name every row in a locator; answers the newest row's number.
    Settle(Done<Result<u64, StoreFailure>>),
    /// End once all that was let in is answered.
    Close,
}

/// An answer that waits for the commit.
enum Pending {
    Submitted(Vec<LogId>, Load, Done<BatchOutcome>),
    Activated(LogId, Token, Done<Result<Activation, StoreFailure>>),
    Settled(Done<Result<u64, StoreFailure>>),
}

pub struct Writer {
    connection: Connection,
    file: PathBuf,
    heads: Arc<Heads>,
    intake: Arc<Intake>,
    asks: Asks,
    epoch: u64,
    activations: u64,
    next_row: u64,
    next_log_no: u64,
    horizon: u64,
    /// Written to the write-ahead log since the last checkpoint, roughly.
    unchecked_bytes: u64,
    /// Why nothing is written any more.
    sealed: Option<Trouble>,
    closing: bool,
}

impl Writer {
    pub fn new(
        connection: Connection,
        file: PathBuf,
        start: Start,
        heads: Arc<Heads>,
        intake: Arc<Intake>,
        asks: Asks,
    ) -> Self {
        Self {
            connection,
            file,
            heads,
            intake,
            asks,
            epoch: start.epoch,
            activations: 0,
            next_row: start.next_row,
            next_log_no: start.next_log_no,
            horizon: start.next_row - 1,
            unchecked_bytes: 0,
            sealed: None,
            closing: false,
        }
    }

    /// Carries out commands until it is closed and everything let in is answered.
    pub fn run(&mut self, commands: &Receiver<Command>) {
        while !(self.closing && self.intake.is_empty()) {
            let Ok(first) = commands.recv() else { break };
            let group = self.gather(first, commands);
            self.carry_out(group);
            if self.unchecked_bytes >= CHECKPOINT_BYTES {
                self.checkpoint("PRAGMA wal_checkpoint(PASSIVE)");
            }
        }
        if self.sealed.is_none() {
            self.settle_and_end();
        }
    }

    /// Everything queued by now, up to the bounds of one commit.
    fn gather(&mut self, first: Command, commands: &Receiver<Command>) -> Vec<Command> {
        let mut load = Load::default();
        let mut group = Vec::new();
        let mut next = Some(first);
        while let Some(command) = next {
            match &command {
                Command::Submit(_, more, _) => {
                    load.rows += more.rows;
                    load.bytes += more.bytes;
                }
                Command::Close => self.closing = true,
                Command::Activate(..) | Command::Settle(_) => load.rows += Load::ONE.rows,
            }
            group.push(command);
            let full = load.rows >= COMMIT_ROWS_MAX || load.bytes >= COMMIT_BYTES_MAX;
            next = if full { None } else { commands.try_recv().ok() };
        }
        group
    }

    fn carry_out(&mut self, group: Vec<Command>) {
        if let Some(trouble) = &self.sealed {
            let failure = StoreFailure::from(trouble.clone());
            for command in group {
                command.refuse(&self.intake, &failure);
            }
            return;
        }
        let started = Instant::now();
        let mut staged = Staged::new(self.next_row, self.next_log_no);
        let mut pending = Vec::with_capacity(group.len());
        let stored = self.store(group, &mut staged, &mut pending);
        let outcome = match stored {
            Ok(()) => {
                histogram!("crest_store_commit_rows")
                    .record((staged.next_row - self.next_row) as f64);
                histogram!("crest_store_commit_seconds").record(started.elapsed().as_secs_f64());
                if staged.next_row > self.next_row {
                    self.intake.told(Newest::Stored);
                }
                self.adopt(staged);
                Ok(())
            }
            Err(trouble) => {
                self.roll_back(&trouble);
                Err(StoreFailure::from(trouble))
            }
        };
        for answer in pending {
            self.conclude(answer, &outcome);
        }
    }

    /// One transaction around all of it. Every command ends in `pending`, whatever happens.
    fn store(
        &mut self,
        group: Vec<Command>,
        staged: &mut Staged,
        pending: &mut Vec<Pending>,
    ) -> Result<(), Trouble> {
        let mut trouble = None;
        let mut writing = false;
        let mut settle = false;
        for command in group {
            match command {
                Command::Submit(batch, load, done) => {
                    let mut refused = Vec::new();
                    if trouble.is_none() {
                        trouble = self.stage(batch, staged, &mut writing, &mut refused).err();
                    }
                    pending.push(Pending::Submitted(refused, load, done));
                }
                Command::Activate(log, done) => {
                    let token = self.fence(&log, staged);
                    pending.push(Pending::Activated(log, token, done));
                }
                Command::Settle(done) => {
                    settle = true;
                    pending.push(Pending::Settled(done));
                }
                Command::Close => {}
            }
        }
        if let Some(trouble) = trouble {
            return Err(trouble);
        }
        if settle || staged.next_row - 1 - self.horizon >= HORIZON_ROWS {
            self.begin(&mut writing)?;
            let moved = staged.move_horizon(&self.connection, &self.heads);
            self.sql(moved)?;
        }
        if writing {
            fault_point("after_write");
            self.sql(self.connection.execute_batch("COMMIT"))?;
            fault_point("after_sync");
        }
        Ok(())
    }

    fn stage(
        &mut self,
        batch: Vec<Append>,
        staged: &mut Staged,
        writing: &mut bool,
        refused: &mut Vec<LogId>,
    ) -> Result<(), Trouble> {
        self.begin(writing)?;
        for append in batch {
            let stored = staged.append(&self.connection, &self.heads, &append);
            if !self.sql(stored)? {
                counter!("crest_store_refused_appends_total").increment(1);
                refused.push(append.log);
            }
        }
        Ok(())
    }

    fn begin(&self, writing: &mut bool) -> Result<(), Trouble> {
        if !*writing {
            fault_point("before_write");
            self.sql(self.connection.execute_batch("BEGIN IMMEDIATE"))?;
            *writing = true;
        }
        Ok(())
    }

    /// From here on only the token returned may append.
    fn fence(&mut self, log: &LogId, staged: &mut Staged) -> Token {
        self.activations += 1;
        let token = Token {
            epoch: self.epoch,
            activation: self.activations,
        };
        let used = self.next_row;
        self.heads
            .entry(log.clone())
            .and_modify(|head| {
                head.token = token;
                head.used = used;
            })
            .or_insert_with(|| {
                Box::new(Head {
                    log_no: None,
                    token,
                    end: End::Unread,
                    open: Run::default(),
                    used,
                })
            });
        staged.fence(log, token);
        token
    }

    /// What was staged is durable: it becomes what is known.
    fn adopt(&mut self, staged: Staged) {
        self.next_row = staged.next_row;
        self.next_log_no = staged.next_log_no;
        self.unchecked_bytes += staged.written_bytes();
        for (log, head) in staged.heads {
            self.heads.insert(log, head);
        }
        if let Some(horizon) = staged.horizon {
            self.horizon = horizon;
            self.drop_least_used();
        }
    }

    /// Full: nothing is stored and nothing is lost. Anything else: what the disk holds is not
    /// known, and asking it again would prove nothing, so no more is written.
    fn roll_back(&mut self, trouble: &Trouble) {
        let rolled_back =
            self.connection.is_autocommit() || self.connection.execute_batch("ROLLBACK").is_ok();
        if *trouble == Trouble::Full && rolled_back {
            counter!("crest_store_full_total").increment(1);
            self.intake.told(Newest::Refused(Instant::now()));
            return;
        }
        self.seal(trouble.clone());
    }

    fn seal(&mut self, trouble: Trouble) {
        tracing::error!(
            ?trouble,
            "the log store is sealed: reads go on, nothing is written"
        );
        gauge!("crest_store_sealed").set(1.0);
        self.intake.told(Newest::Sealed);
        self.sealed = Some(match trouble {
            Trouble::Corrupt(what) => Trouble::Corrupt(what),
            Trouble::Full => Trouble::Broken("store sealed: roll-back failed".to_owned()),
            Trouble::Broken(what) => Trouble::Broken(format!("store sealed: {what}")),
        });
    }

    fn conclude(&self, pending: Pending, outcome: &Result<(), StoreFailure>) {
        match pending {
            Pending::Submitted(refused, load, done) => {
                self.leave(load);
                answer(done, outcome.clone().map(|()| refused));
            }
            Pending::Activated(log, token, done) => {
                self.leave(Load::ONE);
                self.asks.ask(Ask::Activate(log, token, done));
            }
            Pending::Settled(done) => {
                self.leave(Load::ONE);
                answer(done, outcome.clone().map(|()| self.next_row - 1));
            }
        }
    }

    fn leave(&self, load: Load) {
        gauge!("crest_store_intake_rows").set(self.intake.leave(load) as f64);
    }

    /// Keeps memory bounded: the quarter least recently used is forgotten, and fenced by that.
    fn drop_least_used(&self) {
        if self.heads.len() <= RESIDENT_LOGS_MAX {
            return;
        }
        let oldest_kept = oldest_kept(self.heads.iter().map(|head| head.used));
        self.heads
            .retain(|_, head| head.used >= oldest_kept || head.end == End::Unread);
    }

    fn checkpoint(&mut self, pragma: &str) {
        let started = Instant::now();
        self.unchecked_bytes = 0;
        match self.sql(self.connection.query_row(pragma, [], |_| Ok(()))) {
            Ok(()) | Err(Trouble::Full) => {}
            Err(trouble) => self.seal(trouble),
        }
        histogram!("crest_store_checkpoint_seconds").record(started.elapsed().as_secs_f64());
    }

    /// The next opening finds every row named and an empty write-ahead log.
    fn settle_and_end(&mut self) {
        let mut staged = Staged::new(self.next_row, self.next_log_no);
        let settle = Command::Settle(Box::new(|_| {}));
        match self.store(vec![settle], &mut staged, &mut Vec::new()) {
            Ok(()) => self.checkpoint("PRAGMA wal_checkpoint(TRUNCATE)"),
            Err(trouble) => self.roll_back(&trouble),
        }
    }

    fn sql<T>(&self, result: rusqlite::Result<T>) -> Result<T, Trouble> {
        result.map_err(|error| Trouble::of(&self.file, &error))
    }
}

impl Command {
    /// Gives its room back and answers it.
    pub fn refuse(self, intake: &Intake, failure: &StoreFailure) {
        let failure = failure.clone();
        match self {
            Command::Submit(_, load, done) => {
                intake.leave(load);
                answer(done, Err(failure));
            }
            Command::Activate(_, done) => {
                intake.leave(Load::ONE);
                answer(done, Err(failure));
            }
            Command::Settle(done) => {
                intake.leave(Load::ONE);
                answer(done, Err(failure));
            }
            Command::Close => {}
        }
    }
}
