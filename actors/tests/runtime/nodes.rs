//! Two nodes that share a store: notes find their owner, shards move, a node past its lease is silent.

use super::bench::{SESSION, say, text};
use super::pair::Pair;
use crest_actors::conversation::{Note, Refusal, Role};
use crest_actors::effect::{Envelope, Push};
use crest_actors::ids::Seq;
use crest_actors::limits::{HELD_BEAT_MS, HELD_NOTES_MS, STRAY_MS};
use crest_actors::ports::Owner;

fn run(script: impl AsyncFnOnce(&Pair)) {
    actix::System::new().block_on(async {
        tokio::time::pause();
        let pair = Pair::start();
        pair.settle().await;
        script(&pair).await;
    });
}

/// The customer's session on the first node, its conversation on the second.
async fn open_across(pair: &Pair) {
    pair.first.believes(Owner::Node(1), 1);
    pair.second.enters(1);
    pair.settle().await;
    let session = &pair.first.bench;
    session.tell(session.enter(true));
    pair.settle().await;
    session.routed();
    attach(pair, 1, 0).await;
}

async fn attach(pair: &Pair, link: u32, after: u64) {
    let session = &pair.first.bench;
    let note = Note::Attach {
        session: SESSION,
        link,
        role: Role::Customer,
        after: Seq(after),
    };
    session.tell(Envelope::Conversation(session.conversation(), note));
    pair.settle().await;
}

fn acknowledged(pushes: &[Push]) -> Vec<u64> {
    let seq = |push: &Push| match push {
        Push::Ack { seq, .. } => Some(seq.0),
        _ => None,
    };
    pushes.iter().filter_map(seq).collect()
}

fn unavailable(push: &Push) -> bool {
    matches!(
        push,
        Push::Refused {
            refusal: Refusal::StorageUnavailable,
            ..
        }
    )
}

#[test]
fn a_session_talks_through_its_node_to_a_conversation_on_another() {
    run(async |pair| {
        open_across(pair).await;
        let session = &pair.first.bench;
        session.take();
        session.command(0, say(1, "在吗"));
        pair.settle().await;
        assert_eq!(acknowledged(&session.take()), [2]);
        assert_eq!(
            session.shown(),
            [Seq(2)],
            "shown once, by the session's own node"
        );
        assert!(pair.second.bench.shown().is_empty());
        assert_eq!(session.view("conversation").up, 0);
        assert_eq!(pair.second.bench.view("conversation").up, 1);
    });
}

#[test]
fn a_conversation_goes_on_where_it_stood_when_its_shard_moves() {
    run(async |pair| {
        open_across(pair).await;
        let session = &pair.first.bench;
        session.command(0, say(1, "第一句"));
        pair.settle().await;
        pair.second.leaves(Owner::Node(0), 2);
        pair.first.enters(2);
        pair.settle().await;
        assert_eq!(pair.second.bench.view("conversation").up, 0);
        session.take();
        session.command(1, say(2, "第二句"));
        pair.settle().await;
        let told = session.take();
        assert!(told.iter().any(|push| matches!(push, Push::Unknown { .. })));
        attach(pair, 2, 2).await;
        session.command_on(2, 0, say(1, "第一句"));
        session.command_on(2, 1, say(2, "第二句"));
        pair.settle().await;
        assert_eq!(
            acknowledged(&session.take()),
            [2, 3],
            "the first was known already"
        );
        assert_eq!(text(&session.transcript()), ["第一句", "第二句"]);
    });
}

#[test]
fn what_comes_to_a_former_owner_goes_back_and_is_sent_to_the_new_one_once() {
    run(async |pair| {
        open_across(pair).await;
        let session = &pair.first.bench;
        // The shards come to the first node, leave again, and the second does not know yet.
        pair.second.leaves(Owner::Nobody, 2);
        session.take();
        session.command(0, say(1, "在吗"));
        pair.settle().await;
        assert_eq!(pair.first.hints(), 1, "its epoch was older");
        assert!(session.take().is_empty());
        pair.second.enters(3);
        pair.first.believes(Owner::Node(1), 3);
        session.hub.release_held();
        pair.settle().await;
        let told = session.take();
        assert!(
            told.iter().any(|push| matches!(push, Push::Unknown { .. })),
            "{told:?}"
        );
    });
}

#[test]
fn what_comes_to_a_new_owner_too_early_is_tried_there_again() {
    run(async |pair| {
        open_across(pair).await;
        let session = &pair.first.bench;
        // The first node has heard of the move, the second has not taken the shards yet.
        pair.second.leaves(Owner::Nobody, 2);
        pair.first.believes(Owner::Node(1), 3);
        session.take();
        session.command(0, say(1, "在吗"));
        pair.settle().await;
        assert!(session.take().is_empty(), "it came back and waits");
        pair.second.enters(3);
        session.advance(STRAY_MS + HELD_BEAT_MS).await;
        pair.settle().await;
        let told = session.take();
        assert!(
            told.iter().any(|push| matches!(push, Push::Unknown { .. })),
            "{told:?}"
        );
    });
}

#[test]
fn what_finds_no_owner_waits_and_is_then_refused_in_words() {
    run(async |pair| {
        open_across(pair).await;
        let session = &pair.first.bench;
        pair.second.leaves(Owner::Nobody, 2);
        pair.first.believes(Owner::Nobody, 2);
        session.take();
        session.command(0, say(1, "在吗"));
        session.hub.release_held();
        pair.settle().await;
        assert!(session.take().is_empty(), "it waits");
        session.advance(HELD_NOTES_MS + HELD_BEAT_MS).await;
        pair.settle().await;
        assert!(session.take().iter().any(unavailable));
        assert_eq!(session.hub.counters.unplaced.get(), 1);
    });
}

#[test]
fn a_node_past_its_lease_shows_nothing_from_memory() {
    run(async |pair| {
        open_across(pair).await;
        let session = &pair.first.bench;
        session.take();
        pair.second.expires();
        attach(pair, 2, 0).await;
        assert!(
            session.take().is_empty(),
            "history may be stale: somebody else may own it"
        );
    });
}

#[test]
fn a_former_owner_refuses_nothing() {
    run(async |pair| {
        open_across(pair).await;
        let session = &pair.first.bench;
        session.take();
        session.command(0, say(1, "在吗"));
        // Its shards go while the message is on its way to the store, which then refuses it.
        pair.second.expires();
        pair.second.bench.store.fence(&session.log());
        pair.settle().await;
        let told = session.take();
        assert!(told.is_empty(), "{told:?}: the next owner will answer");
    });
}

#[test]
fn frames_lost_between_nodes_are_made_good_by_the_session() {
    run(async |pair| {
        open_across(pair).await;
        let session = &pair.first.bench;
        session.take();
        pair.cut.set(true);
        session.command(0, say(1, "在吗"));
        pair.settle().await;
        assert!(session.take().is_empty());
        pair.cut.set(false);
        session.command(0, say(1, "在吗"));
        session.command(0, say(1, "在吗"));
        pair.settle().await;
        assert_eq!(acknowledged(&session.take()).first(), Some(&2));
        assert_eq!(text(&session.transcript()), ["在吗"]);
    });
}
