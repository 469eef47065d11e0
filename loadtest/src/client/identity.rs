//! Who a client is, and its ticket for the next connection.

use anyhow::Context;
use serde_json::{Value, json};

use super::http;
use super::{Server, Servers};

/// Keeps what makes the same person return: a visitor's token, a session of staff.
#[derive(Clone, Debug)]
pub enum Identity {
    /// A customer without a token of the shop; `visitor` is learnt with the first ticket.
    Visitor {
        tenant: String,
        channel: String,
        visitor: Option<String>,
    },
    /// A customer with a token signed by the shop.
    Signed {
        tenant: String,
        channel: String,
        token: String,
    },
    /// Logs in once; the session outlives a restart of the server, and is given anew by a server that
    /// does not know it.
    Staff {
        tenant: String,
        login: String,
        password: String,
        session: Option<String>,
    },
}

impl Identity {
    pub fn visitor(tenant: &str) -> Self {
        Identity::Visitor {
            tenant: tenant.to_owned(),
            channel: "web".to_owned(),
            visitor: None,
        }
    }

    pub fn staff(tenant: &str, login: &str, password: &str) -> Self {
        Identity::Staff {
            tenant: tenant.to_owned(),
            login: login.to_owned(),
            password: password.to_owned(),
            session: None,
        }
    }

    /// A one-use ticket, good for 30 s.
    pub async fn ticket(&mut self, server: &Server) -> anyhow::Result<String> {
        if let Identity::Staff { session: None, .. } = self {
            self.log_in(server).await?;
        }
        let (session, request) = match &*self {
            Identity::Visitor {
                tenant,
                channel,
                visitor,
            } => {
                let mut request = json!({"tenant": tenant, "channel": channel});
                if let Some(visitor) = visitor {
                    request["visitor"] = json!(visitor);
                }
                (None, request)
            }
            Identity::Signed {
                tenant,
                channel,
                token,
            } => (
                None,
                json!({"tenant": tenant, "channel": channel, "token": token}),
            ),
            Identity::Staff { session, .. } => (session.as_deref(), json!({})),
        };
        let mut reply = http::post(server, "/v1/tickets", session, &request).await?;
        if reply.status == 401 && matches!(self, Identity::Staff { .. }) {
            // Signed out meanwhile, or logged in at another server only.
            self.log_in(server).await?;
            let session = self.session(server).await?;
            reply = http::post(server, "/v1/tickets", Some(&session), &request).await?;
        }
        let answer = reply.success("POST /v1/tickets")?;
        if let Identity::Visitor { visitor, .. } = self {
            *visitor = text(&answer, "visitor").ok();
        }
        text(&answer, "ticket")
    }

    /// The bearer token of a member of staff.
    pub async fn session(&mut self, server: &Server) -> anyhow::Result<String> {
        if let Identity::Staff { session: None, .. } = self {
            self.log_in(server).await?;
        }
        match self {
            Identity::Staff {
                session: Some(session),
                ..
            } => Ok(session.clone()),
            _ => anyhow::bail!("only staff have sessions"),
        }
    }

    /// Logs in at the first server that lets it.
    pub async fn log_in_at_any(&mut self, servers: &Servers) -> anyhow::Result<()> {
        let mut failed = anyhow::anyhow!("no server is named");
        for server in servers.iter() {
            match self.log_in(server).await {
                Ok(()) => return Ok(()),
                Err(why) => failed = why,
            }
        }
        Err(failed)
    }

    async fn log_in(&mut self, server: &Server) -> anyhow::Result<()> {
        if let Identity::Staff {
            tenant,
            login,
            password,
            session,
        } = self
        {
            let request = json!({"tenant": tenant, "login": login, "password": password});
            let reply = http::post(server, "/v1/login", None, &request).await?;
            let answer = reply.success("POST /v1/login")?;
            *session = Some(text(&answer, "token")?);
        }
        Ok(())
    }
}

fn text(answer: &Value, field: &str) -> anyhow::Result<String> {
    let text = answer[field].as_str().map(str::to_owned);
    text.with_context(|| format!("the answer has no {field}: {answer}"))
}
