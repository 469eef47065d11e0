//! Everything that lets somebody in, put together.

use std::net::IpAddr;
use std::sync::Arc;

use crest_actors::customer::Identity;
use crest_actors::ids::{AgentKey, ChannelId, CustomerId, CustomerKey, Millis, TenantId};

use super::allowance::Allowance;
use super::backoff::Backoff;
use super::customer_token::{self, CustomerClaims};
use super::limits::BUSY_RETRY_MS;
use super::passwords::{Cost, Passwords};
use super::principal::{CustomerPrincipal, Principal, StaffPrincipal};
use super::refusal::{AuthError, AuthRefusal};
use super::secret;
use super::tickets::{IssuedTicket, TicketRefusal, Tickets};
use super::visitor::Visitors;
use crate::config;
use crate::desk::{DeskFailure, DeskStore, Digest};

/// Channels a client may name for itself; every other comes from a signed token.
const OPEN_CHANNELS: &[&str] = &["web", "app"];

/// Admission of one node.
pub struct Auth {
    pub(super) desk: Arc<dyn DeskStore>,
    pub(super) passwords: Passwords,
    pub(super) accounts: Backoff<AgentKey>,
    pub(super) addresses: Backoff<IpAddr>,
    pub(super) session_hours: u32,
    visits: Allowance,
    tickets: Tickets,
    visitors: Visitors,
}

/// What a customer shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A token signed by the shop.
    Token(String),
    /// Nothing, or the visitor token of an earlier ticket.
    Visitor(Option<String>),
}

/// A customer's ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerTicket {
    pub ticket: IssuedTicket,
    pub customer: CustomerId,
    /// To be shown next time, so that the visitor is recognised.
    pub visitor: Option<String>,
}

impl Auth {
    /// Ready to let in at the node of this number; makes the visitor key on first use.
    pub async fn open(
        desk: Arc<dyn DeskStore>,
        settings: &config::Auth,
        node: u16,
    ) -> Result<Self, AuthError> {
        let kept = desk.secret("visitor_key", rand::random()).await?;
        let cost = Cost {
            memory_kib: settings.hash_memory_kib,
            passes: settings.hash_passes,
        };
        let passwords = Passwords::new(cost, settings.hash_parallel, settings.hash_waiting)
            .ok_or_else(|| DeskFailure::Corrupt {
                what: "the password cost",
                why: "argon2 refuses it".to_owned(),
            })?;
        Ok(Self {
            desk,
            passwords,
            accounts: Backoff::new(
                settings.login_free_failures,
                settings.login_backoff_ms,
                settings.login_backoff_max_ms,
            ),
            addresses: Backoff::new(
                settings.address_free_failures,
                settings.login_backoff_ms,
                settings.address_backoff_max_ms,
            ),
            session_hours: settings.session_hours,
            visits: Allowance::new(settings.visitor_tickets_per_min),
            tickets: Tickets::new(node, settings.ticket_ttl_ms, settings.tickets_max),
            visitors: Visitors::new(settings.visitor_key.expose(), kept, settings.visitor_days),
        })
    }

    /// A ticket for a customer of this tenant. `channel` counts where the token names none;
    /// `address` is charged for visitors, who prove nothing.
    pub async fn customer_ticket(
        &self,
        tenant: TenantId,
        proof: Proof,
        channel: Option<&str>,
        address: IpAddr,
        now: Millis,
    ) -> Result<CustomerTicket, AuthError> {
        let found = self.desk.tenant(tenant.clone()).await?;
        let settings = found.ok_or(AuthRefusal::UnknownTenant)?.settings;
        let named = channel.unwrap_or("web");
        if !OPEN_CHANNELS.contains(&named) {
            return Err(AuthRefusal::Channel.into());
        }
        let (claims, visitor) = match proof {
            Proof::Token(token) => {
                let keys = self.desk.signing_keys(tenant.clone()).await?;
                let claims = customer_token::verify(&token, &tenant, &keys, now)
                    .map_err(AuthRefusal::Token)?;
                (claims, None)
            }
            Proof::Visitor(_) if !settings.anonymous_visitors => {
                return Err(AuthRefusal::NoVisitors.into());
            }
            Proof::Visitor(token) => {
                let charged = self.visits.take(address, now);
                charged.map_err(|wait| AuthRefusal::Visitors {
                    retry_after_ms: wait.ms,
                })?;
                let (customer, token) = self.visitors.welcome(&tenant, token.as_deref(), now);
                (anonymous(&customer), Some(token))
            }
        };
        let principal = principal(tenant, claims, named, visitor.is_some());
        let customer = principal.key.customer.clone();
        let ticket = self.issue(Principal::Customer(principal), now)?;
        Ok(CustomerTicket {
            ticket,
            customer,
            visitor,
        })
    }

    /// A ticket for staff with a session that stands.
    pub fn staff_ticket(
        &self,
        staff: StaffPrincipal,
        now: Millis,
    ) -> Result<IssuedTicket, AuthError> {
        Ok(self.issue(Principal::Staff(staff), now)?)
    }

    /// Who comes with this ticket; it is used up.
    pub fn redeem(&self, ticket: &str, now: Millis) -> Result<Principal, TicketRefusal> {
        self.tickets.redeem(ticket, now)
    }

    /// The same for the ticket of this digest: another node was shown it.
    pub fn redeem_digest(&self, ticket: &Digest, now: Millis) -> Result<Principal, TicketRefusal> {
        self.tickets.redeem_digest(ticket, now)
    }

    /// The other node that has to be asked about this ticket, and the digest to ask with.
    pub fn issuer(&self, ticket: &str) -> Option<(u16, Digest)> {
        let node = self.tickets.issuer(ticket)?;
        Some((node, secret::digest(ticket)))
    }

    fn issue(&self, principal: Principal, now: Millis) -> Result<IssuedTicket, AuthRefusal> {
        self.tickets.issue(principal, now).ok_or(AuthRefusal::Busy {
            retry_after_ms: BUSY_RETRY_MS,
        })
    }
}

fn anonymous(customer: &CustomerId) -> CustomerClaims {
    CustomerClaims {
        customer: customer.as_str().to_owned(),
        tier: 0,
        name: None,
        attributes: Vec::new(),
        channel: None,
    }
}

fn principal(
    tenant: TenantId,
    claims: CustomerClaims,
    channel: &str,
    anonymous: bool,
) -> CustomerPrincipal {
    CustomerPrincipal {
        key: CustomerKey {
            tenant,
            customer: CustomerId::new(claims.customer),
        },
        identity: Identity {
            channel: ChannelId::new(claims.channel.as_deref().unwrap_or(channel)),
            tier: claims.tier,
            display_name: claims.name,
            attributes: claims.attributes,
            language: None,
            group: None,
        },
        anonymous,
    }
}
