//! An event reduced to what viewers must agree on.

use std::hash::{DefaultHasher, Hash, Hasher};

use crest_schema::ServerFrame;
use crest_schema::frame::customer_view::{CustomerEntry, CustomerEvent, Speaker};
use crest_schema::frame::server::{Event, StaffEventFrame};
use crest_schema::frame::staff_view::{Author, StaffEntry, StaffEvent};
use crest_schema::frame::{Body, Id};
use serde::{Deserialize, Serialize};

/// What happened, without its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    pub kind: Kind,
    pub by: By,
    /// The sender's id, on what has one.
    pub id: Option<Id>,
    /// Digest of what customer and staff both see of it.
    pub content: u64,
    /// Digest of every byte: equal for everybody who reads the same numbering.
    pub whole: u64,
    /// Work the claim takes (offers and transfers), else 0.
    pub weight: u32,
    /// A transfer asked for above capacity.
    pub forced: bool,
}

/// Kinds of both views: `Joined` and `Ended` are what customers see of accepting and closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    Opened,
    Message,
    Edited,
    Recalled,
    Whisper,
    BotTurned,
    Waiting,
    BotResumed,
    Offered,
    Accepted,
    TransferRequested,
    Transferred,
    TransferFailed,
    TakenOver,
    GivenBack,
    WrapUp,
    Closed,
    Rated,
    Joined,
    Ended,
}

/// Whose it is. An offer, acceptance or transfer is its agent's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum By {
    Nobody,
    Customer,
    Bot,
    Agent(String),
    Supervisor(String),
    Desk,
    System,
}

impl Fact {
    /// As a customer is shown it.
    pub fn shown(&self) -> (Kind, By, u64) {
        let kind = match self.kind {
            Kind::Accepted | Kind::Transferred => Kind::Joined,
            Kind::WrapUp | Kind::Closed => Kind::Ended,
            kind => kind,
        };
        let by = match (&self.by, kind) {
            (By::Supervisor(_), _) => By::Desk,
            (by, Kind::Message | Kind::Edited | Kind::Recalled | Kind::Joined) => by.clone(),
            _ => By::Nobody,
        };
        (kind, by, self.content)
    }
}

