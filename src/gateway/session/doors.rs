//! Who comes in by a `hello`, and which frames its role may send.

use std::sync::Arc;

use crest_actors::directory::{AgentProfile, Directory, StaffRole, Tenant};
use crest_actors::effect::Address;
use crest_actors::ids::{AgentId, ConversationId, GroupId, Millis, Seq, Shard, TenantId};
use crest_schema::codes::{Close, Code};
use crest_schema::frame::client::{Scope, WatchBoard};
use crest_schema::frame::{ClientFrame, ClientKind, client, server};
use crest_schema::limits::{FRAME_BYTES, HISTORY_MAX, RESUME_MAX};

use super::customer::CustomerSession;
use super::limits::UNACKED_MAX;
use super::out::Turn;
use super::staff::StaffSession;
use crate::auth::{
    Auth, AuthError, CustomerPrincipal, Operation, Principal, StaffPrincipal, TicketRefusal,
};
use crate::desk::{AuditRecord, DeskStore, Digest};
use crate::translate;

/// The entrance of every arbiter.
#[derive(Clone)]
pub struct Doors {
    auth: Arc<Auth>,
    desk: Arc<dyn DeskStore>,
    heartbeat_ms: u32,
    others: Option<Arc<dyn OtherNodes>>,
}

/// What became of a ticket; `None` where its node does not answer.
pub type Vouched = Option<Result<Principal, TicketRefusal>>;

/// The nodes that tickets may come from.
pub trait OtherNodes: Send + Sync {
    /// Uses up a ticket of that node. Never blocks; `done` is called on any thread.
    fn redeem(&self, node: u16, ticket: Digest, done: Box<dyn FnOnce(Vouched) + Send>);
}

/// Somebody whose ticket was good, before its session exists.
pub struct Guest {
    pub reference: u32,
    principal: Principal,
    resume: Vec<(ConversationId, Seq)>,
}

/// A session that has begun.
pub enum Begun {
    Customer(CustomerSession),
    Staff(StaffSession),
}

impl Doors {
    /// `others`: where this node is not alone.
    pub fn new(
        auth: Arc<Auth>,
        desk: Arc<dyn DeskStore>,
        heartbeat_ms: u32,
        others: Option<Arc<dyn OtherNodes>>,
    ) -> Self {
        Self {
            auth,
            desk,
            heartbeat_ms,
            others,
        }
    }

    pub fn heartbeat_ms(&self) -> u32 {
        self.heartbeat_ms
    }

    /// Uses the ticket up.
    pub fn admit(&self, reference: u32, hello: client::Hello, now: Millis) -> Result<Guest, Close> {
        let principal = self.auth.redeem(&hello.ticket, now);
        self.admit_as(reference, hello, Some(principal))
    }

    /// The other nodes, and the one among them that issued this ticket, with what to ask it; `None`: it is
    /// this node's.
    pub fn issuer(&self, hello: &client::Hello) -> Option<(&dyn OtherNodes, u16, Digest)> {
        let others = self.others.as_deref()?;
        let (node, ticket) = self.auth.issuer(&hello.ticket)?;
        Some((others, node, ticket))
    }

    /// What the client may say about itself (language, group) is taken from the hello; everything
    /// else from the ticket alone.
    pub fn admit_as(
        &self,
        reference: u32,
        hello: client::Hello,
        vouched: Vouched,
    ) -> Result<Guest, Close> {
        let mut principal = match vouched {
            Some(Ok(principal)) => principal,
            Some(Err(TicketRefusal::Unknown | TicketRefusal::Expired)) => {
                return Err(Close::TicketRefused);
            }
            // Nothing is wrong with the ticket: come back with another.
            None => return Err(Close::Overloaded),
        };
        if let Principal::Customer(customer) = &mut principal {
            customer.identity.language = hello.language;
            customer.identity.group = hello.group.map(GroupId::new);
        }
        let resume = hello.resume.iter().take(RESUME_MAX);
        let resume = resume
            .map(|at| (translate::conversation_id(at.conversation), Seq(at.after)))
            .collect();
        Ok(Guest {
            reference,
            principal,
            resume,
        })
    }

    /// The operation to write to the audit log before this frame takes effect; `None` where it is not
    /// privileged, or not allowed anyway.
    pub fn audited(&self, role: crate::auth::Role, frame: &ClientFrame) -> Option<Operation> {
        let operation = match frame {
            ClientFrame::Transfer(transfer) if transfer.forced => Operation::ForceTransfer,
            ClientFrame::SetPresence(set) if set.agent.is_some() => Operation::SetPresenceOfAnother,
            frame => operation(frame.kind()),
        };
        (operation.audited() && operation.allows(role)).then_some(operation)
    }

    /// Writes the audit record; false where it could not be kept.
    pub fn write_audit(
        &self,
        staff: &StaffSession,
        operation: Operation,
        frame: &ClientFrame,
        at: Millis,
    ) -> impl Future<Output = bool> + use<> {
        let subject = match frame {
            ClientFrame::SetPresence(set) => set.agent.clone().unwrap_or_default(),
            frame => frame
                .conversation()
                .map_or_else(String::new, |id| id.to_string()),
        };
        let written = self.desk.audit(AuditRecord {
            at,
            tenant: staff.key.tenant.clone(),
            actor: staff.key.agent.as_str().to_owned(),
            role: crate::auth::Role::from(staff.role()).as_str().to_owned(),
            operation: operation.as_str().to_owned(),
            subject,
            address: "websocket".to_owned(),
        });
        async move {
            let written = written.await;
            if let Err(error) = &written {
                tracing::error!(%error, "an audit record could not be kept; its operation was refused");
            }
            written.is_ok()
        }
    }

