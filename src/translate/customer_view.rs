//! What a customer's connection carries of a conversation.

use crest_actors::conversation::{CustomerEntry, CustomerEvent, Place, Speaker};
use crest_actors::effect::CustomerState;
use crest_actors::ids::{ConversationId, Seq};
use crest_schema::ServerFrame;
use crest_schema::frame::{customer_view as wire, server};

use super::body::wire_body;
use super::names::{close_reason, text, wire_id, wire_message_id};

/// One event, as a live frame.
pub fn customer_event(conversation: ConversationId, entry: &CustomerEntry) -> ServerFrame<'_> {
    ServerFrame::Event(server::Event {
        conversation: wire_id(conversation),
        seq: entry.seq.0,
        at: entry.at.0,
        event: event(&entry.event),
    })
}

pub fn customer_attached(
    conversation: ConversationId,
    last: Seq,
    state: &CustomerState,
) -> ServerFrame<'static> {
    ServerFrame::Attached(server::Attached {
        conversation: wire_id(conversation),
        last: last.0,
        state: wire::CustomerState {
            opening: state.opening,
            open: state.open,
            waiting: state.waiting,
            may_rate: state.may_rate,
            place: state.place.map(|place| position(&place)),
        },
    })
}

pub(super) fn entry(entry: &CustomerEntry) -> wire::CustomerEntry<'_> {
    wire::CustomerEntry {
        seq: entry.seq.0,
        at: entry.at.0,
        event: event(&entry.event),
    }
}

pub(super) fn position(place: &Place) -> wire::Position {
    wire::Position {
        position: place.position,
        wait_minutes: place.wait_minutes,
        call_back: place.wait_minutes.is_none(),
    }
}

fn event(event: &CustomerEvent) -> wire::CustomerEvent<'_> {
    match event {
        CustomerEvent::Opened { opening } => wire::CustomerEvent::Opened { opening: *opening },
        CustomerEvent::Message { from, id, body } => wire::CustomerEvent::Message {
            from: speaker(from),
            id: id.map(wire_message_id),
            body: wire_body(body),
        },
        CustomerEvent::Edited { of, from, body } => wire::CustomerEvent::Edited {
            of: of.0,
            from: speaker(from),
            body: wire_body(body),
        },
        CustomerEvent::Recalled { of, from } => wire::CustomerEvent::Recalled {
            of: of.0,
            from: speaker(from),
        },
        CustomerEvent::Waiting => wire::CustomerEvent::Waiting,
        CustomerEvent::BotResumed => wire::CustomerEvent::BotResumed,
        CustomerEvent::Joined { agent } => wire::CustomerEvent::Joined {
            agent: text(agent.as_str()),
        },
        CustomerEvent::Ended { reason } => wire::CustomerEvent::Ended {
            reason: close_reason(*reason),
        },
        CustomerEvent::Rated { level } => wire::CustomerEvent::Rated { level: *level },
    }
}

pub(super) fn speaker(speaker: &Speaker) -> wire::Speaker<'_> {
    match speaker {
        Speaker::You => wire::Speaker::You,
        Speaker::Bot => wire::Speaker::Bot,
        Speaker::Agent(agent) => wire::Speaker::Agent(text(agent.as_str())),
        Speaker::Desk => wire::Speaker::Desk,
        Speaker::System => wire::Speaker::System,
    }
}
