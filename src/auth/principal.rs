//! Who somebody was found to be.

use crest_actors::customer::Identity;
use crest_actors::directory::StaffRole;
use crest_actors::ids::{AgentKey, CustomerKey, GroupId, Millis, TenantId};

use crate::desk::Digest;

/// As whom somebody acts; columns of the table of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    Customer,
    Agent,
    Supervisor,
    Admin,
}

impl Role {
    pub const ALL: &[Role] = &[Role::Customer, Role::Agent, Role::Supervisor, Role::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Role::Customer => "customer",
            Role::Agent => "agent",
            Role::Supervisor => "supervisor",
            Role::Admin => "admin",
        }
    }
}

impl From<StaffRole> for Role {
    fn from(role: StaffRole) -> Self {
        match role {
            StaffRole::Agent => Role::Agent,
            StaffRole::Supervisor => Role::Supervisor,
            StaffRole::Admin => Role::Admin,
        }
    }
}

/// A proven identity. The tenant always comes from here, never from a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    Customer(CustomerPrincipal),
    Staff(StaffPrincipal),
}

/// A customer, from a shop's token or as an anonymous visitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerPrincipal {
    pub key: CustomerKey,
    /// `language` and `group` are empty here: the client says them in its first frame.
    pub identity: Identity,
    pub anonymous: bool,
}

/// A member of staff with a session that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffPrincipal {
    pub key: AgentKey,
    pub name: String,
    pub role: StaffRole,
    pub groups: Vec<GroupId>,
    /// Names the session without giving it away.
    pub session: Digest,
    pub session_expires_at: Millis,
}

impl Principal {
    pub fn role(&self) -> Role {
        match self {
            Principal::Customer(_) => Role::Customer,
            Principal::Staff(staff) => staff.role.into(),
        }
    }

    pub fn tenant(&self) -> &TenantId {
        match self {
            Principal::Customer(customer) => &customer.key.tenant,
            Principal::Staff(staff) => &staff.key.tenant,
        }
    }
}
