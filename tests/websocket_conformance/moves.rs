//! Moves: a connection released by one gate and adopted by another loses nothing in flight.

use std::cell::OnceCell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use crest::gateway::socket::{Closed, Flow, Gate, Handler, Kind, Sent, SocketLimits, Transport};
use crest_actors::ids::SessionId;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::LocalSet;

use crate::kit::{Frame, Peer, Server, Told, binary, echo, masked, pair, run, settle};

#[test]
fn a_half_said_message_and_unread_answers_move_along() {
    run(async {
        let roomy = SocketLimits {
            outbox_bytes: 8 * 1024 * 1024,
            ..SocketLimits::default()
        };
        let (old, new) = (Server::echo(), Server::new(roomy, echo));
        let (mut peer, id) = old.connect_narrow().await;
        settle().await;
        let page: Bytes = vec![7; 4 * 1024 * 1024].into();
        assert_eq!(old.gate.send(id, page.clone(), Kind::Must), Sent::Queued);
        peer.write(&masked(0x02, b"said in ")).await;
        peer.write(&masked(0x80, b"two halves")[..9]).await;
        settle().await;
        assert!(old.gate.queued_bytes(id) > 0 && old.gate.unfinished_bytes() > 0);

        let transport = old.gate.release(id).expect("an open session");
        assert_eq!(
            (old.gate.connections(), old.gate.unfinished_bytes()),
            (0, 0)
        );
        assert_eq!(old.gate.send(id, Bytes::new(), Kind::Must), Sent::Gone);
        new.gate.adopt(transport).unwrap();

        peer.write(&masked(0x80, b"two halves")[9..]).await;
        assert_eq!(peer.frame().await, Some(Frame::binary(&page)));
        assert_eq!(
            peer.frame().await,
            Some(Frame::binary(b"said in two halves"))
        );
        assert_eq!(old.told(), [Told::Opened], "a move is no end");
    });
}

#[test]
fn a_gap_moves_along() {
    run(async {
        let (old, new) = (Server::echo(), Server::echo());
        let (mut peer, id) = old.connect_narrow().await;
        settle().await;
        let page: Bytes = vec![7; 4 * 1024 * 1024].into();
        assert_eq!(old.gate.send(id, page.clone(), Kind::Must), Sent::Queued);
        settle().await;
        assert_eq!(old.gate.send(id, page.clone(), Kind::Must), Sent::Gap);
        let id = new.gate.adopt(old.gate.release(id).unwrap()).unwrap();
        assert_eq!(new.gate.send(id, Bytes::new(), Kind::Must), Sent::Gap);
        assert_eq!(peer.frame().await, Some(Frame::binary(&page)));
        assert_eq!(peer.frame().await, Some(Frame::binary(b"gap")));
        assert_eq!(new.told(), [Told::Opened, Told::Drained]);
    });
}

#[test]
fn frames_behind_the_message_that_causes_a_move_are_read_by_the_next_gate() {
    run(async {
        let old = Server::new(SocketLimits::default(), |_, _, _| Flow::Pause);
        let new = Server::echo();
        let (mut peer, id) = old.connect().await;
        peer.write(&[binary(b"hello"), binary(b"one"), binary(b"two")].concat())
            .await;
        settle().await;
        new.gate.adopt(old.gate.release(id).unwrap()).unwrap();
        assert_eq!(peer.frame().await, Some(Frame::binary(b"one")));
        assert_eq!(peer.frame().await, Some(Frame::binary(b"two")));
        assert_eq!(old.messages(), [b"hello"]);
    });
}

#[test]
fn a_slot_used_again_is_another_session() {
    run(async {
        let server = Server::echo();
        let (_peer, first) = server.connect().await;
        let transport = server.gate.release(first).unwrap();
        let second = server.gate.adopt(transport).unwrap();
        assert_eq!(first.slot, second.slot);
        assert_eq!(
            server.gate.send(first, Bytes::new(), Kind::Must),
            Sent::Gone
        );
        assert!(server.gate.release(first).is_none());
        server.gate.close(first, 4000, "", None);
        assert_eq!(server.gate.sessions(), [second]);
    });
}

#[test]
fn a_move_does_not_renew_the_rate() {
    run(async {
        let server = Server::echo();
        let (mut peer, id) = server.connect().await;
        peer.write(&masked(0x8a, b"").repeat(60)).await;
        settle().await;
        let id = server.gate.adopt(server.gate.release(id).unwrap()).unwrap();
        peer.write(&masked(0x8a, b"").repeat(5)).await;
        settle().await;
        assert!(matches!(server.told().last(), Some(Told::Limited(_))));
        assert_eq!(server.gate.sessions(), [id]);
    });
}

