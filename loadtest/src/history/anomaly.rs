//! Broken promises, each with where and before whom.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use crest_schema::frame::Id;
use serde::Serialize;

/// Which promise of the product is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Promise {
    /// G1: what was acknowledged is in the log, where the acknowledgement said.
    Acknowledged,
    /// G1: what a client was shown is in the log.
    Shown,
    /// G2: everybody reads the same event under the same number.
    Order,
    /// G2: numbers are dense and never used twice.
    Dense,
    /// G3: one id acts once, and what was refused for good not at all.
    OneEffect,
    /// G4: after a position exactly the events behind it, or an explicit gap.
    Resume,
    /// G8: who still looks on when all is quiet has seen everything.
    Tail,
    /// G5: one agent a conversation.
    OneAgent,
    /// G5: no unforced claim above capacity.
    Capacity,
    /// G5: one open conversation a customer and channel.
    OneConversation,
    /// Nobody is given an agent past one of the same queue who is ahead.
    QueueOrder,
    /// G1, G2: a transcript read again says what it said before, and perhaps more.
    Reread,
    /// G7: customers see no whisper nor anything else of the desk.
    Whisper,
    /// G11: one connection's messages stand in the order sent.
    Fifo,
    /// Bytes that the protocol does not know.
    Protocol,
}

/// One broken promise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Anomaly {
    pub promise: Promise,
    /// Where several tenants have histories of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    pub conversation: Option<Id>,
    /// In the numbering of the clients named, the log's where none is.
    pub seq: Option<u64>,
    pub clients: Vec<String>,
    pub detail: String,
}

impl Anomaly {
    pub(super) fn new(promise: Promise, detail: String) -> Self {
        Self {
            promise,
            tenant: None,
            conversation: None,
            seq: None,
            clients: Vec::new(),
            detail,
        }
    }

    pub(super) fn of(mut self, conversation: Id) -> Self {
        self.conversation = Some(conversation);
        self
    }

    pub(super) fn at(mut self, conversation: Id, seq: u64) -> Self {
        self.conversation = Some(conversation);
        self.seq = Some(seq);
        self
    }

    pub(super) fn by(mut self, client: &str) -> Self {
        self.clients.push(client.to_owned());
        self
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.promise)?;
        if let Some(tenant) = &self.tenant {
            write!(f, " of {tenant}")?;
        }
        if let Some(conversation) = self.conversation {
            write!(f, " in {conversation}")?;
        }
        if let Some(seq) = self.seq {
            write!(f, " at {seq}")?;
        }
        if !self.clients.is_empty() {
            write!(f, " ({})", self.clients.join(", "))?;
        }
        write!(f, ": {}", self.detail)
    }
}

/// What the checker found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// At most [`Report::KEPT`] of each promise, the first ones.
    pub anomalies: Vec<Anomaly>,
    /// How often each promise was broken.
    pub broken: BTreeMap<Promise, u64>,
    pub conversations: u64,
    pub events: u64,
    pub observations: u64,
    pub acknowledged: u64,
    /// Transcripts compared with a later reading of the same.
    pub reread: u64,
}

impl Report {
    /// Anomalies of one promise that are told in full: one fault breaks the same promise for many.
    pub const KEPT: u64 = 100;

    pub fn is_clean(&self) -> bool {
        self.broken.is_empty()
    }

    /// For people: what was held against what, and the first anomalies of each promise.
    pub fn words(&self) -> String {
        let mut words = format!(
            "history: {} conversations, {} events, {} observations, {} acknowledged, \
             {} transcripts compared with a later reading: {} anomalies",
            self.conversations,
            self.events,
            self.observations,
            self.acknowledged,
            self.reread,
            self.total()
        );
        for (promise, count) in &self.broken {
            let _ = write!(words, "\nBROKEN {promise:?}: {count} times");
            let told = self.anomalies.iter().filter(|it| it.promise == *promise);
            for anomaly in told.take(5) {
                let _ = write!(words, "\n  {anomaly}");
            }
        }
        words
    }

    pub fn total(&self) -> u64 {
        self.broken.values().sum()
    }

    /// The same with every anomaly named as this tenant's.
    pub fn of_tenant(mut self, tenant: &str) -> Self {
        for anomaly in &mut self.anomalies {
            anomaly.tenant = Some(tenant.to_owned());
        }
        self
    }

    /// Adds what was found in another history.
    pub fn join(&mut self, other: Self) {
        for anomaly in other.anomalies {
            let told = self.anomalies.iter();
            let told = told.filter(|it| it.promise == anomaly.promise).count();
            if (told as u64) < Self::KEPT {
                self.anomalies.push(anomaly);
            }
        }
        for (promise, count) in other.broken {
            *self.broken.entry(promise).or_default() += count;
        }
        self.conversations += other.conversations;
        self.events += other.events;
        self.observations += other.observations;
        self.acknowledged += other.acknowledged;
        self.reread += other.reread;
    }

    pub(super) fn add(&mut self, anomaly: Anomaly) {
        let count = self.broken.entry(anomaly.promise).or_default();
        *count += 1;
        if *count <= Self::KEPT {
            self.anomalies.push(anomaly);
        }
    }
}
