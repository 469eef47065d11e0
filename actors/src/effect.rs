//! What a turn of an actor leads to, once everything the log holds of it is durable.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::board::BoardView;
use crate::conversation::{
    BotContext, CustomerEntry, Entry, Ephemeral, Event, Place, Refusal, Role, Speaker, Summary,
};
use crate::ids::{
    AgentId, AgentKey, ClientMsgId, ConversationId, ConversationKey, CustomerKey, GroupKey, Millis,
    OfferId, Seq, SessionId, Shard, TenantId,
};
use crate::ports::{BotTurn, LogId};
use crate::{agent, board, conversation, customer, queue, skill_group};

/// An actor, wherever it lives.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address {
    Customer(CustomerKey),
    Conversation(ConversationKey),
    Agent(AgentKey),
    Queue(GroupKey),
    SkillGroup(GroupKey),
    Board(TenantId),
}

impl Address {
    /// Is this the log of that actor?
    pub fn owns(&self, log: &LogId) -> bool {
        match (self, log) {
            (Address::Customer(key), LogId::Pointer(of)) => key == of,
            (Address::Conversation(key), LogId::Conversation(of)) => key == of,
            (Address::Agent(key), LogId::Ledger(of)) => key == of,
            _ => false,
        }
    }

    /// Its name within its tenant; `None` where it is another tenant's.
    pub fn name_within(&self, tenant: &TenantId) -> Option<String> {
        let (of, name) = match self {
            Address::Customer(key) => (&key.tenant, key.customer.to_string()),
            Address::Conversation(key) => (&key.tenant, key.id.to_string()),
            Address::Agent(key) => (&key.tenant, key.agent.to_string()),
            Address::Queue(key) | Address::SkillGroup(key) => (&key.tenant, key.group.to_string()),
            Address::Board(of) => (of, of.to_string()),
        };
        (of == tenant).then_some(name)
    }

    /// A conversation has its customer's shard, a queue its skill group's.
    pub fn shard(&self) -> Shard {
        match self {
            Address::Customer(key) => key.shard(),
            Address::Conversation(key) => key.id.shard(),
            Address::Agent(key) => key.shard(),
            Address::Queue(key) | Address::SkillGroup(key) => {
                Shard::of(&["group", key.tenant.as_str(), key.group.as_str()])
            }
            Address::Board(tenant) => Shard::of(&["board", tenant.as_str()]),
        }
    }
}

impl AgentKey {
    pub fn shard(&self) -> Shard {
        Shard::of(&["agent", self.tenant.as_str(), self.agent.as_str()])
    }
}

impl CustomerKey {
    pub fn shard(&self) -> Shard {
        Shard::of(&["customer", self.tenant.as_str(), self.customer.as_str()])
    }
}

/// A note with where it goes. May be lost, doubled or reordered on the way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Envelope {
    Customer(CustomerKey, customer::Note),
    Conversation(ConversationKey, conversation::Note),
    Agent(AgentKey, agent::Note),
    Queue(GroupKey, queue::Note),
    SkillGroup(GroupKey, skill_group::Note),
    Board(TenantId, board::Note),
}

impl Envelope {
    pub fn address(&self) -> Address {
        match self {
            Envelope::Customer(key, _) => Address::Customer(key.clone()),
            Envelope::Conversation(key, _) => Address::Conversation(key.clone()),
            Envelope::Agent(key, _) => Address::Agent(key.clone()),
            Envelope::Queue(key, _) => Address::Queue(key.clone()),
            Envelope::SkillGroup(key, _) => Address::SkillGroup(key.clone()),
            Envelope::Board(tenant, _) => Address::Board(tenant.clone()),
        }
    }
}

/// Carried out in order, after the log's records up to this turn are durable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    Tell(Envelope),
    Push(SessionId, Push),
    Publish(Publication),
    AskBot(BotTurn),
    /// Every conversation in memory and every agent of the tenant says how it stands: a board lost its memory.
    Rally(TenantId),
}

/// One event to everybody attached. Customers get it only if `entry.customer_seq` is set, and
/// through [`CustomerEntry`] only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Publication {
    pub conversation: ConversationId,
    pub entry: Arc<Entry<Event>>,
    pub customers: Vec<SessionId>,
    pub staff: Vec<SessionId>,
}

impl Publication {
    /// The same event for those sessions only.
    pub fn only(&self, wanted: impl Fn(&SessionId) -> bool) -> Self {
        let of = |sessions: &[SessionId]| sessions.iter().copied().filter(|s| wanted(s)).collect();
        Self {
            conversation: self.conversation,
            entry: self.entry.clone(),
            customers: of(&self.customers),
            staff: of(&self.staff),
        }
    }

    /// The nodes its sessions are connected to.
    pub fn nodes(&self) -> BTreeSet<u16> {
        let sessions = self.customers.iter().chain(&self.staff);
        sessions.map(|session| session.node).collect()
    }

    /// Is it for any of those sessions?
    pub fn reads(&self, which: impl Fn(&SessionId) -> bool) -> bool {
        self.customers.iter().chain(&self.staff).any(which)
    }
}

