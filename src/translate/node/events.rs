//! Events and what they are made of travel as they are stored.

use crest_actors::conversation::{
    Answer, Body, BotContext, CloseReason, Entry, Event, Opened, WaitReason, Waiting,
};
use crest_actors::ids::{Millis, OfferId, Seq};
use crest_schema::node as wire;
use crest_schema::stored::{Record, conversation as stored};

use super::mirror::{Mirror, by};
use crate::translate::names;
use crate::translate::stored::{conversation as to, from_store as from};

by! {
    Opened, stored::Opened<'w>, |it| to::opened(it), from::opened;
    Waiting, stored::Waiting<'w>, |it| to::waiting(it), from::waiting;
    WaitReason, stored::WaitReason<'w>, |it| to::wait_reason(it), from::wait_reason;
    Body, stored::Body<'w>, |it| to::body(it), from::body;
    BotContext, stored::BotTurned<'w>, |it| to::bot_turned(it), from::bot_context;
    Answer, stored::Answer<'w>, |it| to::answer(it), from::answer;
    OfferId, stored::Offer<'w>, |it| to::offer(it), from::offer;
    CloseReason, stored::CloseReason, |it| to::close_reason(*it), from::close_reason;
}

impl Mirror for Entry<Event> {
    type Wire<'w> = wire::Entry<'w>;

    fn to_wire(&self) -> wire::Entry<'_> {
        wire::Entry {
            seq: self.seq.0,
            record: Record {
                at: self.at.0,
                customer_seq: self.customer_seq.map(|seq| seq.0),
                event: to::event(&self.event),
            },
        }
    }

    fn from_wire(wire: wire::Entry<'_>) -> Self {
        Self {
            seq: names::seq(wire.seq),
            at: Millis(wire.record.at),
            customer_seq: wire.record.customer_seq.map(Seq),
            event: from::event(wire.record.event),
        }
    }
}
