//! One-use tickets between HTTP and a socket's first frame.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crest_actors::ids::Millis;
use dashmap::DashMap;

use super::principal::Principal;
use super::secret;
use crate::desk::Digest;

const PREFIX: &str = "ct_";

/// Tickets of this node, in memory: one that is lost by a restart is asked for again.
///
/// Promises: a ticket is redeemed at most once, by whichever of many comes first, and never at or
/// after its expiry; at most `max` are held.
pub struct Tickets {
    node: u16,
    ttl_ms: u64,
    max: usize,
    held: DashMap<Digest, Held>,
    /// In order of expiry, since all live equally long; redeemed ones stay until they would expire.
    order: Mutex<VecDeque<(Millis, Digest)>>,
}

struct Held {
    principal: Principal,
    expires_at: Millis,
}

/// A ticket as it is handed out. `text` is the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedTicket {
    pub text: String,
    pub expires_at: Millis,
}

/// Why a ticket does not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketRefusal {
    /// Never issued here, already used, or expired long ago.
    Unknown,
    Expired,
}

impl Tickets {
    /// Of the node of this number, which stands in each ticket: other nodes ask it.
    pub fn new(node: u16, ttl_ms: u64, max: usize) -> Self {
        Self {
            node,
            ttl_ms,
            max,
            held: DashMap::new(),
            order: Mutex::new(VecDeque::new()),
        }
    }

    /// `None` where as many as the node holds were issued within one life of a ticket.
    pub fn issue(&self, principal: Principal, now: Millis) -> Option<IssuedTicket> {
        let text = secret::mint(&format!("{PREFIX}{}_", self.node));
        let digest = secret::digest(&text);
        let expires_at = now.plus(self.ttl_ms);
        // Nothing under this lock panics half-way, so what it guards is whole even if poisoned.
        let mut order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((_, oldest)) = order.front().filter(|(expiry, _)| *expiry <= now) {
            self.held.remove(oldest);
            order.pop_front();
        }
        if order.len() >= self.max {
            return None;
        }
        order.push_back((expires_at, digest));
        self.held.insert(
            digest,
            Held {
                principal,
                expires_at,
            },
        );
        Some(IssuedTicket { text, expires_at })
    }

    /// The other node that issued this ticket, if that is what it says.
    pub fn issuer(&self, ticket: &str) -> Option<u16> {
        let (node, _) = ticket.strip_prefix(PREFIX)?.split_once('_')?;
        node.parse().ok().filter(|node| *node != self.node)
    }

    /// Uses the ticket up.
    pub fn redeem(&self, ticket: &str, now: Millis) -> Result<Principal, TicketRefusal> {
        self.redeem_digest(&secret::digest(ticket), now)
    }

    /// Uses up the ticket of this digest.
    pub fn redeem_digest(&self, ticket: &Digest, now: Millis) -> Result<Principal, TicketRefusal> {
        let (_, held) = self.held.remove(ticket).ok_or(TicketRefusal::Unknown)?;
        if held.expires_at <= now {
            return Err(TicketRefusal::Expired);
        }
        Ok(held.principal)
    }

    /// Tickets that could still be redeemed, expired ones not yet cleared included.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}
