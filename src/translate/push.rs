//! What a session is told, as frames.

use crest_actors::conversation::{Ephemeral, Role, Speaker};
use crest_actors::effect::Push;
use crest_actors::ids::ConversationId;
use crest_schema::ServerFrame;
use crest_schema::frame::client::Named;
use crest_schema::frame::server::{
    Ack, Done, Ended, Error, OfferFrame, OfferGone, Place, PresenceFrame, Read, Routed, StaffRead,
    StaffTyping, Typing,
};
use crest_schema::limits::SERVER_FRAME_BYTES;

use super::customer_view::{self, customer_attached, customer_event};
use super::desk;
use super::names::{self, wire_id, wire_message_id};
use super::refusal::code_of;
use super::staff_view::{self, staff_attached, staff_event};

/// Every frame of a push with its ref, in the order to send. What a session and an owner say
/// between them (`Behind`, `Unknown`, `Evicted`, `Resend`, `Tail`) has none.
pub fn frames<'a>(push: &'a Push, emit: &mut dyn FnMut(Option<u32>, ServerFrame<'a>)) {
    match push {
        Push::Routed {
            conversation,
            opening,
            open,
        } => emit(
            None,
            ServerFrame::Routed(Routed {
                conversation: conversation.map(wire_id),
                opening: *opening,
                open: *open,
            }),
        ),
        Push::AttachedCustomer {
            link: _,
            conversation,
            history,
            last,
            state,
        } => {
            emit(None, customer_attached(*conversation, *last, state));
            for entry in history {
                emit(None, customer_event(*conversation, entry));
            }
        }
        Push::AttachedStaff {
            link: _,
            conversation,
            history,
            last,
            summary,
        } => {
            emit(None, staff_attached(*conversation, *last, summary));
            for entry in history {
                emit(None, staff_event(*conversation, entry));
            }
        }
        Push::Behind { .. }
        | Push::Unknown { .. }
        | Push::Evicted { .. }
        | Push::Resend { .. }
        | Push::Tail { .. } => {}
        Push::Ack {
            reference,
            id,
            conversation,
            number: _,
            seq,
            at,
        } => emit(
            Some(*reference),
            ServerFrame::Ack(Ack {
                id: id.map(wire_message_id),
                conversation: wire_id(*conversation),
                seq: seq.0,
                at: at.0,
            }),
        ),
        Push::Done {
            reference,
            conversation,
            number: _,
        } => emit(
            Some(*reference),
            ServerFrame::Done(Done {
                conversation: conversation.map(wire_id),
            }),
        ),
        Push::Refused {
            reference,
            conversation,
            number: _,
            refusal,
            id,
        } => emit(
            Some(*reference),
            Error::of(code_of(*refusal))
                .about(id.map(wire_message_id), conversation.map(wire_id))
                .into(),
        ),
        Push::Ended {
            conversation,
            opening,
        } => emit(
            None,
            ServerFrame::Ended(Ended {
                conversation: wire_id(*conversation),
                opening: *opening,
            }),
        ),
        Push::Ephemeral {
            conversation,
            from,
            ephemeral: shown,
        } => emit(None, staff_ephemeral(*conversation, from, shown)),
        Push::CustomerEphemeral {
            conversation,
            from,
            ephemeral,
        } => emit(None, customer_ephemeral(*conversation, from, ephemeral)),
        Push::Place {
            conversation,
            place,
        } => {
            let place = customer_view::position(place);
            emit(
                None,
                ServerFrame::Place(Place {
                    conversation: wire_id(*conversation),
                    position: place.position,
                    wait_minutes: place.wait_minutes,
                    call_back: place.call_back,
                }),
            );
        }
        Push::Offer {
            offer,
            expires_at,
            context,
        } => emit(
            None,
            fitting_offer(OfferFrame {
                offer: names::offer(offer),
                expires_at: expires_at.0,
                context: desk::offer_context(context),
            }),
        ),
        Push::OfferGone { offer, outcome } => emit(
            None,
            ServerFrame::OfferGone(OfferGone {
                offer: names::offer(offer),
                outcome: desk::outcome(*outcome),
            }),
        ),
        Push::Assigned { conversation } => emit(
            None,
            ServerFrame::Assigned(Named {
                conversation: wire_id(*conversation),
            }),
        ),
        Push::Unassigned { conversation } => emit(
            None,
            ServerFrame::Unassigned(Named {
                conversation: wire_id(*conversation),
            }),
        ),
        Push::Presence {
            reference,
            agent,
            availability,
            next,
            held,
        } => emit(
            *reference,
            ServerFrame::Presence(PresenceFrame {
                state: desk::agent_row(agent, availability),
                next: next.as_ref().map(desk::presence),
                held: held.iter().copied().map(wire_id).collect(),
            }),
        ),
        Push::Board(view) => desk::boards(view, &mut |board| {
            emit(None, ServerFrame::Board(board));
        }),
    }
}

fn staff_ephemeral<'a>(
    conversation: ConversationId,
    from: &'a Role,
    shown: &Ephemeral,
) -> ServerFrame<'a> {
    let conversation = wire_id(conversation);
    let from = staff_view::role(from);
    match shown {
        Ephemeral::Typing => ServerFrame::StaffTyping(StaffTyping { conversation, from }),
        Ephemeral::Read { up_to } => ServerFrame::StaffRead(StaffRead {
            conversation,
            from,
            up_to: up_to.0,
        }),
    }
}

fn customer_ephemeral<'a>(
    conversation: ConversationId,
    from: &'a Speaker,
    shown: &Ephemeral,
) -> ServerFrame<'a> {
    let conversation = wire_id(conversation);
    let from = customer_view::speaker(from);
    match shown {
        Ephemeral::Typing => ServerFrame::Typing(Typing { conversation, from }),
        Ephemeral::Read { up_to } => ServerFrame::Read(Read {
            conversation,
            from,
            up_to: up_to.0,
        }),
    }
}

/// Leaves out the oldest messages until the offer fits a frame.
fn fitting_offer(mut offer: OfferFrame<'_>) -> ServerFrame<'_> {
    let mut scratch = Vec::new();
    loop {
        scratch.clear();
        let frame = ServerFrame::Offer(offer);
        frame.encode_into(None, &mut scratch);
        match frame {
            ServerFrame::Offer(large)
                if scratch.len() > SERVER_FRAME_BYTES && !large.context.messages.is_empty() =>
            {
                offer = large;
                offer.context.messages.remove(0);
            }
            frame => return frame,
        }
    }
}
