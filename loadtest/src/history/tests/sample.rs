//! A made-up correct run: conversations from first word to rating, with reconnects, three agents of
//! capacity two and a supervisor who whispers.

use crest_schema::frame::Id;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::history::{
    By, Client, Fact, History, Kind, LogEntry, MARKER, Observation, Seen, Side, Transcript, digest,
};

pub const CONVERSATIONS: usize = 8;
pub const AGENTS: usize = 3;
const CAPACITY: u32 = 2;
/// Clients of a run: the supervisor, the agents, then a customer for each conversation.
pub const SUPERVISOR: usize = 0;
pub const FIRST_CUSTOMER: usize = 1 + AGENTS;

pub struct Run {
    pub history: History,
    pub rng: StdRng,
}

pub fn run(seed: u64) -> Run {
    let mut run = Run {
        history: History::default(),
        rng: StdRng::seed_from_u64(seed),
    };
    let name = |index: usize| match index {
        SUPERVISOR => "sun".to_owned(),
        agent if agent < FIRST_CUSTOMER => format!("agent-{agent}"),
        customer => format!("customer-{customer}"),
    };
    for index in 0..FIRST_CUSTOMER + CONVERSATIONS {
        let side = if index < FIRST_CUSTOMER {
            Side::Staff
        } else {
            Side::Customer
        };
        run.history.clients.push(Client {
            name: name(index),
            side,
        });
    }
    for agent in 1..FIRST_CUSTOMER {
        run.saw(
            agent,
            0,
            Seen::Load {
                load: 0,
                capacity: CAPACITY,
            },
        );
    }
    for index in 0..CONVERSATIONS {
        run.converse(index);
    }
    run.settle();
    run
}

impl Run {
    pub fn saw(&mut self, client: usize, connection: u32, seen: Seen) {
        self.history.observations.push(Observation {
            client,
            connection,
            seen,
        });
    }

    pub fn id(&mut self) -> Id {
        Id(self.rng.random())
    }

    fn converse(&mut self, index: usize) {
        let conversation = self.id();
        let agent = 1 + index % AGENTS;
        let customer = FIRST_CUSTOMER + index;
        let script = self.script(index as u64 * 100, agent);
        self.history.transcripts.push(Transcript {
            conversation,
            customer: format!("customer-{customer}"),
            channel: "web".to_owned(),
            quiet: script.len(),
            entries: script,
        });
        self.customer_sees(index, customer);
        for staff in [agent, SUPERVISOR] {
            self.staff_sees(index, staff, agent);
        }
    }

    /// The log: its claim lasts less than two starts of the same agent.
    fn script(&mut self, start: u64, agent: usize) -> Vec<LogEntry> {
        let by = By::Agent(format!("agent-{agent}"));
        let mut log = Log {
            at: start,
            ..Log::default()
        };
        log.shown(Kind::Opened, By::Nobody, None, digest(&0));
        for _ in 0..self.rng.random_range(2..5) {
            self.message(&mut log, By::Customer);
        }
        log.hidden(Kind::BotTurned, By::Bot, None, 0);
        log.shown(
            Kind::Message,
            By::Bot,
            None,
            digest(&self.rng.random::<u64>()),
        );
        log.shown(Kind::Waiting, By::Nobody, None, 0);
        log.claim(Kind::Offered, &by);
        log.claim(Kind::Accepted, &by);
        for turn in 0..self.rng.random_range(4..9) {
            let author = if turn % 2 == 0 {
                by.clone()
            } else {
                By::Customer
            };
            self.message(&mut log, author);
            if turn == 1 {
                let id = self.id();
                let text = format!("{MARKER}{id}");
                log.hidden(
                    Kind::Whisper,
                    By::Supervisor("sun".into()),
                    Some(id),
                    digest(&*text),
                );
            }
        }
        log.shown(Kind::WrapUp, By::Nobody, None, 7);
        log.shown(Kind::Rated, By::Nobody, None, 3);
        log.hidden(Kind::Closed, By::Nobody, None, 7);
        log.entries
    }

    fn message(&mut self, log: &mut Log, by: By) {
        let id = self.id();
        log.shown(Kind::Message, by, Some(id), digest(&id));
    }

    fn entries(&self, index: usize) -> (Id, Vec<LogEntry>) {
        let transcript = &self.history.transcripts[index];
        (transcript.conversation, transcript.entries.clone())
    }

