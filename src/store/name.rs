//! A log's name as the `log_name` table keeps it.

use crest_actors::ids::{
    AgentId, AgentKey, ConversationId, ConversationKey, CustomerId, CustomerKey, TenantId,
};
use crest_actors::ports::LogId;
use rusqlite::{Connection, params};

const CONVERSATION: u8 = 1;
const LEDGER: u8 = 2;
const POINTER: u8 = 3;

/// The three columns that name a log.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    pub kind: u8,
    pub tenant: &'a str,
    pub id: &'a [u8],
}

impl<'a> Name<'a> {
    pub fn of(log: &'a LogId) -> Self {
        let (kind, tenant, id) = match log {
            LogId::Conversation(key) => (CONVERSATION, &key.tenant, &key.id.0[..]),
            LogId::Ledger(key) => (LEDGER, &key.tenant, key.agent.as_str().as_bytes()),
            LogId::Pointer(key) => (POINTER, &key.tenant, key.customer.as_str().as_bytes()),
        };
        Self {
            kind,
            tenant: tenant.as_str(),
            id,
        }
    }

    /// The log it names; `None` where no log can have written it.
    pub fn log(&self) -> Option<LogId> {
        let tenant = TenantId::new(self.tenant);
        match self.kind {
            CONVERSATION => Some(LogId::Conversation(ConversationKey {
                tenant,
                id: ConversationId(self.id.try_into().ok()?),
            })),
            LEDGER => Some(LogId::Ledger(AgentKey {
                tenant,
                agent: AgentId::new(std::str::from_utf8(self.id).ok()?),
            })),
            POINTER => Some(LogId::Pointer(CustomerKey {
                tenant,
                customer: CustomerId::new(std::str::from_utf8(self.id).ok()?),
            })),
            _ => None,
        }
    }
}

/// Every log of a tenant that the table names.
pub fn logs_of(connection: &Connection, tenant: &TenantId) -> rusqlite::Result<Vec<LogId>> {
    let mut statement =
        connection.prepare("SELECT kind, id FROM log_name WHERE tenant = ?1 AND kind = ?2")?;
    let mut logs = Vec::new();
    for kind in [CONVERSATION, LEDGER, POINTER] {
        let found = statement.query_map(params![tenant.as_str(), kind], |row| {
            let (kind, id): (u8, Vec<u8>) = (row.get(0)?, row.get(1)?);
            let name = Name {
                kind,
                tenant: tenant.as_str(),
                id: &id,
            };
            Ok(name.log())
        })?;
        for log in found {
            logs.extend(log?);
        }
    }
    Ok(logs)
}

/// How people read it in messages.
pub fn display(log: &LogId) -> String {
    match log {
        LogId::Conversation(key) => format!("conversation {}/{}", key.tenant, key.id),
        LogId::Ledger(key) => format!("ledger {}/{}", key.tenant, key.agent),
        LogId::Pointer(key) => format!("pointer {}/{}", key.tenant, key.customer),
    }
}
