//! What logs say, folded here once more and independently of the aggregates.

use std::collections::BTreeMap;
use std::sync::Arc;

use crest_actors::agent;
use crest_actors::conversation::{Entry, Event};
use crest_actors::ids::{AgentId, ConversationId, CustomerId, OfferId, Seq};

/// Where a conversation stands by its log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    pub position: Seq,
    pub opening: Option<u32>,
    pub open: bool,
    pub customer: Option<CustomerId>,
    pub waiting: Option<(Seq, Vec<AgentId>)>,
    /// The claim an agent has on it, and whether it was accepted.
    pub claim: Option<OfferId>,
    pub serves: bool,
    pub transferring: Option<OfferId>,
    /// Something was recorded that the rules do not allow.
    pub two_agents: bool,
}

pub fn standing(id: ConversationId, log: &[Arc<Entry<Event>>]) -> Standing {
    let mut it = Standing::default();
    for entry in log {
        if entry.event.is_state() {
            it.position = entry.seq;
        }
        match &entry.event {
            Event::Opened(opened) => {
                it.two_agents |= it.claim.is_some();
                it.opening = Some(opened.opening);
                it.customer = Some(opened.customer.clone());
                it.open = true;
            }
            Event::Waiting(waiting) => {
                it.claim = None;
                it.serves = false;
                it.transferring = None;
                it.waiting = Some((entry.seq, waiting.excluded.clone()));
            }
            Event::Offered { offer, .. } => {
                let entry = it.waiting.take().map(|(entry, _)| entry);
                it.two_agents |= it.claim.is_some() || entry != Some(offer.position);
                it.claim = Some(offer.clone());
            }
            Event::Accepted { offer } => {
                it.two_agents |= it.claim.as_ref() != Some(offer);
                it.serves = true;
            }
            Event::TransferRequested { to, .. } => {
                it.transferring = Some(OfferId {
                    conversation: id,
                    position: entry.seq,
                    agent: to.clone(),
                });
            }
            Event::Transferred { offer, .. } => {
                it.two_agents |= it.transferring.as_ref() != Some(offer);
                it.claim = it.transferring.take();
            }
            Event::TransferFailed { .. } => it.transferring = None,
            Event::Closed { .. } => {
                it = Standing {
                    position: it.position,
                    opening: it.opening,
                    customer: it.customer,
                    two_agents: it.two_agents,
                    ..Standing::default()
                };
            }
            _ => {}
        }
    }
    it
}

/// What a ledger holds by its log: each claim, and whether it was forced.
pub fn ledger(agent: &AgentId, log: &[Arc<Entry<agent::Event>>]) -> BTreeMap<OfferId, bool> {
    let mut held = BTreeMap::new();
    let offer = |conversation: ConversationId, position: Seq| OfferId {
        conversation,
        position,
        agent: agent.clone(),
    };
    for entry in log {
        match &entry.event {
            agent::Event::Granted {
                conversation,
                position,
                forced,
                ..
            } => {
                held.insert(offer(*conversation, *position), *forced);
            }
            agent::Event::Released {
                conversation,
                position,
            } => {
                held.remove(&offer(*conversation, *position));
            }
            agent::Event::Base(all) => {
                let all = all.iter();
                held = all
                    .map(|it| (offer(it.conversation, it.position), it.forced))
                    .collect();
            }
        }
    }
    held
}
