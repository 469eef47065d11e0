//! Guards the hot path against slowly becoming dearer: counts allocations, which no load of the
//! machine changes, and compares them with what they were when last looked at.
//!
//! A bound that is beaten is to be lowered here; one that is exceeded needs a reason in the commit.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use crest_actors::conversation::{Entry, Event};
use crest_actors::effect::Effect;
use crest_benches::floor::Talk;
use crest_benches::play::{CONVERSATION, Play};
use crest_benches::rows::Surge;
use crest_schema::ClientFrame;
use crest_schema::frame::client::Send;
use crest_schema::frame::{Body, Id};

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: as above.
        unsafe { System.realloc(at, layout, bytes) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const TIMES: u64 = 1_000;

/// Allocations of one call, on average of a thousand, rounded up.
fn allocations(mut work: impl FnMut()) -> u64 {
    // Tables and buffers that grow now and then have grown.
    (0..TIMES).for_each(|_| work());
    let before = COUNT.get();
    (0..TIMES).for_each(|_| work());
    (COUNT.get() - before).div_ceil(TIMES)
}

fn check(what: &str, most: u64, work: impl FnMut()) {
    let found = allocations(work);
    println!("{what}: {found} allocations, at most {most}");
    assert!(
        found <= most,
        "{what} takes {found} allocations, {most} before"
    );
}

fn words() -> String {
    "x".repeat(200)
}

fn entry() -> std::sync::Arc<Entry<Event>> {
    Play::new().entry(&words())
}

#[test]
fn a_message_is_read_from_the_wire_with_one_copy_of_its_text() {
    let send = ClientFrame::Send(Send {
        conversation: None,
        id: Id([1; 16]),
        body: Body::Text(words().into()),
    });
    let bytes = send.encode(Some(1));
    check("decode a send", 1, || {
        std::hint::black_box(ClientFrame::decode(&bytes).expect("sound"));
    });
}

#[test]
fn a_message_is_decided_by_its_conversation() {
    let mut play = Play::new();
    let words = words();
    check("apply a message", 10, || {
        let turn = play.say(&words);
        let published = |effect: &Effect| matches!(effect, Effect::Publish(_));
        assert!(turn.effects.iter().any(published));
    });
}

#[test]
fn an_event_is_encoded_once_for_everybody() {
    let entry = entry();
    let mut out = Vec::with_capacity(1_024);
    check("encode an event for staff", 0, || {
        out.clear();
        crest::translate::staff_event(CONVERSATION, &entry).encode_into(None, &mut out);
    });
}

#[test]
fn an_event_is_written_to_its_stored_form() {
    let entry = entry();
    check("encode an event for the store", 2, || {
        std::hint::black_box(crest::translate::stored::encode_conversation(&entry));
    });
}

#[test]
fn a_message_goes_through_its_arbiter_and_is_published() {
    actix::System::new().block_on(async {
        let mut talk = Talk::begin().await;
        let words = words();
        for _ in 0..TIMES {
            talk.say(&words).await;
        }
        let (before, recorded) = (COUNT.get(), talk.recorded());
        for _ in 0..TIMES {
            talk.say(&words).await;
        }
        let found = (COUNT.get() - before).div_ceil(TIMES);
        println!("tell, turn, commit, settle, publish: {found} allocations");
        assert_eq!(
            talk.recorded() - recorded,
            TIMES,
            "every message is an event"
        );
        assert!(found <= 16, "{found} allocations a message");
    });
}

#[test]
fn an_assignment_out_of_a_long_queue_costs_the_same_as_before() {
    let mut surge = Surge::new();
    surge.assign(1_000);
    let before = COUNT.get();
    surge.assign(1_000);
    let found = (COUNT.get() - before).div_ceil(1_000);
    println!("assign: {found} allocations");
    assert!(found <= 4, "{found} allocations an assignment");
}
