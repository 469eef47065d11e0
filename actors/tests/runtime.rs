//! The runtime over real aggregates and a store in memory: what dies, what lives on, what waits.

#[path = "runtime/bench.rs"]
mod bench;
#[path = "runtime/nodes.rs"]
mod nodes;
#[path = "runtime/pair.rs"]
mod pair;

use bench::{Bench, Plan, SESSION, say, text};
use crest_actors::agent;
use crest_actors::board;
use crest_actors::conversation::{Command, Note, Refusal};
use crest_actors::effect::{Effect, Envelope, Push};
use crest_actors::ids::{Millis, Seq};
use crest_actors::limits::{PASSIVATE_AFTER_MS, REST_AFTER_MS};
use crest_actors::{queue, skill_group};

/// What an actor is told, made for a bench.
type ToTell = fn(&Bench) -> Envelope;

/// Runs a script on an arbiter of its own, under tokio's paused clock.
fn run(script: impl AsyncFnOnce(&Bench)) {
    actix::System::new().block_on(async {
        tokio::time::pause();
        let bench = Bench::start();
        bench.settle().await;
        script(&bench).await;
    });
}

#[test]
fn a_message_is_acknowledged_only_once_it_is_durable() {
    run(async |bench| {
        bench.open().await;
        bench.store.hold(true);
        bench.command(0, say(1, "在吗"));
        bench.settle().await;
        assert!(
            bench
                .take()
                .iter()
                .all(|push| !matches!(push, Push::Ack { .. })),
            "nothing is synced yet"
        );
        bench.store.hold(false);
        bench.settle().await;
        assert!(
            bench
                .take()
                .iter()
                .any(|push| matches!(push, Push::Ack { seq: Seq(2), .. }))
        );
    });
}

#[test]
fn whoever_looks_from_outside_sees_how_far_an_actor_is() {
    run(async |bench| {
        bench.open().await;
        bench.command(0, say(1, "在吗"));
        bench.settle().await;
        let seen = bench.hub.actors(&bench.tenant(), Some("conversation"), 10);
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].phase, seen[0].last), ("up", Seq(2)));
    });
}

#[test]
fn a_failed_append_is_refused_in_words_and_leaves_no_hole() {
    run(async |bench| {
        bench.open().await;
        bench.store.plan(Plan::Unavailable);
        bench.command(0, say(1, "第一句"));
        bench.settle().await;
        let refused = |push: &Push| {
            matches!(
                push,
                Push::Refused {
                    refusal: Refusal::StorageUnavailable,
                    ..
                }
            )
        };
        assert!(bench.take().iter().any(refused));
        bench.store.plan(Plan::Work);
        bench.attach(2).await;
        bench.command_on(2, 0, say(1, "第一句"));
        bench.settle().await;
        assert!(
            bench
                .take()
                .iter()
                .any(|push| matches!(push, Push::Ack { seq: Seq(2), .. }))
        );
        assert_eq!(bench.restarts(), 0, "a broken store is no crash");
    });
}

#[test]
fn an_owner_that_is_fenced_acknowledges_nothing_more() {
    run(async |bench| {
        bench.open().await;
        bench.store.fence(&bench.log());
        bench.command(0, say(1, "还在吗"));
        bench.settle().await;
        assert!(
            bench
                .take()
                .iter()
                .all(|push| !matches!(push, Push::Ack { .. }))
        );
        bench.attach(2).await;
        bench.command_on(2, 0, say(1, "还在吗"));
        bench.settle().await;
        assert!(
            bench
                .take()
                .iter()
                .any(|push| matches!(push, Push::Ack { .. })),
            "the next life owns the log"
        );
    });
}

#[test]
fn a_panic_in_a_conversation_restarts_it_alone_and_loses_nothing() {
    run(async |bench| {
        bench.open().await;
        bench.command(0, say(1, "第一句"));
        bench.settle().await;
        bench.take();
        bench.panic_at_next_turn();
        bench.command(1, say(2, "第二句"));
        bench.settle().await;
        assert_eq!(bench.restarts_of("conversation"), 1);
        assert_eq!(bench.restarts(), 1, "nobody else died");
        // The session is told that its link is unknown, attaches again and sends again.
        bench.attach(2).await;
        bench.command_on(2, 0, say(1, "第一句"));
        bench.command_on(2, 1, say(2, "第二句"));
        bench.settle().await;
        let acks: Vec<_> = bench
            .take()
            .into_iter()
            .filter_map(|push| match push {
                Push::Ack { seq, .. } => Some(seq.0),
                _ => None,
            })
            .collect();
        assert_eq!(
            acks,
            [2, 3],
            "the first is known by its id, the second is new"
        );
        assert_eq!(text(&bench.transcript()), ["第一句", "第二句"]);
    });
}

#[test]
fn a_panic_in_any_other_kind_of_actor_restarts_it_alone() {
    run(async |bench| {
        let notes: [(&str, ToTell); 5] = [
            ("customer", |bench| bench.enter(false)),
            ("agent", |bench| {
                Envelope::Agent(bench.agent(), agent::Note::Wake)
            }),
            ("queue", |bench| {
                Envelope::Queue(bench.group(), queue::Note::Wake)
            }),
            ("skill_group", |bench| {
                Envelope::SkillGroup(bench.group(), skill_group::Note::Wake)
            }),
            ("board", |bench| {
                Envelope::Board(bench.tenant(), board::Note::Wake)
            }),
        ];
        for (kind, note) in notes {
            bench.tell(note(bench));
            bench.settle().await;
            let before = bench.restarts();
            bench.panic_at_next_turn();
            bench.tell(note(bench));
            bench.settle().await;
            assert_eq!(
                (bench.restarts_of(kind), bench.restarts()),
                (1, before + 1),
                "{kind}"
            );
            bench.tell(note(bench));
            bench.settle().await;
            assert!(bench.is_up(kind), "{kind} lives again");
        }
    });
}