/// What one arbiter or node has for another, gathered in one tick. May be lost as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    pub envelopes: Vec<Envelope>,
    /// Envelopes that came back from a node that was not their owner: routed once more, never twice.
    pub retried: Vec<Envelope>,
    pub strays: Vec<Stray>,
    pub pushes: Vec<(SessionId, Push)>,
    pub publications: Vec<Publication>,
    /// Tenants of which every actor is to say how it stands.
    pub rallies: Vec<TenantId>,
}

/// An envelope sent to a node that does not own its shard, on its way back (`wrong_owner`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    pub envelope: Envelope,
    /// The newest epoch of the shard that the node knows; the sender's belief may be older.
    pub epoch: u64,
}

impl Traffic {
    pub fn is_empty(&self) -> bool {
        let Self {
            envelopes,
            retried,
            strays,
            pushes,
            publications,
            rallies,
        } = self;
        envelopes.is_empty()
            && retried.is_empty()
            && strays.is_empty()
            && pushes.is_empty()
            && publications.is_empty()
            && rallies.is_empty()
    }
}

/// What a session is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Push {
    /// Answer to `customer::Note::Enter`. `open` is false where nothing is open: `conversation` is
    /// then the one closed last, if any.
    Routed {
        conversation: Option<ConversationId>,
        opening: u32,
        open: bool,
    },
    /// Registered: `history` is everything after the position asked for; live events follow.
    AttachedCustomer {
        link: u32,
        conversation: ConversationId,
        history: Vec<CustomerEntry>,
        last: Seq,
        state: CustomerState,
    },
    AttachedStaff {
        link: u32,
        conversation: ConversationId,
        history: Vec<Arc<Entry<Event>>>,
        last: Seq,
        summary: Box<Summary>,
    },
    /// Not registered: read the store up to `tail`, then attach again.
    Behind {
        link: u32,
        conversation: ConversationId,
        tail: Seq,
    },
    /// The link is not known here (restart): attach again and send again what is unacknowledged.
    Unknown {
        conversation: ConversationId,
    },
    /// Too many look at this conversation: this session has to give way, and must not come back by itself.
    Evicted {
        conversation: ConversationId,
    },
    /// Commands from this number on are missing: send them again.
    Resend {
        conversation: ConversationId,
        link: u32,
        from: u32,
    },
    /// The newest seq in the session's numbering, for one that may have missed the last event.
    Tail {
        conversation: ConversationId,
        last: Seq,
    },
    /// A command with a durable event: `seq` in the session's numbering.
    Ack {
        reference: u32,
        id: Option<ClientMsgId>,
        conversation: ConversationId,
        number: Option<u32>,
        seq: Seq,
        at: Millis,
    },
    /// A command without one.
    Done {
        reference: u32,
        conversation: Option<ConversationId>,
        number: Option<u32>,
    },
    Refused {
        reference: u32,
        conversation: Option<ConversationId>,
        number: Option<u32>,
        refusal: Refusal,
        id: Option<ClientMsgId>,
    },
    /// This opening is over (also the answer to every customer command after it).
    Ended {
        conversation: ConversationId,
        opening: u32,
    },
    /// To staff: somebody types or has read.
    Ephemeral {
        conversation: ConversationId,
        from: Role,
        ephemeral: Ephemeral,
    },
    /// To customers: the same, from somebody they may know of; read marks in their numbering.
    CustomerEphemeral {
        conversation: ConversationId,
        from: Speaker,
        ephemeral: Ephemeral,
    },
    Place {
        conversation: ConversationId,
        place: Place,
    },
    /// To the agent's sessions: a conversation is held for you.
    Offer {
        offer: OfferId,
        expires_at: Millis,
        context: Box<OfferContext>,
    },
    OfferGone {
        offer: OfferId,
        outcome: OfferOutcome,
    },
    /// You hold it now (accepted, or by transfer).
    Assigned {
        conversation: ConversationId,
    },
    /// You no longer hold it.
    Unassigned {
        conversation: ConversationId,
    },
    /// The agent's own state, on change and after every command about it.
    Presence {
        reference: Option<u32>,
        agent: AgentId,
        availability: agent::Availability,
        next: Option<agent::Presence>,
        held: Vec<ConversationId>,
    },
    Board(Arc<BoardView>),
}

/// What a customer's client needs to draw the conversation before its first event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CustomerState {
    pub opening: u32,
    pub open: bool,
    pub waiting: bool,
    pub may_rate: bool,
    pub place: Option<Place>,
}

/// Handoff with context: what an agent sees before it accepts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OfferContext {
    pub summary: Summary,
    pub display_name: Option<String>,
    pub attributes: Vec<(String, String)>,
    pub reason: Option<conversation::WaitReason>,
    pub bot: BotContext,
    /// The newest messages, at most [`crate::limits::OFFER_MESSAGES`].
    pub messages: Vec<Arc<Entry<Event>>>,
    pub transfer_note: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OfferOutcome {
    Accepted,
    Declined,
    Missed,
    Rescinded,
}
