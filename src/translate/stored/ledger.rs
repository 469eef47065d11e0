//! An agent's ledger.

use crest_actors::agent::{Event, Reservation};
use crest_actors::conversation::Entry;
use crest_actors::ids::Seq;
use crest_actors::ports::{Record, Stored};
use crest_schema::stored::{Unreadable, ledger as wire};

use crate::translate::names::{conversation_id, wire_id};

pub fn encode_ledger(entry: &Entry<Event>) -> Record {
    let (event, base) = match &entry.event {
        Event::Granted {
            conversation,
            position,
            weight,
            forced,
        } => {
            let granted = wire::Reservation {
                conversation: wire_id(*conversation),
                position: position.0,
                weight: *weight,
                forced: *forced,
            };
            (wire::Event::Granted(granted), false)
        }
        Event::Released {
            conversation,
            position,
        } => {
            let released = wire::Released {
                conversation: wire_id(*conversation),
                position: position.0,
            };
            (wire::Event::Released(released), false)
        }
        Event::Base(reservations) => {
            let reservations = reservations.iter().map(to_stored).collect();
            (wire::Event::Base(wire::Base { reservations }), true)
        }
    };
    Record {
        body: super::encode(entry, event),
        base,
    }
}

pub fn decode_ledger(stored: &Stored) -> Result<Entry<Event>, Unreadable> {
    super::decode(stored, |event| match event {
        wire::Event::Granted(granted) => Event::Granted {
            conversation: conversation_id(granted.conversation),
            position: Seq(granted.position),
            weight: granted.weight,
            forced: granted.forced,
        },
        wire::Event::Released(released) => Event::Released {
            conversation: conversation_id(released.conversation),
            position: Seq(released.position),
        },
        wire::Event::Base(base) => {
            Event::Base(base.reservations.into_iter().map(from_stored).collect())
        }
    })
}

fn to_stored(reservation: &Reservation) -> wire::Reservation {
    wire::Reservation {
        conversation: wire_id(reservation.conversation),
        position: reservation.position.0,
        weight: reservation.weight,
        forced: reservation.forced,
    }
}

fn from_stored(reservation: wire::Reservation) -> Reservation {
    Reservation {
        conversation: conversation_id(reservation.conversation),
        position: Seq(reservation.position),
        weight: reservation.weight,
        forced: reservation.forced,
    }
}
