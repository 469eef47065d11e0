//! A customer's pointers.

use crest_actors::conversation::Entry;
use crest_actors::customer::{Event, Pointer};
use crest_actors::ids::{AgentId, ChannelId, Millis};
use crest_actors::ports::{Record, Stored};
use crest_schema::stored::{Unreadable, pointer as wire};

use crate::translate::names::{conversation_id, text, wire_id};

pub fn encode_pointer(entry: &Entry<Event>) -> Record {
    let (event, base) = match &entry.event {
        Event::Pointed {
            channel,
            conversation,
            opening,
        } => {
            let pointed = wire::Pointed {
                channel: text(channel.as_str()),
                conversation: wire_id(*conversation),
                opening: *opening,
            };
            (wire::Event::Pointed(pointed), false)
        }
        Event::Cleared {
            channel,
            conversation,
            opening,
            agent,
            at,
        } => {
            let cleared = wire::Cleared {
                channel: text(channel.as_str()),
                conversation: wire_id(*conversation),
                opening: *opening,
                agent: agent.as_ref().map(|agent| text(agent.as_str())),
                at: at.0,
            };
            (wire::Event::Cleared(cleared), false)
        }
        Event::Base(pointers) => {
            let pointers = pointers.iter().map(to_stored).collect();
            (wire::Event::Base(wire::Base { pointers }), true)
        }
    };
    Record {
        body: super::encode(entry, event),
        base,
    }
}

pub fn decode_pointer(stored: &Stored) -> Result<Entry<Event>, Unreadable> {
    super::decode(stored, |event| match event {
        wire::Event::Pointed(pointed) => Event::Pointed {
            channel: ChannelId::new(pointed.channel),
            conversation: conversation_id(pointed.conversation),
            opening: pointed.opening,
        },
        wire::Event::Cleared(cleared) => Event::Cleared {
            channel: ChannelId::new(cleared.channel),
            conversation: conversation_id(cleared.conversation),
            opening: cleared.opening,
            agent: cleared.agent.map(AgentId::new),
            at: Millis(cleared.at),
        },
        wire::Event::Base(base) => {
            Event::Base(base.pointers.into_iter().map(from_stored).collect())
        }
    })
}

fn to_stored(pointer: &Pointer) -> wire::Pointer<'_> {
    let (closed_at, agent) = match &pointer.closed {
        Some((at, agent)) => (Some(at.0), agent.as_ref().map(|agent| text(agent.as_str()))),
        None => (None, None),
    };
    wire::Pointer {
        channel: text(pointer.channel.as_str()),
        conversation: wire_id(pointer.conversation),
        opening: pointer.opening,
        closed_at,
        agent,
        served: (pointer.served.as_ref()).map(|(at, agent)| (at.0, text(agent.as_str()))),
    }
}

fn from_stored(pointer: wire::Pointer<'_>) -> Pointer {
    Pointer {
        channel: ChannelId::new(pointer.channel),
        conversation: conversation_id(pointer.conversation),
        opening: pointer.opening,
        closed: pointer
            .closed_at
            .map(|at| (Millis(at), pointer.agent.map(AgentId::new))),
        served: (pointer.served).map(|(at, agent)| (Millis(at), AgentId::new(agent))),
    }
}