/// Messages of the test below, and after how many a connection moves.
const MESSAGES: u32 = 3_000;
const STAY: u32 = 37;

/// Logic that echoes, and now and then sends the connection to the other arbiter.
struct Mover {
    gate: Gate,
    me: OnceCell<std::rc::Weak<Mover>>,
    other: UnboundedSender<Option<Transport>>,
}

impl Handler for Mover {
    fn opened(&self, _: SessionId) {}

    fn message(&self, id: SessionId, payload: &[u8]) -> Flow {
        assert_eq!(
            self.gate
                .send(id, Bytes::copy_from_slice(payload), Kind::Must),
            Sent::Queued
        );
        let number = u32::from_be_bytes(payload[..4].try_into().unwrap());
        if number % STAY != STAY - 1 {
            return Flow::Continue;
        }
        let me = self.me.get().unwrap().upgrade().unwrap();
        tokio::task::spawn_local(async move {
            let transport = me.gate.release(id).expect("a paused session");
            me.other.send(Some(transport)).unwrap();
        });
        Flow::Pause
    }

    fn drained(&self, _: SessionId) {}

    fn rate_limited(&self, _: SessionId, _: Duration) {}

    fn closed(&self, _: SessionId, why: Closed) {
        assert_eq!(why, Closed::Lost, "the peer hangs up");
    }
}

/// A thread that adopts what it is sent, until it is sent `None`; says how much that was.
fn arbiter(
    number: u16,
    mut adopted: UnboundedReceiver<Option<Transport>>,
    other: UnboundedSender<Option<Transport>>,
) -> std::thread::JoinHandle<u32> {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        LocalSet::new().block_on(&runtime, async move {
            let limits = SocketLimits {
                frames_a_second: 1_000_000,
                ..SocketLimits::default()
            };
            let limits = SocketLimits {
                frames_burst: 1_000_000,
                ..limits
            };
            let limits = SocketLimits {
                outbox_bytes: 64 * 1024 * 1024,
                ..limits
            };
            let limits = SocketLimits {
                outbox_frames: 1_000_000,
                ..limits
            };
            let gate = Gate::new(1, number, limits);
            let mover = Rc::new(Mover {
                gate: gate.clone(),
                me: OnceCell::new(),
                other,
            });
            mover.me.set(Rc::downgrade(&mover)).unwrap();
            gate.start(mover);
            let mut adoptions = 0;
            while let Some(Some(transport)) = adopted.recv().await {
                gate.adopt(transport).unwrap();
                adoptions += 1;
            }
            while gate.connections() > 0 {
                tokio::task::yield_now().await;
            }
            adoptions
        })
    })
}

#[test]
fn a_connection_that_keeps_moving_between_threads_loses_and_swaps_nothing() {
    let (to_first, first) = unbounded_channel();
    let (to_second, second) = unbounded_channel();
    let threads = [
        arbiter(0, first, to_second.clone()),
        arbiter(1, second, to_first.clone()),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    LocalSet::new().block_on(&runtime, async {
        let (peer, server) = pair().await;
        to_first
            .send(Some(Transport::new(server, Bytes::new()).unwrap()))
            .unwrap();
        let (read, mut write) = peer.into_split();
        let writer = tokio::task::spawn_local(async move {
            for number in 0..MESSAGES {
                let body = [&number.to_be_bytes()[..], &vec![1; number as usize % 700]].concat();
                let bytes = binary(&body);
                let middle = bytes.len() / 2;
                for part in [&bytes[..middle], &bytes[middle..]] {
                    tokio::io::AsyncWriteExt::write_all(&mut write, part)
                        .await
                        .unwrap();
                }
            }
            write
        });
        let mut peer = Peer(read);
        for number in 0..MESSAGES {
            let frame = peer.frame().await.expect("an echo");
            assert_eq!(frame.payload[..4], number.to_be_bytes());
            assert_eq!(frame.payload.len(), 4 + number as usize % 700);
        }
        drop((writer.await.unwrap(), peer));
    });
    for arbiter in [to_first, to_second] {
        arbiter.send(None).unwrap();
    }
    let adoptions = threads.map(|thread| thread.join().unwrap());
    assert_eq!(adoptions.iter().sum::<u32>(), 1 + MESSAGES / STAY);
}
