//! The durable facts of a conversation. Everything anybody sees of it is a fold of these.

use std::sync::Arc;

use crate::ids::{
    AgentId, ChannelId, ClientMsgId, CustomerId, GroupId, Millis, OfferId, Seq, Skill,
};

/// An event with its place and time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry<E> {
    pub seq: Seq,
    pub at: Millis,
    /// The customer's own dense number of it; `None` for what a customer must not see. Always
    /// `None` in ledgers and pointers.
    pub customer_seq: Option<Seq>,
    pub event: E,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// First event of every opening; `opening` 0 starts the log.
    Opened(Opened),
    Message(Message),
    /// The text of an earlier message was replaced by its author.
    Edited {
        of: Target,
        author: Author,
        id: ClientMsgId,
        body: Body,
    },
    /// An earlier message was withdrawn by its author.
    Recalled {
        of: Target,
        author: Author,
        id: ClientMsgId,
    },
    /// Staff only. No customer-facing type can hold it.
    Whisper {
        author: AgentId,
        id: ClientMsgId,
        text: String,
    },
    /// The bot's view of the matter after its turn; its words are a `Message` beside it.
    BotTurned(BotContext),
    /// It waits for a group. The seq of this event is the entry id.
    Waiting(Waiting),
    /// Its queue could not keep it: the bot goes on until a person is asked for again.
    BotResumed {
        from: GroupId,
    },
    /// Held for one agent until `expires_at`.
    Offered {
        offer: OfferId,
        weight: u32,
        expires_at: Millis,
    },
    /// The agent took it; the offer is its reservation from now on.
    Accepted {
        offer: OfferId,
    },
    /// Somebody wants it handed to another agent; the holder keeps it until `Transferred`.
    TransferRequested {
        by: AgentId,
        to: AgentId,
        forced: bool,
        note: Option<String>,
    },
    /// The other agent's reservation stands; the former one is to be released.
    Transferred {
        offer: OfferId,
        weight: u32,
    },
    /// The transfer asked for at `position` did not come about.
    TransferFailed {
        position: Seq,
    },
    /// A supervisor speaks from now on; bot and agent are silent.
    TakenOver {
        supervisor: AgentId,
    },
    /// The supervisor steps back.
    GivenBack {
        supervisor: AgentId,
    },
    /// Over for the customer; the agent still holds it to finish the paperwork.
    WrapUp {
        reason: CloseReason,
        until: Millis,
    },
    Closed {
        reason: CloseReason,
        code: Option<String>,
        by: Author,
    },
    /// The customer's CSAT, once a conversation.
    Rated {
        level: u8,
        comment: Option<String>,
        served_by: Author,
    },
}

/// Who the customer is and how it arrived; taken from a verified identity only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Opened {
    /// 0 for the first, + 1 for each reopening.
    pub opening: u32,
    pub customer: CustomerId,
    pub channel: ChannelId,
    /// 0 is standard; higher is served earlier.
    pub tier: u8,
    pub display_name: Option<String>,
    pub attributes: Vec<(String, String)>,
    /// BCP 47, as the client announced it.
    pub language: Option<String>,
    /// Where it waits unless the bot or staff route it elsewhere.
    pub group: GroupId,
    /// Who served this customer last, to be preferred for a while.
    pub sticky: Option<AgentId>,
}

/// Who said or did it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Author {
    Customer,
    Bot,
    Agent(AgentId),
    Supervisor(AgentId),
    System,
}

/// Something said, seen by everybody.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    pub author: Author,
    /// Absent on the bot's and the system's.
    pub id: Option<ClientMsgId>,
    pub body: Body,
}

/// Content of a message. Limits are in [`crate::limits`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Body {
    Text(Arc<str>),
    /// A reference; the bytes live elsewhere.
    Image {
        url: String,
        alt: String,
        bytes: u64,
    },
    File {
        url: String,
        name: String,
        media_type: String,
        bytes: u64,
    },
    Card {
        title: String,
        text: String,
        url: Option<String>,
        image_url: Option<String>,
    },
    /// Quick replies: a text and what may be answered to it.
    Choices {
        text: String,
        options: Vec<String>,
    },
}

/// An earlier event by both of its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    pub seq: Seq,
    pub customer_seq: Seq,
}

/// What the bot carries from turn to turn, and shows the agent with the offer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BotContext {
    /// Counts customer turns given to the bot in this opening.
    pub turn: u32,
    /// Consecutive turns without an answer.
    pub misses: u8,
    /// Key of the article answered last.
    pub topic: Option<String>,
    /// Keys offered when the bot last asked which one was meant.
    pub candidates: Vec<String>,
    pub answer: Option<Answer>,
}

/// Where an answer came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Answer {
    pub article: String,
    /// Calibrated, in thousandths.
    pub score_permille: u16,
    pub runner_up: Option<(String, u16)>,
    pub knowledge_version: u64,
}

/// Why it began to wait.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum WaitReason {
    /// The customer asked for a person.
    Asked,
    /// The bot gave up.
    BotMissed,
    /// The matched article is for people.
    ArticleSays,
    /// The bot is switched off or failed.
    NoBot,
    /// The offered agent let it expire.
    Missed(AgentId),
    Declined(AgentId),
    /// The agent it was held for became unreachable.
    AgentLost(AgentId),
    /// Handed to a group by staff.
    Transfer(AgentId),
    /// A full or slow queue passed it on.
    Overflow(GroupId),
    /// A supervisor gave it back.
    GivenBack(AgentId),
    Reopened,
}

/// A place in a queue. Order is fixed here: `enqueued_at − boost_ms`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Waiting {
    pub group: GroupId,
    pub reason: WaitReason,
    /// When it first began to wait in this opening; kept over offers, transfers and overflow.
    pub enqueued_at: Millis,
    pub boost_ms: u64,
    pub required: Vec<Skill>,
    /// Dropped once `preferred_until` has passed.
    pub preferred: Vec<Skill>,
    pub preferred_until: Millis,
    /// Preferred agent and until when it is held for.
    pub sticky: Option<(AgentId, Millis)>,
    /// Not offered to these while another one is ready.
    pub excluded: Vec<AgentId>,
    /// Capacity it takes of an agent.
    pub weight: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CloseReason {
    /// Ended by staff.
    Resolved,
    /// Ended by the customer.
    CustomerLeft,
    /// Nobody spoke for the configured time.
    Silence,
    /// The customer went away while waiting.
    Abandoned,
    /// The customer left a message instead of waiting.
    LeftMessage,
    /// The customer asked to be called back instead of waiting.
    CallBack,
    /// The queue was full or closed and nothing else could take it.
    Overflow,
}

/// The facts that any event of a conversation may carry about its offer, for whoever must match one.
impl Event {
    /// Is it a state event, one that moves the conversation's position?
    pub fn is_state(&self) -> bool {
        match self {
            Event::Opened(_)
            | Event::Waiting(_)
            | Event::BotResumed { .. }
            | Event::Offered { .. }
            | Event::Accepted { .. }
            | Event::TransferRequested { .. }
            | Event::Transferred { .. }
            | Event::TransferFailed { .. }
            | Event::TakenOver { .. }
            | Event::GivenBack { .. }
            | Event::WrapUp { .. }
            | Event::Closed { .. } => true,
            Event::Message(_)
            | Event::Edited { .. }
            | Event::Recalled { .. }
            | Event::Whisper { .. }
            | Event::BotTurned(_)
            | Event::Rated { .. } => false,
        }
    }
}
