//! Transcripts, ledgers and pointers: each log is compared, continued where it is short, and compared
//! again, several at a time.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use crest_actors::conversation::Summary;
use crest_actors::ids::{Millis, Seq, TenantId};
use crest_actors::ports::{Append, LogId, StoreFailure, Stored};

use super::failure::CopyFailure;
use super::{Fold, Progress};
use crate::store::{Inventory, display};

/// Logs copied side by side: each waits for the stores most of the time.
const AT_ONCE: usize = 16;
/// Events of one append: some 1 MB of the longest messages.
const APPEND_EVENTS: usize = 64;

type Store = Arc<dyn Inventory>;

/// What is at the target's log store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopiedLogs {
    pub conversations: u64,
    pub ledgers: u64,
    pub pointers: u64,
    pub events: u64,
    pub body_bytes: u64,
    /// Events that this run wrote; the others were there from an earlier one.
    pub written: u64,
    /// BLAKE3 over every log's name and events: the same at both ends. It leaves out who wrote an
    /// event when, so it is no digest of `crest verify`.
    pub digest: [u8; 32],
}

/// Copies every log of the tenant that is young enough for the target.
pub fn copy(
    from: &Store,
    to: &Store,
    tenant: &TenantId,
    fold: Fold<'_>,
    progress: Progress<'_>,
) -> Result<CopiedLogs, CopyFailure> {
    let mut logs = from.logs(tenant)?;
    logs.retain(|log| to.keeps(log));
    logs.sort();
    if let Some(oldest) = logs.iter().filter_map(born).min() {
        to.reach_back(oldest)?;
    }
    let all = logs.len() as u64;
    let work = Mutex::new(logs.into_iter());
    let (done, failed) = (AtomicU64::new(0), AtomicBool::new(false));
    let one_by_one = || {
        let mut copied = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let next = work.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(log) = next else { break };
            match copy_one(from, to, &log, fold) {
                Ok(one) => copied.push((log, one)),
                Err(failure) => {
                    failed.store(true, Ordering::Relaxed);
                    return Err(failure);
                }
            }
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, all);
        }
        Ok(copied)
    };
    let mut copied = Vec::new();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(one_by_one)).collect();
        for worker in workers {
            copied.extend(worker.join().expect("a worker does not panic")?);
        }
        Ok::<_, CopyFailure>(())
    })?;
    copied.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(sum(copied))
}

/// One log at both ends.
struct One {
    events: u64,
    body_bytes: u64,
    written: u64,
    digest: blake3::Hash,
}

fn copy_one(from: &Store, to: &Store, log: &LogId, fold: Fold<'_>) -> Result<One, CopyFailure> {
    let source = from.whole(log)?;
    let there = to.whole(log)?;
    if !source.starts_with(&there) {
        return Err(CopyFailure::Conflict(display(log)));
    }
    if there.len() < source.len() {
        let summary = summary(log, &source, fold)?;
        write(to, log, &source, there.len(), summary)?;
        if to.whole(log)? != source {
            return Err(CopyFailure::Differs(display(log)));
        }
    }
    Ok(One {
        events: source.len() as u64,
        body_bytes: source.iter().map(|it| it.record.body.len() as u64).sum(),
        written: (source.len() - there.len()) as u64,
        digest: digest(log, &source),
    })
}

fn summary(log: &LogId, events: &[Stored], fold: Fold<'_>) -> Result<Option<Summary>, CopyFailure> {
    match log {
        LogId::Conversation(key) => fold(key, events).map_err(|why| CopyFailure::Fold {
            log: display(log),
            why,
        }),
        LogId::Ledger(_) | LogId::Pointer(_) => Ok(None),
    }
}

/// Appends what is missing; the index row comes with the last event.
fn write(
    to: &Store,
    log: &LogId,
    events: &[Stored],
    there: usize,
    mut summary: Option<Summary>,
) -> Result<(), CopyFailure> {
    let token = wait(|done| to.activate(log.clone(), done))?.token;
    let mut lots = events[there..].chunks(APPEND_EVENTS).peekable();
    while let Some(lot) = lots.next() {
        let append = Append {
            log: log.clone(),
            token,
            first: lot[0].seq,
            records: lot.iter().map(|stored| stored.record.clone()).collect(),
            summary: match lots.peek() {
                Some(_) => None,
                None => summary.take(),
            },
        };
        let refused = wait(|done| to.submit(vec![append], done))?;
        if !refused.is_empty() {
            return Err(CopyFailure::Conflict(display(log)));
        }
    }
    Ok(())
}

fn digest(log: &LogId, events: &[Stored]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(display(log).as_bytes());
    for Stored {
        seq: Seq(seq),
        record,
    } in events
    {
        hasher.update(&seq.to_le_bytes());
        hasher.update(&[u8::from(record.base)]);
        hasher.update(&(record.body.len() as u64).to_le_bytes());
        hasher.update(&record.body);
    }
    hasher.finalize()
}

fn sum(copied: Vec<(LogId, One)>) -> CopiedLogs {
    let mut all = CopiedLogs::default();
    let mut hasher = blake3::Hasher::new();
    for (log, one) in copied {
        match log {
            LogId::Conversation(_) => all.conversations += 1,
            LogId::Ledger(_) => all.ledgers += 1,
            LogId::Pointer(_) => all.pointers += 1,
        }
        all.events += one.events;
        all.body_bytes += one.body_bytes;
        all.written += one.written;
        hasher.update(one.digest.as_bytes());
    }
    all.digest = *hasher.finalize().as_bytes();
    all
}

fn born(log: &LogId) -> Option<Millis> {
    match log {
        LogId::Conversation(key) => Some(key.id.minted_at()),
        LogId::Ledger(_) | LogId::Pointer(_) => None,
    }
}

/// Calls and waits for the answer.
fn wait<T: Send + 'static>(
    call: impl FnOnce(crest_actors::ports::Done<Result<T, StoreFailure>>),
) -> Result<T, StoreFailure> {
    let (sender, receiver) = mpsc::channel();
    call(Box::new(move |answer| {
        // The asker waits below.
        let _ = sender.send(answer);
    }));
    let gone = |_| StoreFailure::Unavailable("the store ended".to_owned());
    receiver.recv().map_err(gone)?
}