/// Stable within a build; for comparison, not for storage.
pub fn digest(of: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// A customer's event, live or from a page.
pub fn customer_fact(conversation: Id, entry: &CustomerEntry<'_>) -> Fact {
    let (kind, by, id, content) = match &entry.event {
        CustomerEvent::Opened { opening } => (Kind::Opened, By::Nobody, None, digest(opening)),
        CustomerEvent::Message { from, id, body } => {
            (Kind::Message, speaker(from), *id, of_body(body))
        }
        CustomerEvent::Edited { from, body, .. } => {
            (Kind::Edited, speaker(from), None, of_body(body))
        }
        CustomerEvent::Recalled { from, .. } => (Kind::Recalled, speaker(from), None, 0),
        CustomerEvent::Waiting => (Kind::Waiting, By::Nobody, None, 0),
        CustomerEvent::BotResumed => (Kind::BotResumed, By::Nobody, None, 0),
        CustomerEvent::Joined { agent } => (
            Kind::Joined,
            By::Agent(agent.to_string()),
            None,
            digest(&**agent),
        ),
        CustomerEvent::Ended { reason } => (
            Kind::Ended,
            By::Nobody,
            None,
            digest(&format!("{reason:?}")),
        ),
        CustomerEvent::Rated { level } => (Kind::Rated, By::Nobody, None, digest(level)),
    };
    let frame = ServerFrame::Event(Event {
        conversation,
        seq: entry.seq,
        at: entry.at,
        event: entry.event.clone(),
    });
    Fact {
        kind,
        by,
        id,
        content,
        whole: digest(&frame.encode(None)),
        weight: 0,
        forced: false,
    }
}

/// A staff event, live or from a page.
pub fn staff_fact(conversation: Id, entry: &StaffEntry<'_>) -> Fact {
    let mut fact = of_staff_event(&entry.event);
    let frame = ServerFrame::StaffEvent(StaffEventFrame {
        conversation,
        seq: entry.seq,
        at: entry.at,
        customer_seq: entry.customer_seq,
        event: entry.event.clone(),
    });
    fact.whole = digest(&frame.encode(None));
    fact
}

fn of_staff_event(event: &StaffEvent<'_>) -> Fact {
    let agent = |name: &str| By::Agent(name.to_owned());
    let supervisor = |name: &str| By::Supervisor(name.to_owned());
    let plain = |kind, by, id, content| Fact {
        kind,
        by,
        id,
        content,
        whole: 0,
        weight: 0,
        forced: false,
    };
    match event {
        StaffEvent::Opened(opened) => {
            plain(Kind::Opened, By::Nobody, None, digest(&opened.opening))
        }
        StaffEvent::Message { author, id, body } => {
            plain(Kind::Message, writer(author), *id, of_body(body))
        }
        StaffEvent::Edited {
            author, id, body, ..
        } => plain(Kind::Edited, writer(author), Some(*id), of_body(body)),
        StaffEvent::Recalled { author, id, .. } => {
            plain(Kind::Recalled, writer(author), Some(*id), 0)
        }
        StaffEvent::Whisper { author, id, text } => plain(
            Kind::Whisper,
            supervisor(author),
            Some(*id),
            digest(&**text),
        ),
        StaffEvent::BotTurned(_) => plain(Kind::BotTurned, By::Bot, None, 0),
        StaffEvent::Waiting(_) => plain(Kind::Waiting, By::Nobody, None, 0),
        StaffEvent::BotResumed { .. } => plain(Kind::BotResumed, By::Nobody, None, 0),
        StaffEvent::Offered {
            agent: to, weight, ..
        } => Fact {
            weight: *weight,
            ..plain(Kind::Offered, agent(to), None, digest(&**to))
        },
        StaffEvent::Accepted { agent: by, .. } => {
            plain(Kind::Accepted, agent(by), None, digest(&**by))
        }
        StaffEvent::TransferRequested { to, forced, .. } => Fact {
            forced: *forced,
            ..plain(Kind::TransferRequested, agent(to), None, 0)
        },
        StaffEvent::Transferred {
            agent: to, weight, ..
        } => Fact {
            weight: *weight,
            ..plain(Kind::Transferred, agent(to), None, digest(&**to))
        },
        StaffEvent::TransferFailed { .. } => plain(Kind::TransferFailed, By::Nobody, None, 0),
        StaffEvent::TakenOver { supervisor: by } => plain(Kind::TakenOver, supervisor(by), None, 0),
        StaffEvent::GivenBack { supervisor: by } => plain(Kind::GivenBack, supervisor(by), None, 0),
        StaffEvent::WrapUp { reason, .. } => plain(
            Kind::WrapUp,
            By::Nobody,
            None,
            digest(&format!("{reason:?}")),
        ),
        StaffEvent::Closed { reason, .. } => plain(
            Kind::Closed,
            By::Nobody,
            None,
            digest(&format!("{reason:?}")),
        ),
        StaffEvent::Rated { level, .. } => plain(Kind::Rated, By::Nobody, None, digest(level)),
    }
}

/// Digest of a message's content, as [`Fact::content`] has it.
pub(crate) fn of_body(body: &Body<'_>) -> u64 {
    match body {
        Body::Text(text) => digest(&**text),
        other => digest(&format!("{other:?}")),
    }
}

fn speaker(speaker: &Speaker<'_>) -> By {
    match speaker {
        Speaker::You => By::Customer,
        Speaker::Bot => By::Bot,
        Speaker::Agent(name) => By::Agent(name.to_string()),
        Speaker::Desk => By::Desk,
        Speaker::System => By::System,
    }
}

fn writer(author: &Author<'_>) -> By {
    match author {
        Author::Customer => By::Customer,
        Author::Bot => By::Bot,
        Author::Agent(name) => By::Agent(name.to_string()),
        Author::Supervisor(name) => By::Supervisor(name.to_string()),
        Author::System => By::System,
    }
}
