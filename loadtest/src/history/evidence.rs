//! Everything that bears on an anomaly, for whoever looks for its cause.

use std::fmt::Write as _;

use super::anomaly::{Anomaly, Report};
use super::seen::{History, Observation, Seen};

/// Anomalies that are told in full.
const TOLD: usize = 10;

/// The log and the named clients' observations of the conversation of each of the first anomalies.
pub fn evidence(history: &History, report: &Report) -> String {
    let mut page = String::new();
    for anomaly in report.anomalies.iter().take(TOLD) {
        let _ = writeln!(page, "== {anomaly}");
        tell(history, anomaly, &mut page);
    }
    page
}

fn tell(history: &History, anomaly: &Anomaly, page: &mut String) {
    let Some(wanted) = anomaly.conversation else {
        return;
    };
    let transcript = history.transcripts.iter();
    for transcript in transcript.filter(|it| it.conversation == wanted) {
        for entry in &transcript.entries {
            let _ = writeln!(
                page,
                "log {} ({:?}) {} {:?} by {:?} {:?}",
                entry.seq,
                entry.customer_seq,
                entry.at,
                entry.fact.kind,
                entry.fact.by,
                entry.fact.id
            );
        }
    }
    for observation in &history.observations {
        let name = &history.clients[observation.client].name;
        let named = anomaly.clients.is_empty() || anomaly.clients.contains(name);
        if named && concerns(observation, wanted) {
            let _ = writeln!(
                page,
                "{name} {}: {}",
                observation.connection,
                words(&observation.seen)
            );
        }
    }
}

fn concerns(observation: &Observation, wanted: crest_schema::frame::Id) -> bool {
    match &observation.seen {
        Seen::Whispered { conversation, .. }
        | Seen::Acked { conversation, .. }
        | Seen::From { conversation, .. }
        | Seen::Detached { conversation }
        | Seen::Event { conversation, .. }
        | Seen::Gap { conversation, .. }
        | Seen::Assigned { conversation }
        | Seen::Unassigned { conversation } => *conversation == wanted,
        Seen::Settled => true,
        _ => false,
    }
}

fn words(seen: &Seen) -> String {
    match seen {
        Seen::Event { seq, fact, .. } => {
            format!("Event {seq} {:?} by {:?} {:?}", fact.kind, fact.by, fact.id)
        }
        other => format!("{other:?}"),
    }
}
