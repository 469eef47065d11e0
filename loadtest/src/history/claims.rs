//! Who holds what: one agent a conversation, load within capacity, one open conversation a customer.

use std::collections::HashMap;

use crest_schema::frame::Id;

use super::anomaly::{Anomaly, Promise, Report};
use super::fact::{By, Kind};
use super::log::{LogEntry, Transcript};
use super::seen::{History, Seen};

/// A claim of an agent or an opening of a customer, from the log.
struct Span {
    conversation: Id,
    seq: u64,
    from: u64,
    /// `None` while it lasts.
    to: Option<u64>,
    weight: u32,
    forced: bool,
}

#[derive(Default)]
struct Spans<'a> {
    of_agents: HashMap<&'a str, Vec<Span>>,
    of_customers: HashMap<(&'a str, &'a str), Vec<Span>>,
}

/// A span in the log always lies within the real one (the grant comes before `Offered`, the release
/// after `Closed`), so an overlap found here was one.
pub(super) fn check(history: &History, report: &mut Report) {
    let mut spans = Spans::default();
    let mut holders: HashMap<Id, Vec<&str>> = HashMap::new();
    for transcript in &history.transcripts {
        let held_by = Walk::over(transcript, &mut spans, report);
        holders.insert(transcript.conversation, held_by);
    }
    let mut capacities: HashMap<&str, u32> = HashMap::new();
    for observation in &history.observations {
        let name = history.clients[observation.client].name.as_str();
        match &observation.seen {
            Seen::Load { load, capacity } => {
                capacities.insert(name, *capacity);
                let forced = |spans: &Vec<Span>| spans.iter().any(|span| span.forced);
                if load > capacity && !spans.of_agents.get(name).is_some_and(forced) {
                    let detail = format!("told of load {load}, capacity {capacity}");
                    report.add(Anomaly::new(Promise::Capacity, detail).by(name));
                }
            }
            Seen::Assigned { conversation } => {
                let known = holders.get(conversation);
                if !known.is_some_and(|held_by| held_by.contains(&name)) {
                    let detail = "assigned to one whom the log never has as its holder".to_owned();
                    let anomaly = Anomaly::new(Promise::OneAgent, detail).of(*conversation);
                    report.add(anomaly.by(name));
                }
            }
            _ => {}
        }
    }
    for (agent, spans) in spans.of_agents {
        if let Some(capacity) = capacities.get(agent) {
            within(spans, u64::from(*capacity), |span, load| {
                if !span.forced {
                    let detail = format!("load {load} of capacity {capacity}");
                    let anomaly = Anomaly::new(Promise::Capacity, detail);
                    report.add(anomaly.at(span.conversation, span.seq).by(agent));
                }
            });
        }
    }
    for ((customer, channel), spans) in spans.of_customers {
        within(spans, 1, |span, _| {
            let detail = format!("another conversation of {customer} on {channel} is open");
            let anomaly = Anomaly::new(Promise::OneConversation, detail);
            report.add(anomaly.at(span.conversation, span.seq));
        });
    }
}

/// Sweeps over spans by time and tells of each that begins above `bound`. Ends come before
/// beginnings of the same millisecond, as the log cannot tell them apart.
fn within(spans: Vec<Span>, bound: u64, mut above: impl FnMut(&Span, u64)) {
    let mut edges: Vec<(u64, bool, usize)> = Vec::with_capacity(spans.len() * 2);
    for (index, span) in spans.iter().enumerate() {
        // A span that ended in the millisecond it began in never weighs.
        if span.to != Some(span.from) {
            edges.push((span.from, true, index));
            edges.extend(span.to.map(|to| (to, false, index)));
        }
    }
    edges.sort_unstable();
    let mut load = 0;
    for (_, begins, index) in edges {
        let span = &spans[index];
        if begins {
            load += u64::from(span.weight);
            if load > bound {
                above(span, load);
            }
        } else {
            load -= u64::from(span.weight);
        }
    }
}

