//! Between what actors of different nodes tell each other and its bytes. Every type is stated once
//! for both ways; what is left out does not compile.

mod calls;
mod events;
mod mirror;
mod notes;
mod pushes;

pub use calls::{Call, LogPage, Reply};

use crest_actors::effect::{Envelope, Publication, Stray, Traffic};
use crest_schema::node::{self as wire, Item, Unreadable};

use mirror::{Mirror, mirror};

mirror!(Envelope, wire::Envelope<'w>, enum {
    Customer(key, note),
    Conversation(key, note),
    Agent(key, note),
    Queue(key, note),
    SkillGroup(key, note),
    Board(tenant, note),
});
mirror!(Stray, wire::Stray<'w>, struct { envelope, epoch });
mirror!(Publication, wire::Publication<'w>, struct { conversation, entry, customers, staff });

/// How many items it is.
pub fn count_items(traffic: &Traffic) -> u64 {
    let Traffic {
        envelopes,
        retried,
        strays,
        pushes,
        publications,
        rallies,
    } = traffic;
    let notes = envelopes.len() + retried.len() + strays.len();
    (notes + pushes.len() + publications.len() + rallies.len()) as u64
}

/// Writes traffic item by item, each into the same emptied buffer.
pub fn each_item(traffic: &Traffic, mut each: impl FnMut(&[u8])) {
    let Traffic {
        envelopes,
        retried,
        strays,
        pushes,
        publications,
        rallies,
    } = traffic;
    let mut bytes = Vec::new();
    let mut write = |item: Item<'_>| {
        bytes.clear();
        item.encode(&mut bytes);
        each(&bytes);
    };
    for envelope in envelopes {
        write(Item::Tell(envelope.to_wire()));
    }
    for envelope in retried {
        write(Item::Retry(envelope.to_wire()));
    }
    for stray in strays {
        write(Item::Stray(stray.to_wire()));
    }
    for (session, push) in pushes {
        write(Item::Push(session.to_wire(), push.to_wire()));
    }
    for publication in publications {
        write(Item::Publish(publication.to_wire()));
    }
    for tenant in rallies {
        write(Item::Rally(tenant.to_wire()));
    }
}

/// Reads an item and adds it to the traffic. `Err`: it was not one that this build knows, and
/// nothing was added.
pub fn add_item(bytes: &[u8], traffic: &mut Traffic) -> Result<(), Unreadable> {
    match Item::decode(bytes)? {
        Item::Tell(envelope) => traffic.envelopes.push(Mirror::from_wire(envelope)),
        Item::Retry(envelope) => traffic.retried.push(Mirror::from_wire(envelope)),
        Item::Stray(stray) => traffic.strays.push(Mirror::from_wire(stray)),
        Item::Push(session, push) => {
            let to = (Mirror::from_wire(session), Mirror::from_wire(push));
            traffic.pushes.push(to);
        }
        Item::Publish(publication) => traffic.publications.push(Mirror::from_wire(publication)),
        Item::Rally(tenant) => traffic.rallies.push(Mirror::from_wire(tenant)),
    }
    Ok(())
}
