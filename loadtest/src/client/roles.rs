//! What each role says, in its own words.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use anyhow::{Context, bail};
use crest_schema::ServerFrame;
use crest_schema::codes::Code;
use crest_schema::frame::client::{
    self, Attach, Empty, History, Named, OfferAnswer, Rate, Scope, Send, SetPresence, WatchBoard,
    Whisper, WrapUpDone,
};
use crest_schema::frame::desk::{Offer, Presence};
use crest_schema::frame::staff_view::StaffEntry;
use crest_schema::frame::{Body, ClientFrame, Id};
use crest_schema::limits::HISTORY_MAX;

use super::call::{Answer, Answered, Pending};
use super::line::RoleOf;
use super::link::Client;
use super::reconnect::Reconnect;
use super::{Identity, Servers};
use crate::history::{Recorder, Side, Transcript};

/// Longest wait for a connection's `welcome`, with some attempts in it.
const WELCOME: Duration = Duration::from_secs(20);

/// What the clients of a run share.
#[derive(Clone)]
pub struct Setting {
    pub servers: Servers,
    pub tenant: String,
    pub recorder: Recorder,
    pub reconnect: Reconnect,
    pub seed: u64,
}

impl Setting {
    /// On one server or several.
    pub fn new(servers: impl Into<Servers>, tenant: &str) -> Self {
        Self {
            servers: servers.into(),
            tenant: tenant.to_owned(),
            recorder: Recorder::default(),
            reconnect: Reconnect::default(),
            seed: 1,
        }
    }

    fn start(&self, name: &str, identity: Identity, role: RoleOf) -> Client {
        let side = match role {
            RoleOf::Customer => Side::Customer,
            RoleOf::Agent | RoleOf::Supervisor => Side::Staff,
        };
        let witness = self.recorder.client(name, side);
        // Each client's jitter is its own, and the same in every run of this seed.
        let seed = self.seed ^ crate::history::digest(name);
        let servers = self.servers.clone();
        Client::start(servers, identity, role, witness, self.reconnect, seed)
    }

    async fn welcomed(
        &self,
        name: &str,
        identity: Identity,
        role: RoleOf,
    ) -> anyhow::Result<Client> {
        let mut client = self.start(name, identity, role);
        let welcome = |frame: &ServerFrame<'static>| match frame {
            ServerFrame::Welcome(_) => Some(()),
            _ => None,
        };
        let met = client.expect(WELCOME, welcome).await;
        met.with_context(|| format!("{name} is not welcomed"))?;
        Ok(client)
    }
}

/// A customer with at most one open conversation.
pub struct Customer(Client);

/// An agent; `login` is its name on the wire.
pub struct Agent(Client);

/// A supervisor.
pub struct Supervisor(Client);

macro_rules! is_a_client {
    ($($role:ident)*) => {$(
        impl Deref for $role {
            type Target = Client;

            fn deref(&self) -> &Client {
                &self.0
            }
        }

        impl DerefMut for $role {
            fn deref_mut(&mut self) -> &mut Client {
                &mut self.0
            }
        }

        impl $role {
            /// Says goodbye and ends.
            pub async fn leave_the_line(self) {
                self.0.close().await;
            }
        }
    )*};
}

is_a_client! { Customer Agent Supervisor }

impl Customer {
    /// An anonymous visitor, welcomed. `name` is for reports.
    pub async fn connect(setting: &Setting, name: &str) -> anyhow::Result<Self> {
        let identity = Identity::visitor(&setting.tenant);
        Self::connect_as(setting, name, identity).await
    }

    pub async fn connect_as(
        setting: &Setting,
        name: &str,
        identity: Identity,
    ) -> anyhow::Result<Self> {
        let client = setting.welcomed(name, identity, RoleOf::Customer).await?;
        Ok(Self(client))
    }

    /// Sends a text and waits until it is stored.
    pub async fn say(&self, text: &str) -> anyhow::Result<Answered> {
        let (_, pending) = self.start_saying(rand::random(), text).await?;
        pending.await.context("the client is over")
    }

    /// Sends a text under this id without waiting.
    pub async fn start_saying(&self, id: [u8; 16], text: &str) -> anyhow::Result<(Id, Pending)> {
        start_saying(self, None, Id(id), text).await
    }

    pub async fn ask_human(&self) -> anyhow::Result<Answered> {
        self.call(ClientFrame::AskHuman(Empty {})).await
    }

    pub async fn leave(&self) -> anyhow::Result<Answered> {
        self.call(ClientFrame::Leave(Empty {})).await
    }

    pub async fn rate(&self, level: u8, comment: Option<&str>) -> anyhow::Result<Answered> {
        let comment = comment.map(str::to_owned);
        self.call(ClientFrame::Rate(Rate { level, comment })).await
    }

    pub async fn typing(&self) {
        self.ephemeral(ClientFrame::Typing(client::Typing { conversation: None }))
            .await;
    }
}

impl Agent {
    /// Logs in and is welcomed; not ready yet.
    pub async fn connect(setting: &Setting, login: &str, password: &str) -> anyhow::Result<Self> {
        let identity = Identity::staff(&setting.tenant, login, password);
        Self::connect_as(setting, login, identity).await
    }

