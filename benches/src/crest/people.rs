//! Customers, each with an agent of its own choice's group, and supervisors who watch.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use crest_schema::frame::client::{Attach, Empty, OfferAnswer, Send, SetPresence};
use crest_schema::frame::desk::Presence;
use crest_schema::frame::{Body, Id};
use crest_schema::{ClientFrame, ServerFrame};
use serde_json::{Value, json};

use super::http;
use super::talk::Talk;
use crate::drive::Line;
use crate::wire::Request;
use crate::wire::{ID, REFERENCE};

pub(super) const TENANT: &str = "demo";
const GROUP: &str = "presale";
const PASSWORD: &str = "password-of-a-bench";
/// Until every customer has its agent.
const ASSIGN: Duration = Duration::from_secs(120);

/// Who is there.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub customers: usize,
    /// Conversations an agent holds.
    pub each: usize,
    /// Connections of supervisors that watch, spread over the conversations.
    pub watchers: usize,
    /// Bytes of what a customer says.
    pub text_bytes: usize,
}

/// Everybody, connected and in conversation.
pub struct Desk {
    customers: Vec<Talk>,
    agents: Vec<Talk>,
    watchers: Vec<Talk>,
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
        for customer in &mut customers {
            customer.say(&ClientFrame::AskHuman(Empty {}))?;
        }
        let conversations = assign(&mut agents, shape.customers)?;
        let watchers = watch(server, &admin, shape.watchers, &conversations)?;
        Ok(Self {
            customers,
            agents,
            watchers,
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
            line.watches = true;
            lines.push(line);
        }
        Ok(lines)
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

/// Accepts every offer; returns the conversations once there are as many as customers.
fn assign(agents: &mut [Talk], customers: usize) -> anyhow::Result<Vec<Id>> {
    let start = Instant::now();
    let mut assigned = Vec::new();
    while assigned.len() < customers {
        for agent in agents.iter_mut() {
            for frame in agent.hear(Duration::from_millis(1))? {
                match frame {
                    ServerFrame::Offer(offered) => {
                        agent.say(&ClientFrame::Accept(OfferAnswer {
                            offer: offered.offer,
                        }))?;
                    }
                    ServerFrame::Assigned(named) => assigned.push(named.conversation),
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
        let conversation = conversations[number % conversations.len()];
        talk.say(&ClientFrame::Attach(Attach {
            conversation,
            after: 0,
        }))?;
        talk.until("attachment", |frame| {
            matches!(frame, ServerFrame::StaffAttached(_)).then_some(())
        })?;
        found.push(talk);
    }
    Ok(found)
}

pub(super) fn text(answer: &Value, field: &str) -> anyhow::Result<String> {
    let text = answer[field].as_str().map(str::to_owned);
    text.with_context(|| format!("the answer has no {field}: {answer}"))
}