    /// Sends are a burst first and acknowledged out of step with the events, as on a real wire.
    fn customer_sees(&mut self, index: usize, customer: usize) {
        let (conversation, entries) = self.entries(index);
        let mut connection = 0;
        for entry in &entries {
            let Some(seq) = entry.customer_seq else {
                continue;
            };
            let own = entry.fact.by == By::Customer;
            if let (Some(id), true) = (entry.fact.id, own) {
                let content = entry.fact.content;
                self.saw(customer, connection, Seen::Sent { id, content });
                if self.rng.random_bool(0.2) {
                    connection += 1;
                    self.saw(
                        customer,
                        connection,
                        Seen::From {
                            conversation,
                            after: seq - 1,
                        },
                    );
                    self.saw(customer, connection, Seen::Sent { id, content });
                }
                self.saw(
                    customer,
                    connection,
                    Seen::Acked {
                        id: Some(id),
                        conversation,
                        seq,
                    },
                );
            }
            let fact = customer_view(&entry.fact, seq);
            self.saw(
                customer,
                connection,
                Seen::Event {
                    conversation,
                    seq,
                    customer_seq: None,
                    fact,
                },
            );
        }
    }

    fn staff_sees(&mut self, index: usize, client: usize, agent: usize) {
        let (conversation, entries) = self.entries(index);
        if client == agent {
            self.saw(client, 0, Seen::Assigned { conversation });
        }
        self.saw(
            client,
            0,
            Seen::From {
                conversation,
                after: 0,
            },
        );
        let name = self.history.clients[client].name.clone();
        for entry in entries {
            let seq = entry.seq;
            let own = match &entry.fact.by {
                By::Agent(by) | By::Supervisor(by) => *by == name,
                _ => false,
            };
            if let (Some(id), true) = (entry.fact.id, own) {
                let sent = match entry.fact.kind {
                    Kind::Whisper => Seen::Whispered {
                        conversation,
                        id,
                        text: format!("{MARKER}{id}"),
                    },
                    _ => Seen::Sent {
                        id,
                        content: entry.fact.content,
                    },
                };
                self.saw(client, 0, sent);
                self.saw(
                    client,
                    0,
                    Seen::Acked {
                        id: Some(id),
                        conversation,
                        seq,
                    },
                );
            }
            self.saw(
                client,
                0,
                Seen::Event {
                    conversation,
                    seq,
                    customer_seq: entry.customer_seq,
                    fact: entry.fact,
                },
            );
        }
        if client == agent {
            self.saw(client, 0, Seen::Unassigned { conversation });
        }
    }

    fn settle(&mut self) {
        for client in 0..self.history.clients.len() {
            let connections = self.history.observations.iter();
            let last = connections
                .filter(|seen| seen.client == client)
                .map(|seen| seen.connection)
                .max();
            self.saw(client, last.unwrap_or(0), Seen::Settled);
        }
    }
}

#[derive(Default)]
struct Log {
    entries: Vec<LogEntry>,
    customer_last: u64,
    at: u64,
}

impl Log {
    fn shown(&mut self, kind: Kind, by: By, id: Option<Id>, content: u64) {
        self.customer_last += 1;
        self.add(fact(kind, by, id, content), Some(self.customer_last));
    }

    fn hidden(&mut self, kind: Kind, by: By, id: Option<Id>, content: u64) {
        self.add(fact(kind, by, id, content), None);
    }

    fn claim(&mut self, kind: Kind, by: &By) {
        let fact = Fact {
            weight: 1,
            ..fact(kind, by.clone(), None, digest(by))
        };
        let seq = (kind == Kind::Accepted).then(|| {
            self.customer_last += 1;
            self.customer_last
        });
        self.add(fact, seq);
    }

    fn add(&mut self, mut fact: Fact, customer_seq: Option<u64>) {
        let seq = self.entries.len() as u64 + 1;
        fact.whole = digest(&(seq, fact.kind, fact.content));
        self.at += 10;
        self.entries.push(LogEntry {
            seq,
            customer_seq,
            at: self.at,
            fact,
            in_line: None,
        });
    }
}

fn fact(kind: Kind, by: By, id: Option<Id>, content: u64) -> Fact {
    Fact {
        kind,
        by,
        id,
        content,
        whole: 0,
        weight: 0,
        forced: false,
    }
}

/// What a customer is sent of a logged fact.
fn customer_view(logged: &Fact, seq: u64) -> Fact {
    let (kind, by, content) = logged.shown();
    let id = logged.id.filter(|_| kind == Kind::Message);
    Fact {
        whole: digest(&(seq, kind, content)),
        ..fact(kind, by, id, content)
    }
}