    pub async fn connect_as(
        setting: &Setting,
        login: &str,
        identity: Identity,
    ) -> anyhow::Result<Self> {
        let client = setting.welcomed(login, identity, RoleOf::Agent).await?;
        Ok(Self(client))
    }

    /// Takes work from now on.
    pub async fn ready(&self) -> anyhow::Result<Answered> {
        self.presence(Presence::Ready).await
    }

    pub async fn presence(&self, presence: Presence<'static>) -> anyhow::Result<Answered> {
        self.call(ClientFrame::SetPresence(SetPresence {
            agent: None,
            presence,
            next: None,
        }))
        .await
    }

    pub async fn accept(&self, offer: Offer) -> anyhow::Result<Answered> {
        self.call(ClientFrame::Accept(OfferAnswer { offer })).await
    }

    pub async fn decline(&self, offer: Offer) -> anyhow::Result<Answered> {
        self.call(ClientFrame::Decline(OfferAnswer { offer })).await
    }

    pub async fn say(&self, conversation: Id, text: &str) -> anyhow::Result<Answered> {
        let id = Id(rand::random());
        let (_, pending) = start_saying(self, Some(conversation), id, text).await?;
        pending.await.context("the client is over")
    }

    /// Sends a text under this id without waiting.
    pub async fn start_saying(
        &self,
        conversation: Id,
        id: [u8; 16],
        text: &str,
    ) -> anyhow::Result<(Id, Pending)> {
        start_saying(self, Some(conversation), Id(id), text).await
    }

    pub async fn end(&self, conversation: Id) -> anyhow::Result<Answered> {
        self.call(ClientFrame::End(Named { conversation })).await
    }

    pub async fn wrap_up_done(
        &self,
        conversation: Id,
        code: Option<&str>,
    ) -> anyhow::Result<Answered> {
        let code = code.map(str::to_owned);
        self.call(ClientFrame::WrapUpDone(WrapUpDone { conversation, code }))
            .await
    }
}

impl Supervisor {
    /// Logs in once, for several connections.
    pub async fn log_in(
        setting: &Setting,
        login: &str,
        password: &str,
    ) -> anyhow::Result<Identity> {
        let mut identity = Identity::staff(&setting.tenant, login, password);
        identity.log_in_at_any(&setting.servers).await?;
        Ok(identity)
    }

    /// Logs in and is welcomed. `name` is for reports, where one login has several connections.
    pub async fn connect(setting: &Setting, login: &str, password: &str) -> anyhow::Result<Self> {
        let identity = Identity::staff(&setting.tenant, login, password);
        Self::connect_as(setting, login, identity).await
    }

    pub async fn connect_as(
        setting: &Setting,
        name: &str,
        identity: Identity,
    ) -> anyhow::Result<Self> {
        let client = setting.welcomed(name, identity, RoleOf::Supervisor).await?;
        Ok(Self(client))
    }

    pub async fn watch_board(&self) -> anyhow::Result<Answered> {
        let scope = Scope::Tenant;
        self.call(ClientFrame::WatchBoard(WatchBoard { scope }))
            .await
    }

    pub async fn attach(&self, conversation: Id) -> anyhow::Result<Answered> {
        let after = 0;
        let attach = Attach {
            conversation,
            after,
        };
        self.call(ClientFrame::Attach(attach)).await
    }

    pub async fn detach(&self, conversation: Id) -> anyhow::Result<Answered> {
        self.call(ClientFrame::Detach(Named { conversation })).await
    }

    pub async fn whisper(
        &self,
        conversation: Id,
        id: [u8; 16],
        text: &str,
    ) -> anyhow::Result<Answered> {
        self.call(ClientFrame::Whisper(Whisper {
            conversation,
            id: Id(id),
            text: text.to_owned(),
        }))
        .await
    }

    /// Reads a conversation from its first event to its last; without any where its tenant has no such
    /// conversation.
    pub async fn transcript(&self, conversation: Id) -> anyhow::Result<Transcript> {
        let mut entries: Vec<StaffEntry<'static>> = Vec::new();
        loop {
            let after = entries.last().map_or(0, |entry| entry.seq);
            let history = ClientFrame::History(History {
                conversation: Some(conversation),
                after: Some(after),
                before: None,
                limit: Some(HISTORY_MAX),
            });
            let page = match self.call(history).await?.answer {
                Answer::Frame(frame) => match *frame {
                    ServerFrame::StaffHistoryPage(page) => page,
                    other => bail!("history is answered by {}", other.kind().name()),
                },
                Answer::Refused(refused) if refused.code == Code::NotOpen.number() => {
                    return Ok(Transcript::of(conversation, &[]));
                }
                other => bail!("history of {conversation} is answered by {other:?}"),
            };
            // A page that brings nothing new would be asked for for ever.
            let advances = page.events.last().is_some_and(|entry| entry.seq > after);
            entries.extend(page.events);
            if !page.more || !advances {
                return Ok(Transcript::of(conversation, &entries));
            }
        }
    }
}

async fn start_saying(
    client: &Client,
    conversation: Option<Id>,
    id: Id,
    text: &str,
) -> anyhow::Result<(Id, Pending)> {
    let body = Body::Text(text.to_owned().into());
    let send = Send {
        conversation,
        id,
        body,
    };
    let pending = client.start_call(ClientFrame::Send(send)).await?;
    Ok((id, pending))
}