    /// Is this login still good, with the same role? A desk that cannot be asked takes nobody's away.
    pub async fn stands(&self, login: Digest, role: StaffRole, now: Millis) -> bool {
        match self.auth.standing(login, now).await {
            Ok(staff) => staff.role == role,
            Err(AuthError::Refused(_)) => false,
            Err(AuthError::Failed(_)) => true,
        }
    }

    /// May this role send this frame at all?
    pub fn allows(&self, role: crate::auth::Role, kind: ClientKind) -> bool {
        operation(kind).allows(role)
    }

    /// Why a frame of staff goes no further: its role may not send it, or it names somebody or
    /// some group that the tenant does not have.
    pub fn refusal(
        &self,
        staff: &StaffSession,
        frame: &ClientFrame,
        directory: impl FnOnce() -> Arc<Directory>,
    ) -> Option<Code> {
        if !self.allows(staff.role().into(), frame.kind()) {
            return Some(Code::Forbidden);
        }
        let tenant = |directory: &Directory, there: &dyn Fn(&Tenant) -> bool| {
            directory.tenant(&staff.key.tenant).is_some_and(there)
        };
        let there = match frame {
            ClientFrame::SetPresence(set) => {
                let agent = set
                    .agent
                    .as_deref()
                    .map_or_else(|| staff.key.agent.clone(), AgentId::new);
                tenant(&directory(), &|it| {
                    it.agents.get(&agent).is_some_and(AgentProfile::takes_work)
                })
            }
            ClientFrame::WatchBoard(WatchBoard {
                scope: Scope::Group(group),
            }) => {
                let group = GroupId::new(&**group);
                tenant(&directory(), &|it| it.groups.contains_key(&group))
            }
            _ => true,
        };
        (!there).then_some(Code::NoSuchTarget)
    }
}

impl Guest {
    pub fn tenant(&self) -> &TenantId {
        self.principal.tenant()
    }

    /// Where its actors live.
    pub fn shard(&self) -> Shard {
        match &self.principal {
            Principal::Customer(customer) => customer.key.shard(),
            Principal::Staff(staff) => Address::Agent(staff.key.clone()).shard(),
        }
    }

    pub fn welcome(&self, turn: &Turn<'_>, heartbeat_ms: u32) -> server::Welcome<'_> {
        let (name, display_name) = match &self.principal {
            Principal::Customer(customer) => (
                customer.key.customer.as_str(),
                customer.identity.display_name.as_deref(),
            ),
            Principal::Staff(staff) => (staff.key.agent.as_str(), Some(staff.name.as_str())),
        };
        let id = turn.id;
        server::Welcome {
            session: format!("{}-{}-{}-{}", id.node, id.arbiter, id.slot, id.generation).into(),
            role: match self.principal.role() {
                crate::auth::Role::Customer => server::Role::Customer,
                crate::auth::Role::Agent => server::Role::Agent,
                crate::auth::Role::Supervisor => server::Role::Supervisor,
                crate::auth::Role::Admin => server::Role::Admin,
            },
            tenant: self.tenant().as_str().into(),
            name: name.into(),
            display_name: display_name.map(Into::into),
            at: turn.now.0,
            heartbeat_ms,
            limits: server::Limits {
                frame_bytes: FRAME_BYTES as u32,
                text_bytes: crest_actors::limits::TEXT_MAX_BYTES as u32,
                history_events: HISTORY_MAX,
                unacked: UNACKED_MAX as u32,
            },
        }
    }

    /// Its session's first turn.
    pub fn begin(self, turn: &mut Turn<'_>) -> Begun {
        match self.principal {
            Principal::Customer(CustomerPrincipal { key, identity, .. }) => {
                Begun::Customer(CustomerSession::new(key, identity, self.resume, turn))
            }
            Principal::Staff(StaffPrincipal {
                key, role, session, ..
            }) => Begun::Staff(StaffSession::new(key, role, session, &self.resume, turn)),
        }
    }
}

/// The line of the table of operations that a frame falls under.
fn operation(kind: ClientKind) -> Operation {
    match kind {
        ClientKind::Hello => Operation::Hello,
        ClientKind::Ping => Operation::Ping,
        ClientKind::Send => Operation::Send,
        ClientKind::Edit => Operation::Edit,
        ClientKind::Recall => Operation::Recall,
        ClientKind::Typing => Operation::Typing,
        ClientKind::Read => Operation::Read,
        ClientKind::History => Operation::History,
        ClientKind::AskHuman => Operation::AskHuman,
        ClientKind::LeaveMessage => Operation::LeaveMessage,
        ClientKind::CallBack => Operation::CallBack,
        ClientKind::Leave => Operation::Leave,
        ClientKind::Rate => Operation::Rate,
        ClientKind::Attach => Operation::Attach,
        ClientKind::Detach => Operation::Detach,
        ClientKind::SetPresence => Operation::SetPresence,
        ClientKind::Accept => Operation::Accept,
        ClientKind::Decline => Operation::Decline,
        ClientKind::Whisper => Operation::Whisper,
        ClientKind::Transfer => Operation::Transfer,
        ClientKind::End => Operation::End,
        ClientKind::WrapUpDone => Operation::WrapUpDone,
        ClientKind::TakeOver => Operation::TakeOver,
        ClientKind::GiveBack => Operation::GiveBack,
        ClientKind::WatchBoard => Operation::WatchBoard,
        ClientKind::UnwatchBoard => Operation::UnwatchBoard,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_stands_in_the_table_under_its_own_name() {
        for kind in ClientKind::ALL {
            assert_eq!(operation(*kind).as_str(), kind.name());
        }
    }
}
