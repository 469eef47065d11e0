//! Customers, each with an agent of its own choice's group, and supervisors who watch.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use crest_schema::frame::client::{Attach, Empty, OfferAnswer, Send, SetPresence};
use crest_schema::frame::desk::Presence;
use crest_schema::frame::{Body, Id};
use crest_schema::{ClientFrame, ServerFrame};
use serde_json::{Value, json};

use super::http;
use super::talk::Talk;
use crate::drive::{Line, Settles};
use crate::sys;
use crate::wire::Request;
use crate::wire::{ID, REFERENCE};

pub(super) const TENANT: &str = "demo";
const GROUP: &str = "presale";
const PASSWORD: &str = "password-of-a-bench";
/// Customers that ask for an agent at once.
const LOT: usize = 100;
/// Until every customer has its agent.
const ASSIGN: Duration = Duration::from_secs(120);

/// Who is there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shape {
    pub customers: usize,
    /// Conversations an agent holds.
    pub each: usize,
    /// Connections of supervisors that watch, spread over the conversations.
    pub watchers: usize,
    /// Conversations that each of them watches.
    pub watched: usize,
    /// Further ones, each watching one conversation and never reading a byte of it.
    pub stalled: usize,
    /// Bytes of what a customer says.
    pub text_bytes: usize,
}

/// Everybody, connected and in conversation.
pub struct Desk {
    customers: Vec<Talk>,
    agents: Vec<Talk>,
    /// Conversations, each with the place of the agent who has it.
    held: Vec<(Id, usize)>,
    watchers: Vec<Talk>,
    stalled: Vec<Talk>,
    watched: usize,
    text_bytes: usize,
}

impl Desk {
    /// Hires, connects and assigns until every customer has an agent.
    pub fn open(server: SocketAddr, shape: Shape) -> anyhow::Result<Self> {
        let admin = log_in(server, "admin", "demo-admin-2024")?;
        let mut agents = Vec::new();
        for number in 0..shape.customers.div_ceil(shape.each) {
            let login = format!("agent-{number}");
            hire(server, &admin, &login, "agent", shape.each)?;
            agents.push(staff(server, &login)?);
        }
        let mut customers = Vec::new();
        for _ in 0..shape.customers {
            customers.push(customer(server)?);
        }
        for agent in &mut agents {
            agent.say(&ClientFrame::SetPresence(SetPresence {
                agent: None,
                presence: Presence::Ready,
                next: None,
            }))?;
        }
        let mut held = Vec::new();
        // In lots: a queue that is too long sends people to the mailbox.
        for lot in customers.chunks_mut(LOT) {
            for customer in lot.iter_mut() {
                customer.say(&ClientFrame::AskHuman(Empty {}))?;
            }
            held.extend(assign(&mut agents, lot.len())?);
        }
        let conversations: Vec<Id> = held.iter().map(|(conversation, _)| *conversation).collect();
        let everybody = shape.watchers + shape.stalled;
        let mut watchers = watch(server, &admin, everybody, shape.watched, &conversations)?;
        let stalled = watchers.split_off(shape.watchers);
        Ok(Self {
            customers,
            agents,
            held,
            watchers,
            stalled,
            watched: shape.watched,
            text_bytes: shape.text_bytes,
        })
    }

    /// Customers ask, everybody else listens; supervisors' deliveries count.
    pub fn into_lines(self) -> anyhow::Result<Vec<Line>> {
        let payload = said(self.text_bytes);
        let mut lines = Vec::new();
        for (number, talk) in (0..).zip(self.customers) {
            lines.push(Line::new(
                talk.stream,
                Some(Request::new(&payload, number)),
            )?);
        }
        for talk in self.agents {
            lines.push(Line::new(talk.stream, None)?);
        }
        for talk in self.watchers {
            let mut line = Line::new(talk.stream, None)?;
            line.watches = self.watched as u32;
            lines.push(line);
        }
        Ok(lines)
    }

    /// Customers ask, and an ask is settled once its agent has it; each agent has one customer.
    pub fn into_pairs(self) -> anyhow::Result<Vec<Line>> {
        let payload = said(self.text_bytes);
        let mut lines = Vec::new();
        let mut customer_of = HashMap::new();
        for (number, mut talk) in self.customers.into_iter().enumerate() {
            let conversation = talk.until("attachment", |frame| match frame {
                ServerFrame::Attached(attached) => Some(attached.conversation),
                _ => None,
            })?;
            customer_of.insert(conversation, number);
            let request = Request::new(&payload, number as u32);
            let mut line = Line::new(talk.stream, Some(request))?;
            line.settles = Settles::Nobodys;
            lines.push(line);
        }
        let mut agents: Vec<Option<Talk>> = self.agents.into_iter().map(Some).collect();
        for (conversation, agent) in self.held {
            let talk = agents[agent].take().context("an agent has two customers")?;
            let mut line = Line::new(talk.stream, None)?;
            line.settles = Settles::Of(customer_of[&conversation]);
            lines.push(line);
        }
        Ok(lines)
    }

