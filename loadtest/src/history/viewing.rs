//! What clients were shown: numbers in order, the same for everybody, and as the log has them.

use std::collections::HashMap;

use crest_schema::frame::Id;

use super::anomaly::{Anomaly, Promise, Report};
use super::fact::{Fact, Kind};
use super::log::{LogEntry, Logs};
use super::seen::{Client, Observation, Seen, Side};

/// One connection's view of one conversation.
type View = (usize, u32, Id);

pub(super) struct Viewing<'a> {
    clients: &'a [Client],
    logs: &'a Logs<'a>,
    /// The last seq each view has, while it looks.
    last: HashMap<View, u64>,
    /// Views of each connection, so that settling one is linear.
    looking: HashMap<(usize, u32), Vec<Id>>,
    /// Who first saw this number, and what.
    first: HashMap<(Id, Side, u64), (usize, u64)>,
    /// Where each whisper belongs, by its text and by the digest of it.
    whispers: HashMap<&'a str, Id>,
    whisper_digests: HashMap<u64, Id>,
}

impl<'a> Viewing<'a> {
    pub fn new(clients: &'a [Client], logs: &'a Logs<'a>) -> Self {
        Self {
            clients,
            logs,
            last: HashMap::new(),
            looking: HashMap::new(),
            first: HashMap::new(),
            whispers: HashMap::new(),
            whisper_digests: HashMap::new(),
        }
    }

    pub fn take(&mut self, observation: &'a Observation, report: &mut Report) {
        let (client, connection) = (observation.client, observation.connection);
        match &observation.seen {
            Seen::From {
                conversation,
                after,
            } => {
                self.look((client, connection, *conversation), *after);
            }
            Seen::Detached { conversation } => {
                self.last.remove(&(client, connection, *conversation));
            }
            Seen::Event {
                conversation,
                seq,
                customer_seq,
                fact,
            } => {
                let view = (client, connection, *conversation);
                self.in_turn(view, *seq, *seq, report);
                self.as_others(view, *seq, fact, report);
                self.as_logged(view, *seq, *customer_seq, fact, report);
            }
            Seen::Gap {
                conversation,
                from,
                to,
            } => {
                if to < from {
                    let detail = format!("a gap from {from} to {to}");
                    report.add(self.anomaly(
                        Promise::Resume,
                        (client, connection, *conversation),
                        *from,
                        detail,
                    ));
                }
                self.in_turn((client, connection, *conversation), *from, *to, report);
            }
            Seen::Whispered {
                conversation, text, ..
            } => {
                self.whispers.insert(text, *conversation);
                self.whisper_digests
                    .insert(super::fact::digest(text.as_str()), *conversation);
            }
            Seen::Marked { text } => self.marked(client, text, report),
            Seen::Settled => self.settled(client, connection, report),
            _ => {}
        }
    }

    fn look(&mut self, view: View, after: u64) {
        if self.last.insert(view, after).is_none() {
            let (client, connection, conversation) = view;
            let seen = self.looking.entry((client, connection)).or_default();
            seen.push(conversation);
        }
    }

    /// `from` must be the next number; then `to` is the last.
    fn in_turn(&mut self, view: View, from: u64, to: u64, report: &mut Report) {
        // What a customer did not name in its hello is shown from the beginning.
        let last = self.last.get(&view).copied().unwrap_or_else(|| {
            self.look(view, 0);
            0
        });
        if from <= last {
            let detail = format!("shown again after {last}");
            report.add(self.anomaly(Promise::Resume, view, from, detail));
        } else if from > last + 1 {
            let detail = format!("follows {last} without a gap frame");
            report.add(self.anomaly(Promise::Resume, view, from, detail));
        }
        self.last.insert(view, last.max(to));
    }

    fn as_others(&mut self, view: View, seq: u64, fact: &Fact, report: &mut Report) {
        let (client, _, conversation) = view;
        let side = self.clients[client].side;
        let (first, whole) = *self
            .first
            .entry((conversation, side, seq))
            .or_insert((client, fact.whole));
        if whole != fact.whole {
            let detail = format!("{:?} here, something else to the other", fact.kind);
            let anomaly = self.anomaly(Promise::Order, view, seq, detail);
            report.add(anomaly.by(&self.clients[first].name));
        }
    }

    fn as_logged(
        &self,
        view: View,
        seq: u64,
        customer_seq: Option<u64>,
        fact: &Fact,
        report: &mut Report,
    ) {
        let (client, _, conversation) = view;
        let customer = self.clients[client].side == Side::Customer;
        let log = self.logs.log(conversation);
        let entry = log.and_then(|log| {
            if customer {
                log.customer(seq)
            } else {
                log.staff(seq)
            }
        });
        if customer && let Some(whispered) = self.whisper_digests.get(&fact.content) {
            let detail = format!("the words of a whisper in {whispered}");
            report.add(self.anomaly(Promise::Whisper, view, seq, detail));
        }
        let Some(entry) = entry else {
            let detail = format!("{:?} was shown and is not in the log", fact.kind);
            report.add(self.anomaly(Promise::Shown, view, seq, detail));
            return;
        };
        let same = if customer {
            same_to_customer(fact, entry)
        } else {
            fact.whole == entry.fact.whole && customer_seq == entry.customer_seq
        };
        if !same {
            let detail = format!("shown as {:?}, logged as {:?}", fact.kind, entry.fact.kind);
            report.add(self.anomaly(Promise::Order, view, seq, detail));
        }
    }

    fn marked(&self, client: usize, text: &str, report: &mut Report) {
        if self.clients[client].side != Side::Customer {
            return;
        }
        let detail = format!("a frame with {text:?}");
        let mut anomaly = Anomaly::new(Promise::Whisper, detail).by(&self.clients[client].name);
        anomaly.conversation = self.whispers.get(text).copied();
        report.add(anomaly);
    }

    fn settled(&self, client: usize, connection: u32, report: &mut Report) {
        let customer = self.clients[client].side == Side::Customer;
        let looking = self.looking.get(&(client, connection));
        for conversation in looking.into_iter().flatten() {
            let view = (client, connection, *conversation);
            let Some(last) = self.last.get(&view).copied() else {
                continue;
            };
            let logged = self
                .logs
                .log(*conversation)
                .map_or(0, |log| log.quiet_last(customer));
            if last < logged {
                let detail = format!("looks on and was never shown {} to {logged}", last + 1);
                report.add(self.anomaly(Promise::Tail, view, last + 1, detail));
            }
        }
    }

    fn anomaly(&self, promise: Promise, view: View, seq: u64, detail: String) -> Anomaly {
        let (client, _, conversation) = view;
        Anomaly::new(promise, detail)
            .at(conversation, seq)
            .by(&self.clients[client].name)
    }
}

fn same_to_customer(fact: &Fact, entry: &LogEntry) -> bool {
    let (kind, by, content) = entry.fact.shown();
    // An edit's or recall's own id is not shown to customers.
    let same_id = fact.kind != Kind::Message || fact.id == entry.fact.id;
    (fact.kind, &fact.by, fact.content) == (kind, &by, content) && same_id
}
