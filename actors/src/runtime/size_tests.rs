//! What exists once a resident actor must stay small: there are a million of them. Sizes do not
//! depend on the machine's mood, so this fails on the commit that grows one.

use std::mem::size_of;

use actix::Context;
use actix::dev::ContextFut;

use super::entity::Entity;
use super::lane::Lane;
use super::region::SLOT_BYTES;
use crate::conversation::{self, Conversation, Entry, Event};
use crate::customer::Customer;

type Shell<A> = ContextFut<Entity<A>, Context<Entity<A>>>;

#[test]
fn a_resident_actor_stays_small() {
    let parts = [
        ("conversation", size_of::<Conversation>(), 192),
        (
            "conversation in its shell",
            size_of::<Shell<Conversation>>(),
            672,
        ),
        ("customer in its shell", size_of::<Shell<Customer>>(), 552),
        (
            "lane of a conversation",
            size_of::<Lane<conversation::Note>>(),
            88,
        ),
        ("entry of the tail", size_of::<Entry<Event>>(), 200),
        ("slot of a region's table", SLOT_BYTES, 64),
    ];
    for (part, bytes, at_most) in parts {
        assert!(
            bytes <= at_most,
            "{part} takes {bytes} bytes, at most {at_most}"
        );
    }
}
