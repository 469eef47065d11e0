//! Threads that answer reads, each with a connection of its own and short transactions.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use crest_actors::conversation::Summary;
use crest_actors::ids::{ConversationKey, Seq, Shard, Token};
use crest_actors::ports::{Activation, Done, LogId, StoreFailure, Stored};
use crossbeam::channel::{Receiver, Sender, TrySendError, bounded};
use metrics::counter;
use rusqlite::Connection;

use super::answer::answer;
use super::failure::{OpenFailure, Trouble, closed, crowded};
use super::file::open_reader;
use super::head::{End, Heads};
use super::limits::{READERS, READS_MAX};
use super::list::{Page, Query, list};
use super::row::{Chain, genesis};
use super::run::Run;
use super::summary;
use super::transcript::{Read, Transcript, number_of};

type Answer<T> = Done<Result<T, StoreFailure>>;

/// What a reader is asked.
pub enum Ask {
    /// The token is given and older ones are fenced already; the rest is reading.
    Activate(LogId, Token, Answer<Activation>),
    Read(LogId, Seq, usize, Answer<Vec<Stored>>),
    Newest(LogId, Answer<(Seq, Chain)>),
    Awake(Vec<Shard>, Answer<Vec<ConversationKey>>),
    Summary(ConversationKey, Answer<Option<Summary>>),
    List(Query, Answer<Page>),
    /// Ends one thread, after all that was asked before.
    End,
}

/// The pool; dropping its asks ends the threads.
pub struct Readers {
    asks: Sender<Ask>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    pub fn start(file: PathBuf, heads: Arc<Heads>) -> Result<Self, OpenFailure> {
        let (asks, queue) = bounded(READS_MAX);
        let threads = (0..READERS)
            .map(|_| {
                let reader = Reader {
                    connection: open_reader(&file)?,
                    file: file.clone(),
                    heads: Arc::clone(&heads),
                };
                let queue = queue.clone();
                std::thread::Builder::new()
                    .name("store-reader".to_owned())
                    .spawn(move || reader.run(&queue))
                    .map_err(|source| OpenFailure::Io {
                        path: file.clone(),
                        source,
                    })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { asks, threads })
    }

    /// A way to ask that outlives this borrow.
    pub fn asks(&self) -> Asks {
        Asks(self.asks.clone())
    }

    /// Answers what is queued and ends the threads; what is asked afterwards is refused.
    pub fn finish(self) {
        for _ in &self.threads {
            // Fails only where every thread has ended already.
            let _ = self.asks.send(Ask::End);
        }
        for thread in self.threads {
            // The last owner may be an answer's closure, dropped on one of these threads.
            let own = thread.thread().id() == std::thread::current().id();
            if !own && thread.join().is_err() {
                tracing::error!("a reader of the store panicked");
            }
        }
    }
}

/// Puts questions into the queue of the readers.
#[derive(Clone)]
pub struct Asks(Sender<Ask>);

impl Asks {
    /// Never waits: with [`READS_MAX`] waiting already the answer is `Unavailable` at once.
    pub fn ask(&self, ask: Ask) {
        match self.0.try_send(ask) {
            Ok(()) => {}
            Err(TrySendError::Full(ask)) => ask.refuse(crowded()),
            Err(TrySendError::Disconnected(ask)) => ask.refuse(closed()),
        }
    }
}

impl Ask {
    pub fn refuse(self, failure: StoreFailure) {
        match self {
            Ask::Activate(_, _, done) => answer(done, Err(failure)),
            Ask::Read(_, _, _, done) => answer(done, Err(failure)),
            Ask::Newest(_, done) => answer(done, Err(failure)),
            Ask::Awake(_, done) => answer(done, Err(failure)),
            Ask::Summary(_, done) => answer(done, Err(failure)),
            Ask::List(_, done) => answer(done, Err(failure)),
            Ask::End => {}
        }
    }
}

/// A log is read to start its actor, or for somebody who missed some of it.
fn count(log: &LogId) {
    let of = match log {
        LogId::Conversation(_) => "conversation",
        LogId::Ledger(_) => "ledger",
        LogId::Pointer(_) => "pointer",
    };
    counter!("crest_store_log_reads_total", "of" => of).increment(1);
}

struct Reader {
    connection: Connection,
    file: PathBuf,
    heads: Arc<Heads>,
}

impl Reader {
    fn run(&self, queue: &Receiver<Ask>) {
        for ask in queue {
            match ask {
                Ask::Activate(log, token, done) => {
                    count(&log);
                    answer(done, self.activate(&log, token));
                }
                Ask::Read(log, after, limit, done) => {
                    count(&log);
                    let read = self.read(&log, after, limit);
                    answer(done, read.map(|read| read.records).map_err(Into::into));
                }
                Ask::Newest(log, done) => answer(done, self.newest(&log).map_err(Into::into)),
                Ask::Awake(shards, done) => {
                    answer(done, self.awake(&shards).map_err(Into::into));
                }
                Ask::Summary(key, done) => {
                    let found = summary::find(&self.connection, &key);
                    answer(done, self.sql(found).map_err(Into::into));
                }
                Ask::List(query, done) => {
                    let page = list(&self.connection, &query);
                    answer(done, self.sql(page).map_err(Into::into));
                }
                Ask::End => return,
            }
        }
    }