/// One log from its first event to its last.
struct Walk<'a, 's> {
    transcript: &'a Transcript,
    spans: &'s mut Spans<'a>,
    /// Whose claim stands, and whether it was accepted.
    claim: Option<(&'a str, bool)>,
    forced: bool,
    open: bool,
    held_by: Vec<&'a str>,
}

impl<'a, 's> Walk<'a, 's> {
    /// Everybody who held it, once each.
    fn over(
        transcript: &'a Transcript,
        spans: &'s mut Spans<'a>,
        report: &mut Report,
    ) -> Vec<&'a str> {
        let mut walk = Walk {
            transcript,
            spans,
            claim: None,
            forced: false,
            open: false,
            held_by: Vec::new(),
        };
        for entry in &transcript.entries {
            walk.take(entry, report);
        }
        walk.held_by
    }

    fn take(&mut self, entry: &'a LogEntry, report: &mut Report) {
        let agent = match &entry.fact.by {
            By::Agent(agent) => Some(agent.as_str()),
            _ => None,
        };
        match (entry.fact.kind, agent) {
            (Kind::Opened, _) => {
                if self.open {
                    let detail = "opened while it is open".to_owned();
                    report.add(self.anomaly(Promise::OneConversation, entry, detail));
                }
                self.open = true;
                let span = self.span(entry, 1, false);
                self.openings().push(span);
            }
            (Kind::Offered, Some(agent)) => self.claimed(agent, false, entry, report),
            (Kind::Accepted, Some(agent)) => match self.claim {
                Some((claimed, _)) if claimed == agent => self.held(agent),
                _ => self.claimed(agent, true, entry, report),
            },
            (Kind::TransferRequested, _) => self.forced = entry.fact.forced,
            (Kind::Transferred, Some(agent)) => {
                self.released(entry.at);
                self.claimed(agent, true, entry, report);
            }
            (Kind::Message, Some(agent)) if self.claim != Some((agent, true)) => {
                let holder = self.claim.map_or("nobody", |(holder, _)| holder);
                let detail = format!("{agent} speaks where {holder} holds it");
                report.add(self.anomaly(Promise::OneAgent, entry, detail));
            }
            (Kind::Waiting | Kind::BotResumed, _) => self.released(entry.at),
            // A takeover leaves the agent in place, and takes an open offer away.
            (Kind::TakenOver, _) if self.claim.is_some_and(|(_, held)| !held) => {
                self.released(entry.at);
            }
            (Kind::WrapUp, _) => self.ended(entry.at),
            (Kind::Closed, _) => {
                self.released(entry.at);
                self.ended(entry.at);
            }
            _ => {}
        }
    }

    fn claimed(&mut self, agent: &'a str, held: bool, entry: &LogEntry, report: &mut Report) {
        if let Some((other, _)) = self.claim {
            let detail = format!("{agent} is given what {other} has");
            let anomaly = self.anomaly(Promise::OneAgent, entry, detail);
            report.add(anomaly.by(agent).by(other));
            self.released(entry.at);
        }
        let forced = entry.fact.kind == Kind::Transferred && self.forced;
        let span = self.span(entry, entry.fact.weight, forced);
        self.spans.of_agents.entry(agent).or_default().push(span);
        self.claim = Some((agent, held));
        if held {
            self.held(agent);
        }
    }

    fn held(&mut self, agent: &'a str) {
        self.claim = Some((agent, true));
        if !self.held_by.contains(&agent) {
            self.held_by.push(agent);
        }
    }

    fn released(&mut self, at: u64) {
        if let Some((agent, _)) = self.claim.take() {
            let conversation = self.transcript.conversation;
            let spans = self.spans.of_agents.entry(agent).or_default();
            let last = spans
                .iter_mut()
                .rev()
                .find(|span| span.conversation == conversation);
            if let Some(span) = last {
                span.to = Some(at);
            }
        }
    }

    fn ended(&mut self, at: u64) {
        if std::mem::take(&mut self.open)
            && let Some(span) = self.openings().last_mut()
        {
            span.to = Some(at);
        }
    }

    fn openings(&mut self) -> &mut Vec<Span> {
        let customer = (
            self.transcript.customer.as_str(),
            self.transcript.channel.as_str(),
        );
        self.spans.of_customers.entry(customer).or_default()
    }

    fn span(&self, entry: &LogEntry, weight: u32, forced: bool) -> Span {
        Span {
            conversation: self.transcript.conversation,
            seq: entry.seq,
            from: entry.at,
            to: None,
            weight,
            forced,
        }
    }

    fn anomaly(&self, promise: Promise, entry: &LogEntry, detail: String) -> Anomaly {
        Anomaly::new(promise, detail).at(self.transcript.conversation, entry.seq)
    }
}
