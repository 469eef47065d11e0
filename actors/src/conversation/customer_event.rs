//! What a customer may see of an event. No variant can hold a whisper, an offer, a transfer's
//! note, a score or a supervisor: leaking one does not compile.

use crate::ids::{AgentId, ClientMsgId, Millis, Seq};

use super::event::{Author, Body, CloseReason, Entry, Event};

/// One event in the customer's own numbering.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CustomerEntry {
    pub seq: Seq,
    pub at: Millis,
    pub event: CustomerEvent,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CustomerEvent {
    Opened {
        opening: u32,
    },
    Message {
        from: Speaker,
        id: Option<ClientMsgId>,
        body: Body,
    },
    Edited {
        of: Seq,
        from: Speaker,
        body: Body,
    },
    Recalled {
        of: Seq,
        from: Speaker,
    },
    /// A person was asked for.
    Waiting,
    /// No person can be had for now; the bot goes on.
    BotResumed,
    /// A person is there.
    Joined {
        agent: AgentId,
    },
    Ended {
        reason: CloseReason,
    },
    Rated {
        level: u8,
    },
}

/// Who speaks, as far as a customer is concerned. A supervisor speaks as the desk.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Speaker {
    You,
    Bot,
    Agent(AgentId),
    Desk,
    System,
}

impl CustomerEntry {
    /// The customer's view of an entry; `None` where the entry has no customer number.
    pub fn of(entry: &Entry<Event>) -> Option<Self> {
        let seq = entry.customer_seq?;
        let event = match &entry.event {
            Event::Opened(opened) => CustomerEvent::Opened {
                opening: opened.opening,
            },
            Event::Message(message) => CustomerEvent::Message {
                from: Speaker::of(&message.author),
                id: message.id,
                body: message.body.clone(),
            },
            Event::Edited {
                of, author, body, ..
            } => CustomerEvent::Edited {
                of: of.customer_seq,
                from: Speaker::of(author),
                body: body.clone(),
            },
            Event::Recalled { of, author, .. } => CustomerEvent::Recalled {
                of: of.customer_seq,
                from: Speaker::of(author),
            },
            Event::Waiting(_) => CustomerEvent::Waiting,
            Event::BotResumed { .. } => CustomerEvent::BotResumed,
            Event::Accepted { offer } | Event::Transferred { offer, .. } => CustomerEvent::Joined {
                agent: offer.agent.clone(),
            },
            Event::WrapUp { reason, .. } | Event::Closed { reason, .. } => {
                CustomerEvent::Ended { reason: *reason }
            }
            Event::Rated { level, .. } => CustomerEvent::Rated { level: *level },
            Event::Whisper { .. }
            | Event::BotTurned(_)
            | Event::Offered { .. }
            | Event::TransferRequested { .. }
            | Event::TransferFailed { .. }
            | Event::TakenOver { .. }
            | Event::GivenBack { .. } => return None,
        };
        Some(Self {
            seq,
            at: entry.at,
            event,
        })
    }
}

impl Speaker {
    fn of(author: &Author) -> Self {
        match author {
            Author::Customer => Speaker::You,
            Author::Bot => Speaker::Bot,
            Author::Agent(agent) => Speaker::Agent(agent.clone()),
            Author::Supervisor(_) => Speaker::Desk,
            Author::System => Speaker::System,
        }
    }
}