    /// Those who never read: to be kept as they are.
    pub fn take_stalled(&mut self) -> anyhow::Result<Vec<TcpStream>> {
        let streams = std::mem::take(&mut self.stalled).into_iter();
        streams
            .map(|talk| {
                sys::shrink_receive_buffer(&talk.stream)?;
                Ok(talk.stream)
            })
            .collect()
    }
}

/// A customer's `send` of so many bytes of text, with places to be numbered.
pub fn said(text_bytes: usize) -> Vec<u8> {
    let send = ClientFrame::Send(Send {
        conversation: None,
        id: Id(ID),
        body: Body::Text("x".repeat(text_bytes).into()),
    });
    send.encode(Some(REFERENCE)).to_vec()
}

/// A welcomed visitor.
pub fn customer(server: SocketAddr) -> anyhow::Result<Talk> {
    let wanted = json!({"tenant": TENANT, "channel": "web"});
    let ticket = text(&http::post(server, "/v1/tickets", None, &wanted)?, "ticket")?;
    Talk::enter(server, ticket, Some(GROUP))
}

fn hire(
    server: SocketAddr,
    admin: &str,
    login: &str,
    role: &str,
    capacity: usize,
) -> anyhow::Result<()> {
    let groups = if role == "agent" {
        vec![GROUP]
    } else {
        Vec::new()
    };
    let member = json!({
        "id": login, "name": login, "role": role, "groups": groups,
        "skills": ["zh", "en"], "capacity": capacity,
    });
    let body = json!({"member": member, "password": PASSWORD});
    http::post(server, "/v1/agents", Some(admin), &body)?;
    Ok(())
}

fn log_in(server: SocketAddr, login: &str, password: &str) -> anyhow::Result<String> {
    let body = json!({"tenant": TENANT, "login": login, "password": password});
    text(&http::post(server, "/v1/login", None, &body)?, "token")
}

fn staff(server: SocketAddr, login: &str) -> anyhow::Result<Talk> {
    let session = log_in(server, login, PASSWORD)?;
    enter(server, &session)
}

fn enter(server: SocketAddr, session: &str) -> anyhow::Result<Talk> {
    let ticket = http::post(server, "/v1/tickets", Some(session), &json!({}))?;
    Talk::enter(server, text(&ticket, "ticket")?, None)
}

/// Accepts every offer; returns the conversations, each with its agent's place, once there are as many
/// as customers.
fn assign(agents: &mut [Talk], customers: usize) -> anyhow::Result<Vec<(Id, usize)>> {
    let start = Instant::now();
    let mut assigned = Vec::new();
    while assigned.len() < customers {
        for (place, agent) in agents.iter_mut().enumerate() {
            for frame in agent.hear(Duration::from_millis(1))? {
                match frame {
                    ServerFrame::Offer(offered) => {
                        agent.say(&ClientFrame::Accept(OfferAnswer {
                            offer: offered.offer,
                        }))?;
                    }
                    ServerFrame::Assigned(named) => assigned.push((named.conversation, place)),
                    _ => {}
                }
            }
        }
        if start.elapsed() > ASSIGN {
            bail!("{} of {customers} customers have an agent", assigned.len());
        }
    }
    Ok(assigned)
}

/// Supervisors' connections, as many to each conversation.
fn watch(
    server: SocketAddr,
    admin: &str,
    watchers: usize,
    watched: usize,
    conversations: &[Id],
) -> anyhow::Result<Vec<Talk>> {
    let mut found = Vec::new();
    let mut session = String::new();
    for number in 0..watchers {
        // Several connections of each: nobody has a thousand supervisors.
        if number % 8 == 0 {
            let login = format!("supervisor-{number}");
            hire(server, admin, &login, "supervisor", 0)?;
            session = log_in(server, &login, PASSWORD)?;
        }
        let mut talk = enter(server, &session)?;
        for next in 0..watched {
            let conversation = conversations[(number + next) % conversations.len()];
            talk.say(&ClientFrame::Attach(Attach {
                conversation,
                after: 0,
            }))?;
            talk.until("attachment", |frame| {
                matches!(frame, ServerFrame::StaffAttached(_)).then_some(())
            })?;
        }
        found.push(talk);
    }
    Ok(found)
}

pub(super) fn text(answer: &Value, field: &str) -> anyhow::Result<String> {
    let text = answer[field].as_str().map(str::to_owned);
    text.with_context(|| format!("the answer has no {field}: {answer}"))
}
