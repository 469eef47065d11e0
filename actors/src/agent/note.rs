//! The whole input alphabet of an agent, and its ledger's events.

use crate::effect::{OfferContext, OfferOutcome};
use crate::ids::{ConversationId, GroupId, Millis, OfferId, Seq, SessionId};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Note {
    /// A session of the agent's; repeated as heartbeat every [`crate::limits::AGENT_BEAT_MS`].
    Connect {
        session: SessionId,
    },
    /// The session is gone in an orderly way.
    Disconnect {
        session: SessionId,
    },
    /// The agent (or a supervisor for it) sets its presence. Answered to `session` under `reference`.
    SetPresence {
        session: SessionId,
        reference: u32,
        presence: Presence,
        next: Option<Presence>,
    },
    /// Asked to hold a conversation at `offer.position`. From a queue (`queue`), or from the
    /// conversation itself for a transfer (`queue` is `None`).
    Reserve {
        offer: OfferId,
        weight: u32,
        queue: Option<GroupId>,
        forced: bool,
    },
    /// The conversation stands by this claim.
    Confirm {
        offer: OfferId,
        accepted: bool,
    },
    /// The conversation's log proves that this claim is over, or can never be.
    Release {
        offer: OfferId,
        why: Released,
    },
    /// From the conversation: it is held for this agent until `expires_at`; shown to all its
    /// sessions. Repeated with every `Confirm` of an offer not yet decided.
    Offered {
        offer: OfferId,
        expires_at: Millis,
        context: Box<OfferContext>,
    },
    /// From the conversation: that offer is decided.
    OfferGone {
        offer: OfferId,
        outcome: OfferOutcome,
    },
    /// From the conversation: this agent holds it now (accepted, or by transfer).
    Assigned {
        conversation: ConversationId,
    },
    /// From the conversation: this agent no longer holds it.
    Unassigned {
        conversation: ConversationId,
    },
    /// A queue that has just started asks who is ready.
    Announce {
        queue: GroupId,
    },
    /// The directory changed: capacity, skills or groups.
    Reconfigured,
    Wake,
}

/// Why a claim ended; misses are counted from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Released {
    Missed,
    Declined,
    /// Closed, wrapped up, transferred away, rescinded or never begun.
    Over,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Presence {
    /// No session.
    Offline,
    /// Present, not to be offered anything; the reason is one the tenant lists (`break`, `training` …).
    NotReady {
        reason: String,
    },
    Ready,
}

/// The ledger.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// Written before `Reserved` is sent.
    Granted {
        conversation: ConversationId,
        position: Seq,
        weight: u32,
        forced: bool,
    },
    Released {
        conversation: ConversationId,
        position: Seq,
    },
    /// All reservations as they stand; replaces everything before it.
    Base(Vec<Reservation>),
}

/// One line of the ledger. It counts as load until released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reservation {
    pub conversation: ConversationId,
    pub position: Seq,
    pub weight: u32,
    pub forced: bool,
}

/// What an agent tells its groups; the newest `at` and `run` wins.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Availability {
    pub presence: Presence,
    /// Sum of weights held, forced ones included.
    pub load: u32,
    pub capacity: u32,
    /// Since when nothing was given to it.
    pub idle_since: Millis,
    /// Reachable, replayed and `Ready`: may be offered work.
    pub offerable: bool,
    /// Grows with each announcement of this agent; an older one is ignored.
    pub version: u64,
}