#[test]
fn an_actor_that_keeps_dying_is_put_aside_and_its_neighbours_go_on() {
    run(async |bench| {
        bench.open().await;
        for _ in 0..6 {
            bench.panic_at_next_turn();
            bench.tell(Envelope::Conversation(bench.conversation(), Note::Describe));
            bench.settle().await;
        }
        bench.take();
        bench.command_on(9, 0, Command::AskHuman);
        bench.settle().await;
        assert_eq!(bench.view("conversation").aside, 1);
        bench.tell(bench.enter(false));
        bench.settle().await;
        assert!(
            bench
                .take()
                .iter()
                .any(|push| matches!(push, Push::Routed { .. })),
            "the customer actor answers"
        );
        tokio::time::advance(std::time::Duration::from_secs(6)).await;
        bench.attach(10).await;
        assert!(
            bench
                .take()
                .iter()
                .any(|push| matches!(push, Push::AttachedCustomer { .. })),
            "it is tried again"
        );
    });
}

#[test]
fn an_idle_conversation_leaves_memory_and_comes_back_where_it_was() {
    run(async |bench| {
        bench.open().await;
        bench.command(0, say(1, "在吗"));
        bench.settle().await;
        bench.detach(1);
        for _ in 0..40 {
            bench.advance(PASSIVATE_AFTER_MS / 10).await;
        }
        assert_eq!(
            bench.view("conversation").up,
            0,
            "nobody is there and nothing is due soon"
        );
        bench.attach(2).await;
        bench.command_on(2, 0, say(1, "在吗"));
        bench.settle().await;
        let known = bench
            .take()
            .iter()
            .any(|push| matches!(push, Push::Ack { seq: Seq(2), .. }));
        assert!(known, "its ids are remembered for life");
    });
}

#[test]
fn a_conversation_that_rests_keeps_its_sessions_and_the_order_of_their_commands() {
    run(async |bench| {
        bench.open().await;
        for _ in 0..4 {
            bench.advance(REST_AFTER_MS).await;
        }
        assert!(!bench.is_up("conversation"), "it rests though attached");
        bench.take();
        bench.beat(Seq(1));
        bench.settle().await;
        assert!(!bench.is_up("conversation"), "a beat that lacks nothing");
        assert_eq!(bench.take(), [], "needs no answer either");

        bench.command(0, say(1, "在吗"));
        bench.command(2, say(3, "第三句"));
        bench.settle().await;
        let pushes = bench.take();
        assert!(
            pushes
                .iter()
                .any(|push| matches!(push, Push::Ack { seq: Seq(2), .. })),
            "the same link goes on: {pushes:?}"
        );
        assert!(
            pushes
                .iter()
                .any(|push| matches!(push, Push::Resend { from: 1, .. })),
            "and still counts its commands: {pushes:?}"
        );
    });
}

#[test]
fn a_session_that_lacks_an_event_wakes_a_conversation_that_rests() {
    run(async |bench| {
        bench.open().await;
        for _ in 0..4 {
            bench.advance(REST_AFTER_MS).await;
        }
        assert!(!bench.is_up("conversation"));
        bench.take();
        bench.beat(Seq(0));
        bench.settle().await;
        let told = |push: &Push| matches!(push, Push::Tail { last: Seq(1), .. });
        assert!(bench.take().iter().any(told));
        assert!(bench.is_up("conversation"));
    });
}

#[test]
fn a_board_that_lost_its_memory_hears_of_conversations_that_rest() {
    run(async |bench| {
        bench.open().await;
        for _ in 0..4 {
            bench.advance(REST_AFTER_MS).await;
        }
        assert!(!bench.is_up("conversation"));
        bench.hub.run([Effect::Rally(bench.tenant())]);
        bench.settle().await;
        assert!(
            bench.is_up("conversation"),
            "it was woken to describe itself"
        );
    });
}

#[test]
fn a_deadline_brings_a_conversation_back_from_disk() {
    run(async |bench| {
        bench.open().await;
        bench.command(0, say(1, "在吗"));
        bench.settle().await;
        bench.detach(1);
        for _ in 0..60 {
            bench.advance(30_000).await;
        }
        assert!(
            bench.is_closed(),
            "silence closes it although it had left memory"
        );
    });
}

#[test]
fn fifty_thousand_messages_to_one_actor_leave_heartbeats_on_time() {
    actix::System::new().block_on(async {
        let bench = Bench::start();
        bench.settle().await;
        bench.open().await;
        let begun = std::time::Instant::now();
        let beats = std::rc::Rc::new(std::cell::Cell::new(0u32));
        let counted = beats.clone();
        let beating = actix::spawn(async move {
            let mut ticks = tokio::time::interval(std::time::Duration::from_millis(10));
            loop {
                ticks.tick().await;
                counted.set(counted.get() + 1);
            }
        });
        let mut left = 50_000u32;
        while left > 0 {
            let note = Note::Ephemeral {
                session: SESSION,
                ephemeral: bench::TYPING,
            };
            match bench
                .hub
                .tell(Envelope::Conversation(bench.conversation(), note))
            {
                Ok(()) => left -= 1,
                Err(_) => tokio::task::yield_now().await, // the lane is full: its bound holds
            }
        }
        bench.settle().await;
        let due = begun.elapsed().as_millis() as u32 / 10;
        beating.abort();
        assert!(
            beats.get() + 1 >= due * 8 / 10,
            "{} of {due} heartbeats",
            beats.get()
        );
        assert!(bench.hub.now() > Millis(0));
    });
}
