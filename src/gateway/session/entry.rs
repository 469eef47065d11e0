//! One connection as the table of sessions keeps it.

use bytes::Bytes;
use crest_actors::ids::{ConversationId, Millis, Seq, TenantId};

use super::audit::Audit;
use super::customer::CustomerSession;
use super::doors::Begun;
use super::link::Arrival;
use super::staff::StaffSession;

pub struct Entry {
    pub tenant: TenantId,
    pub session: Session,
    pub beat_at: Option<Millis>,
    /// Frames that found the outbox full.
    pub held: Vec<Bytes>,
    pub muted: bool,
    pub paused: bool,
    pub audit: Audit,
}

pub enum Session {
    /// Connected, not yet known.
    Greeting,
    /// On its way to the arbiter of its shard.
    Moving,
    Customer(Box<CustomerSession>),
    Staff(Box<StaffSession>),
}

impl Entry {
    /// A connection that nobody has said anything on yet.
    pub fn greeting(tenant: TenantId, beat_at: Option<Millis>) -> Self {
        Self {
            tenant,
            session: Session::Greeting,
            beat_at,
            held: Vec::new(),
            muted: false,
            paused: false,
            audit: Audit::None,
        }
    }
}

impl Entry {
    /// Its outbox is full: events wait in the log until it is empty again.
    pub fn mute(&mut self) {
        self.muted = true;
        match &mut self.session {
            Session::Greeting | Session::Moving => {}
            Session::Customer(customer) => customer.mute(),
            Session::Staff(staff) => staff.mute(),
        }
    }
}

impl Session {
    /// An event found no room.
    pub fn rewind(&mut self, conversation: ConversationId, seq: Seq, now: Millis) {
        match self {
            Session::Greeting | Session::Moving => {}
            Session::Customer(customer) => customer.rewind(conversation, seq, now),
            Session::Staff(staff) => staff.rewind(conversation, seq, now),
        }
    }

    /// A live event: is it to be shown?
    pub fn event(&mut self, conversation: ConversationId, seq: Seq, now: Millis) -> Arrival {
        match self {
            Session::Greeting | Session::Moving => Arrival::Known,
            Session::Customer(customer) => customer.event(conversation, seq, now),
            Session::Staff(staff) => staff.event(conversation, seq, now),
        }
    }

    /// When it has something to repeat.
    pub fn beat_at(&self) -> Option<Millis> {
        match self {
            Session::Greeting | Session::Moving => None,
            Session::Customer(customer) => customer.beat_at(),
            Session::Staff(staff) => staff.beat_at(),
        }
    }

    pub fn unanswered(&self) -> usize {
        match self {
            Session::Greeting | Session::Moving => 0,
            Session::Customer(customer) => customer.unanswered(),
            Session::Staff(staff) => staff.unanswered(),
        }
    }
}

impl From<Begun> for Session {
    fn from(begun: Begun) -> Self {
        match begun {
            Begun::Customer(customer) => Session::Customer(Box::new(customer)),
            Begun::Staff(staff) => Session::Staff(Box::new(staff)),
        }
    }
}
