//! What clients sent: acknowledged once, stored once, in the order of each connection.

use std::collections::{HashMap, HashSet};

use crest_schema::codes::Code;
use crest_schema::frame::Id;

use super::anomaly::{Anomaly, Promise, Report};
use super::fact::digest;
use super::log::Logs;
use super::seen::{Client, Observation, Seen, Side};

pub(super) struct Sending<'a> {
    clients: &'a [Client],
    logs: &'a Logs<'a>,
    /// What each id was sent with, and how often.
    sent: HashMap<Id, Sent>,
    /// The first acknowledgement of each id.
    acked: HashMap<Id, (Id, u64)>,
    /// Ids that were refused at any time: their place in the order is free.
    refused: HashMap<Id, Refusal>,
    /// Ids of each connection in the order first sent on it.
    order: Vec<((usize, u32), Id)>,
    on_connection: HashSet<(usize, u32, Id)>,
}

struct Sent {
    content: u64,
    times: u32,
}

struct Refusal {
    client: usize,
    /// The code of one that lasts.
    for_good: Option<u16>,
}

impl<'a> Sending<'a> {
    pub fn new(clients: &'a [Client], logs: &'a Logs<'a>) -> Self {
        Self {
            clients,
            logs,
            sent: HashMap::new(),
            acked: HashMap::new(),
            refused: HashMap::new(),
            order: Vec::new(),
            on_connection: HashSet::new(),
        }
    }

    pub fn take(&mut self, observation: &Observation, report: &mut Report) {
        let (client, connection) = (observation.client, observation.connection);
        match &observation.seen {
            Seen::Sent { id, content } => self.sent(client, connection, *id, *content),
            Seen::Whispered { id, text, .. } => {
                self.sent(client, connection, *id, digest(text.as_str()));
            }
            Seen::Acked {
                id,
                conversation,
                seq,
            } => self.acked(client, *id, *conversation, *seq, report),
            Seen::Refused { id, code, lasting } => {
                let conflict = *code == Code::Conflict.number();
                let refusal = self.refused.entry(*id).or_insert(Refusal {
                    client,
                    for_good: None,
                });
                if *lasting && !conflict {
                    refusal.for_good = Some(*code);
                }
            }
            _ => {}
        }
    }

    fn sent(&mut self, client: usize, connection: u32, id: Id, content: u64) {
        let sent = self.sent.entry(id).or_insert(Sent { content, times: 0 });
        sent.times += 1;
        if self.on_connection.insert((client, connection, id)) {
            self.order.push(((client, connection), id));
        }
    }

    fn acked(
        &mut self,
        client: usize,
        id: Option<Id>,
        conversation: Id,
        seq: u64,
        report: &mut Report,
    ) {
        report.acknowledged += 1;
        let client = &self.clients[client];
        let broken = |promise, detail: String| {
            Anomaly::new(promise, detail)
                .at(conversation, seq)
                .by(&client.name)
        };
        let log = self.logs.log(conversation);
        let entry = log.and_then(|log| match client.side {
            Side::Customer => log.customer(seq),
            Side::Staff => log.staff(seq),
        });
        let Some(entry) = entry else {
            report.add(broken(
                Promise::Acknowledged,
                "acknowledged and not in the log".to_owned(),
            ));
            return;
        };
        let Some(id) = id else { return };
        let first = *self.acked.entry(id).or_insert((conversation, seq));
        if first != (conversation, seq) {
            let detail = format!(
                "id {id} was acknowledged as {} in {} before",
                first.1, first.0
            );
            report.add(broken(Promise::OneEffect, detail));
        }
        if entry.fact.id != Some(id) {
            let detail = match self.logs.by_id(id) {
                Some((_, there)) => format!("id {id} stands at {} of the log", there.seq),
                None => format!("id {id} is not in the log"),
            };
            report.add(broken(Promise::Acknowledged, detail));
        } else if self
            .sent
            .get(&id)
            .is_some_and(|sent| sent.content != entry.fact.content)
        {
            let detail = format!("id {id} was acknowledged with other content");
            report.add(broken(Promise::Acknowledged, detail));
        }
    }

    pub fn finish(self, report: &mut Report) {
        self.refused_but_stored(report);
        self.in_order(report);
    }

    fn refused_but_stored(&self, report: &mut Report) {
        for (id, refusal) in &self.refused {
            let Some(code) = refusal.for_good else {
                continue;
            };
            // Of what was sent twice, the first may have been stored and only the second refused.
            if self.sent.get(id).is_none_or(|sent| sent.times != 1) || self.acked.contains_key(id) {
                continue;
            }
            if let Some((conversation, entry)) = self.logs.by_id(*id) {
                let detail = format!("id {id} was refused for good with {code} and is in the log");
                let anomaly = Anomaly::new(Promise::OneEffect, detail).at(conversation, entry.seq);
                report.add(anomaly.by(&self.clients[refusal.client].name));
            }
        }
    }

    fn in_order(&self, report: &mut Report) {
        let mut last: HashMap<(usize, u32, Id), (u64, Id)> = HashMap::new();
        for ((client, connection), id) in &self.order {
            if self.refused.contains_key(id) {
                continue;
            }
            let Some((conversation, entry)) = self.logs.by_id(*id) else {
                continue;
            };
            let stream = (*client, *connection, conversation);
            match last.get(&stream) {
                Some((seq, before)) if *seq > entry.seq => {
                    let detail = format!("{id} was sent after {before}, which stands at {seq}");
                    let anomaly = Anomaly::new(Promise::Fifo, detail).at(conversation, entry.seq);
                    report.add(anomaly.by(&self.clients[*client].name));
                }
                _ => {
                    last.insert(stream, (entry.seq, *id));
                }
            }
        }
    }
}
