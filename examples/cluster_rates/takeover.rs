//! How long the logs of many open conversations take to be another owner's: from the moment it
//! owns their shards until each has acknowledged an event of its own. What comes before, until the
//! old owner is known to be dead, is the lease's time and not measured here.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Instant;

use anyhow::ensure;
use crest::store::Engine;
use crest::store::cql::{CqlStore, Epoch};
use crest_actors::conversation::{PhaseKind, Summary};
use crest_actors::ids::{Millis, Seq, Shard};
use crest_actors::ports::{Append, LogId, LogStore, Record};

use crate::durable::log;
use crate::servers::Keyspace;

/// Opened at once.
const AT_ONCE: usize = 256;
/// Each conversation's before it is taken over.
const EVENTS: u64 = 8;

pub fn measure(server: &str, conversations: u64) -> anyhow::Result<()> {
    let keyspace = Keyspace::make(server, "takeover")?;
    let logs: Vec<LogId> = (0..conversations).map(|n| log(0, n)).collect();
    let old = owner(&keyspace, 1)?;
    say(&old, logs, EVENTS)?;
    // As a process that is killed leaves it; it acknowledges nothing any more.
    drop(old);
    let new = owner(&keyspace, 2)?;
    let begun = Instant::now();
    let (sender, found) = mpsc::channel();
    let shards = Shard::all().collect();
    // The receiver waits below.
    new.awake(shards, Box::new(move |it| drop(sender.send(it))));
    let found = found.recv()?.map_err(|why| anyhow::anyhow!("{why}"))?;
    let swept = begun.elapsed();
    ensure!(found.len() as u64 == conversations, "{} found", found.len());
    let logs = found.into_iter().map(LogId::Conversation).collect();
    let mut ready = say(&new, logs, 1)?;
    ready.sort_unstable_by(f64::total_cmp);
    let all = begun.elapsed();
    let at = |share: usize| ready[(ready.len() - 1) * share / 100] + swept.as_secs_f64();
    println!(
        "| takeover of {conversations} open conversations | {:.1} s until all acknowledge | half {:.1} s, 99 % {:.1} s, found after {:.1} s | |",
        all.as_secs_f64(),
        at(50),
        at(99),
        swept.as_secs_f64(),
    );
    new.close();
    Ok(())
}

fn owner(keyspace: &Keyspace, epoch: u64) -> anyhow::Result<CqlStore> {
    let epochs = Arc::new(move |_| Some(epoch));
    Ok(CqlStore::open(&keyspace.0, Epoch::Held(epochs))?)
}

enum Answer {
    Opened(Option<Box<Append>>),
    Stored(bool),
}

/// Opens every log and appends so many events to it in one append. Returns after how many seconds
/// each was acknowledged.
fn say(store: &CqlStore, logs: Vec<LogId>, events: u64) -> anyhow::Result<Vec<f64>> {
    let begun = Instant::now();
    let (sender, answers) = mpsc::channel();
    let mut waiting = logs.into_iter();
    let mut in_flight = 0;
    let mut ready = Vec::new();
    loop {
        while in_flight < AT_ONCE
            && let Some(log) = waiting.next()
        {
            in_flight += 1;
            open(store, log, events, &sender);
        }
        if in_flight == 0 {
            return Ok(ready);
        }
        match answers.recv()? {
            (_, Answer::Opened(Some(append))) => {
                let (log, sender) = (append.log.clone(), sender.clone());
                let done = move |outcome| {
                    // The other end is gone only after a failure that was already told.
                    let _ = sender.send((log, Answer::Stored(outcome == Ok(vec![]))));
                };
                store.submit(vec![*append], Box::new(done));
            }
            (_, Answer::Stored(true)) => {
                in_flight -= 1;
                ready.push(begun.elapsed().as_secs_f64());
            }
            (log, Answer::Opened(None) | Answer::Stored(false)) => {
                anyhow::bail!("{log:?} was refused")
            }
        }
    }
}

fn open(store: &CqlStore, log: LogId, events: u64, sender: &mpsc::Sender<(LogId, Answer)>) {
    let sender = sender.clone();
    let asked = log.clone();
    let done = move |opened: Result<crest_actors::ports::Activation, _>| {
        let append = opened.ok().map(|opened| {
            Box::new(Append {
                log: log.clone(),
                token: opened.token,
                first: Seq(opened.records.len() as u64 + 1),
                records: vec![
                    Record {
                        body: vec![7; 200],
                        base: false,
                    };
                    events as usize
                ],
                // An opened conversation is awake; one that goes on says nothing new of itself.
                summary: summary(&log).filter(|_| opened.records.is_empty()),
            })
        });
        let _ = sender.send((log, Answer::Opened(append)));
    };
    store.activate(asked, Box::new(done));
}

fn summary(log: &LogId) -> Option<Summary> {
    let LogId::Conversation(key) = log else {
        return None;
    };
    Some(Summary {
        key: key.clone(),
        customer: "li".into(),
        channel: "web".into(),
        tier: 0,
        phase: PhaseKind::Active,
        position: Seq(1),
        group: "presale".into(),
        agent: Some("mei".into()),
        taken_over: false,
        opened_at: Millis(1),
        phase_since: Millis(1),
        enqueued_at: None,
        closed_at: None,
        close_reason: None,
        rating: None,
        awake: true,
    })
}