    fn activate(&self, log: &LogId, token: Token) -> Result<Activation, StoreFailure> {
        let read = match self.transcript(log) {
            Ok(Some(transcript)) => transcript
                .since_newest_base()
                .map(|read| (Some(transcript.log_no), read)),
            Ok(None) => Ok((None, empty(log))),
            Err(trouble) => Err(trouble),
        };
        match read {
            Ok((log_no, read)) => {
                self.learn(log, token, log_no, &read);
                Ok(Activation {
                    token,
                    records: read.records,
                })
            }
            Err(trouble) => {
                // An unread log takes no appends; the next activation tries again.
                self.heads.remove_if(log, |_, head| {
                    head.token == token && head.end == End::Unread
                });
                Err(trouble.into())
            }
        }
    }

    /// Tells the writer where the log ends, unless it knows or a newer activation will say.
    fn learn(&self, log: &LogId, token: Token, log_no: Option<u64>, read: &Read) {
        if let Some(mut head) = self.heads.get_mut(log)
            && head.end == End::Unread
            && head.token == token
        {
            head.log_no = log_no;
            head.end = End::Known {
                last: read.last,
                chain: read.chain.unwrap_or_else(|| genesis(log)),
            };
            head.open = Run::starting(read.last + 1);
        }
    }

    fn read(&self, log: &LogId, after: Seq, limit: usize) -> Result<Read, Trouble> {
        match self.transcript(log)? {
            Some(transcript) => transcript.since(after.0.saturating_add(1), limit),
            None => Ok(empty(log)),
        }
    }

    fn newest(&self, log: &LogId) -> Result<(Seq, Chain), Trouble> {
        let read = match self.transcript(log)? {
            Some(transcript) => transcript.newest()?,
            None => empty(log),
        };
        Ok((Seq(read.last), read.chain.unwrap_or_else(|| genesis(log))))
    }

    fn awake(&self, shards: &[Shard]) -> Result<Vec<ConversationKey>, Trouble> {
        let mut keys = Vec::new();
        for shard in shards {
            keys.extend(self.sql(summary::awake(&self.connection, *shard))?);
        }
        Ok(keys)
    }

    /// The log, if it was ever appended to.
    fn transcript<'a>(&'a self, log: &'a LogId) -> Result<Option<Transcript<'a>>, Trouble> {
        let known = self
            .heads
            .get(log)
            .and_then(|head| Some((head.log_no?, head.open.clone())));
        let (log_no, open) = match known {
            Some(known) => known,
            None => match self.sql(number_of(&self.connection, log))? {
                Some(log_no) => (log_no, Run::default()),
                None => return Ok(None),
            },
        };
        Ok(Some(Transcript {
            connection: &self.connection,
            file: &self.file,
            log,
            log_no,
            open,
        }))
    }

    fn sql<T>(&self, result: rusqlite::Result<T>) -> Result<T, Trouble> {
        result.map_err(|error| Trouble::of(&self.file, &error))
    }
}

fn empty(log: &LogId) -> Read {
    Read {
        records: Vec::new(),
        last: 0,
        chain: Some(genesis(log)),
    }
}
