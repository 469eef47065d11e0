//! The final log of a conversation, and its own consistency.

use std::collections::HashMap;

use crest_schema::frame::Id;
use crest_schema::frame::staff_view::{Opened, StaffEntry, StaffEvent};
use serde::{Deserialize, Serialize};

use super::anomaly::{Anomaly, Promise, Report};
use super::fact::{Fact, Kind, staff_fact};

/// A conversation as a supervisor reads it after the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    pub conversation: Id,
    pub customer: String,
    pub channel: String,
    pub entries: Vec<LogEntry>,
    /// How many of them were there when the run had become quiet, before viewers settled.
    pub quiet: usize,
}

/// What decides a place in a queue, of an event that begins a wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InLine {
    pub group: String,
    /// Unix milliseconds; carried over where the wait is taken up again.
    pub enqueued_at: u64,
    pub boost_ms: u64,
    /// Skills, a preferred agent or somebody excluded: it may be passed over for a while.
    pub particular: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogEntry {
    pub seq: u64,
    pub customer_seq: Option<u64>,
    /// Unix milliseconds, the server's clock.
    pub at: u64,
    pub fact: Fact,
    pub in_line: Option<InLine>,
}

impl Transcript {
    /// From the pages of `history`, in order.
    pub fn of(conversation: Id, entries: &[StaffEntry<'_>]) -> Self {
        let opened = entries.iter().find_map(|entry| match &entry.event {
            StaffEvent::Opened(opened) => Some(opened),
            _ => None,
        });
        let text = |field: fn(&Opened<'_>) -> String| opened.map_or_else(String::new, field);
        Self {
            conversation,
            customer: text(|opened| opened.customer.to_string()),
            channel: text(|opened| opened.channel.to_string()),
            quiet: entries.len(),
            entries: entries
                .iter()
                .map(|entry| LogEntry {
                    seq: entry.seq,
                    customer_seq: entry.customer_seq,
                    at: entry.at,
                    fact: staff_fact(conversation, entry),
                    in_line: in_line(&entry.event),
                })
                .collect(),
        }
    }
}

fn in_line(event: &StaffEvent<'_>) -> Option<InLine> {
    let StaffEvent::Waiting(waiting) = event else {
        return None;
    };
    let particular = waiting.sticky.is_some()
        || !waiting.required.is_empty()
        || !waiting.preferred.is_empty()
        || !waiting.excluded.is_empty();
    Some(InLine {
        group: waiting.group.to_string(),
        enqueued_at: waiting.enqueued_at,
        boost_ms: waiting.boost_ms,
        particular,
    })
}

/// The transcripts, to be asked by seq in either numbering and by message id.
pub(super) struct Logs<'a> {
    logs: HashMap<Id, Log<'a>>,
    by_id: HashMap<Id, (Id, &'a LogEntry)>,
}

pub(super) struct Log<'a> {
    pub transcript: &'a Transcript,
    by_customer_seq: HashMap<u64, &'a LogEntry>,
}

impl<'a> Logs<'a> {
    /// Indexes the transcripts and reports what is wrong with each by itself.
    pub fn new(transcripts: &'a [Transcript], report: &mut Report) -> Self {
        let mut logs = Logs {
            logs: HashMap::with_capacity(transcripts.len()),
            by_id: HashMap::new(),
        };
        for transcript in transcripts {
            logs.add(transcript, report);
        }
        logs
    }

    fn add(&mut self, transcript: &'a Transcript, report: &mut Report) {
        let conversation = transcript.conversation;
        let mut by_customer_seq = HashMap::new();
        let mut customer_last = 0;
        for (index, entry) in transcript.entries.iter().enumerate() {
            let at =
                |promise, detail: String| Anomaly::new(promise, detail).at(conversation, entry.seq);
            let due = index as u64 + 1;
            if entry.seq != due {
                report.add(at(
                    Promise::Dense,
                    format!("the log has {} where {due} is due", entry.seq),
                ));
            }
            if let Some(seq) = entry.customer_seq {
                if seq != customer_last + 1 {
                    let detail =
                        format!("customer number {seq} where {} is due", customer_last + 1);
                    report.add(at(Promise::Dense, detail));
                }
                customer_last = seq;
                by_customer_seq.insert(seq, entry);
                if entry.fact.kind.staff_only() {
                    let detail = format!("{:?} has a customer's number", entry.fact.kind);
                    report.add(at(Promise::Whisper, detail));
                }
            }
            if let Some(id) = entry.fact.id
                && let Some((first, earlier)) = self.by_id.insert(id, (conversation, entry))
            {
                let detail = format!("id {id} acted in {first} at {} already", earlier.seq);
                report.add(at(Promise::OneEffect, detail));
                // The first effect is the one that was acknowledged.
                self.by_id.insert(id, (first, earlier));
            }
        }
        let log = Log {
            transcript,
            by_customer_seq,
        };
        if self.logs.insert(conversation, log).is_some() {
            let detail = "the run holds two transcripts of it".to_owned();
            report.add(Anomaly::new(Promise::OneEffect, detail).of(conversation));
        }
    }

    pub fn log(&self, conversation: Id) -> Option<&Log<'a>> {
        self.logs.get(&conversation)
    }

    pub fn by_id(&self, id: Id) -> Option<(Id, &'a LogEntry)> {
        self.by_id.get(&id).copied()
    }
}

impl<'a> Log<'a> {
    pub fn staff(&self, seq: u64) -> Option<&'a LogEntry> {
        let index = usize::try_from(seq.checked_sub(1)?).ok()?;
        self.transcript.entries.get(index)
    }

    pub fn customer(&self, seq: u64) -> Option<&'a LogEntry> {
        self.by_customer_seq.get(&seq).copied()
    }

    /// The newest seq when the run was quiet, in the customer's numbering or the log's.
    pub fn quiet_last(&self, customer: bool) -> u64 {
        let quiet = self.transcript.entries.iter().take(self.transcript.quiet);
        let numbered = quiet.filter(|entry| !customer || entry.customer_seq.is_some());
        numbered.count() as u64
    }
}

impl Kind {
    /// Nothing of this kind may reach a customer under any number.
    fn staff_only(self) -> bool {
        matches!(
            self,
            Kind::Whisper
                | Kind::BotTurned
                | Kind::Offered
                | Kind::TransferRequested
                | Kind::TransferFailed
                | Kind::TakenOver
                | Kind::GivenBack
        )
    }
}
