//! What sessions are told, and what is in it.

use crest_actors::board::BoardView;
use crest_actors::conversation::{
    CustomerEntry, CustomerEvent, PhaseKind, Refusal, Speaker, Summary,
};
use crest_actors::effect::{CustomerState, OfferContext, OfferOutcome, Push};
use crest_schema::node as wire;

use super::mirror::{Mirror, mirror};

mirror!(Push, wire::Push<'w>, enum {
    Routed { conversation, opening, open },
    AttachedCustomer { link, conversation, history, last, state },
    AttachedStaff { link, conversation, history, last, summary },
    Behind { link, conversation, tail },
    Unknown { conversation },
    Evicted { conversation },
    Resend { conversation, link, from },
    Tail { conversation, last },
    Ack { reference, id, conversation, number, seq, at },
    Done { reference, conversation, number },
    Refused { reference, conversation, number, refusal, id },
    Ended { conversation, opening },
    Ephemeral { conversation, from, ephemeral },
    CustomerEphemeral { conversation, from, ephemeral },
    Place { conversation, place },
    Offer { offer, expires_at, context },
    OfferGone { offer, outcome },
    Assigned { conversation },
    Unassigned { conversation },
    Presence { reference, agent, availability, next, held },
    Board(view),
});
mirror!(CustomerState, wire::CustomerState, struct { opening, open, waiting, may_rate, place });
mirror!(CustomerEntry, wire::CustomerEntry<'w>, struct { seq, at, event });
mirror!(CustomerEvent, wire::CustomerEvent<'w>, enum {
    Opened { opening },
    Message { from, id, body },
    Edited { of, from, body },
    Recalled { of, from },
    Waiting,
    BotResumed,
    Joined { agent },
    Ended { reason },
    Rated { level },
});
mirror!(Speaker, wire::Speaker<'w>, enum { You, Bot, Agent(agent), Desk, System });
mirror!(OfferContext, wire::OfferContext<'w>, struct {
    summary, display_name, attributes, reason, bot, messages, transfer_note,
});
mirror!(OfferOutcome, wire::OfferOutcome, enum { Accepted, Declined, Missed, Rescinded });
mirror!(Refusal, wire::Refusal, enum {
    NotOpen,
    Closed,
    Gone,
    NotAllowed,
    NotHolder,
    Conflict,
    NoSuchMessage,
    TooLate,
    AlreadyRated,
    TooLong,
    WrongState,
    NoSuchEvent,
    NoSuchTarget,
    NoSuchReason,
    StorageUnavailable,
});
mirror!(Summary, wire::Summary<'w>, struct {
    key, customer, channel, tier, phase, position, group, agent, taken_over, opened_at, phase_since,
    enqueued_at, closed_at, close_reason, rating, awake,
});
mirror!(PhaseKind, wire::PhaseKind, enum {
    BotServing,
    Waiting,
    Offered,
    Active,
    WrapUp,
    Closed,
});
mirror!(BoardView, wire::BoardView<'w>, struct {
    version, since, at, conversations, agents, queues,
});
