//! Too much: slow readers, fast writers, logic that cannot take more, and bytes that pile up.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use crest::gateway::socket::{Closed, Flow, Kind, Sent, SocketLimits, codes};
use crest_actors::ids::SessionId;

use crate::kit::{Frame, Peer, Server, Told, binary, echo, masked, pass, run, settle};

fn limits() -> SocketLimits {
    SocketLimits {
        outbox_bytes: 64 * 1024,
        outbox_frames: 100,
        ..SocketLimits::default()
    }
}

/// Fills the path to a peer that does not read until frames stay in the outbox.
async fn back_up(server: &Server, id: SessionId) {
    settle().await;
    let mut kept = false;
    while !kept {
        assert_eq!(
            server.gate.send(id, vec![0; 8 * 1024].into(), Kind::Must),
            Sent::Queued
        );
        settle().await;
        kept = server.gate.queued_bytes(id) > 0;
    }
}

/// Frames until one has this payload.
async fn until(peer: &mut Peer, last: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while frames.last() != Some(&Frame::binary(last)) {
        frames.push(peer.frame().await.expect("more frames"));
    }
    frames
}

#[test]
fn a_full_outbox_drops_ephemera_then_marks_one_gap_and_goes_on_after_it() {
    run(async {
        let server = Server::new(limits(), echo);
        let (mut peer, id) = server.connect_narrow().await;
        back_up(&server, id).await;
        let gate = &server.gate;
        let typing = Bytes::from_static(b"typing");
        while gate.send(id, typing.clone(), Kind::MayDrop) == Sent::Queued {}
        assert_eq!(gate.send(id, typing.clone(), Kind::MayDrop), Sent::Dropped);
        let mut kept = 0;
        while gate.send(id, format!("{kept}").into(), Kind::Must) == Sent::Queued {
            kept += 1;
        }
        assert!(kept > 50, "ephemera made room for {kept}");
        assert_eq!(gate.send(id, Bytes::new(), Kind::Must), Sent::Gap);
        assert_eq!(gate.send(id, typing, Kind::MayDrop), Sent::Dropped);
        let frames = until(&mut peer, b"gap").await;
        assert!(!frames.contains(&Frame::binary(b"typing")));
        let numbered = frames.iter().filter(|frame| frame.payload.len() < 8);
        let expected = (0..kept).map(|n| n.to_string()).chain(["gap".to_owned()]);
        let expected: Vec<Frame> = expected
            .map(|text| Frame::binary(text.as_bytes()))
            .collect();
        assert_eq!(numbered.cloned().collect::<Vec<_>>(), expected);
        assert_eq!(server.told(), [Told::Opened, Told::Drained]);
        assert_eq!(
            gate.send(id, b"live".as_slice().into(), Kind::Must),
            Sent::Queued
        );
        assert_eq!(peer.frame().await, Some(Frame::binary(b"live")));
    });
}

#[test]
fn what_sessions_send_when_they_have_drained_goes_out_however_many_drain_at_once() {
    run(async {
        let few = SocketLimits {
            outbox_frames: 4,
            ..limits()
        };
        let server = Server::new(few, echo);
        // More than the flusher writes in one go; their peers read, so the flusher itself drains all.
        let mut peers = Vec::new();
        for _ in 0..300 {
            peers.push(server.connect().await);
        }
        settle().await;
        for (_, id) in &peers {
            while server
                .gate
                .send(*id, Bytes::from_static(b"event"), Kind::Must)
                == Sent::Queued
            {}
        }
        for (peer, _) in &mut peers {
            let frames = until(peer, b"gap").await;
            assert_eq!(
                frames.len(),
                5,
                "what was queued, and then what came of draining"
            );
        }
        assert_eq!(server.ends(), [], "nobody was closed for it");
    });
}

#[test]
fn a_peer_that_never_drains_its_gap_is_closed_with_4001() {
    run(async {
        let server = Server::new(limits(), echo);
        let (mut peer, id) = server.connect_narrow().await;
        back_up(&server, id).await;
        while server.gate.send(id, vec![1; 1024].into(), Kind::Must) == Sent::Queued {}
        pass(limits().gap + Duration::from_millis(200)).await;
        assert_eq!(server.ends(), [Closed::ByUs(codes::SLOW_CONSUMER)]);
        let (before, close) = peer.until_closed().await;
        assert_eq!(close.code(), codes::SLOW_CONSUMER);
        assert!(
            before.iter().all(|frame| frame.payload[0] == 0),
            "what was queued is given up"
        );
    });
}

#[test]
fn an_empty_outbox_takes_one_frame_of_any_size() {
    run(async {
        let server = Server::new(limits(), echo);
        let (mut peer, id) = server.connect().await;
        let page: Bytes = vec![7; 256 * 1024].into();
        assert_eq!(server.gate.send(id, page.clone(), Kind::Must), Sent::Queued);
        assert_eq!(server.gate.send(id, page.clone(), Kind::Must), Sent::Gap);
        assert_eq!(peer.frame().await, Some(Frame::binary(&page)));
        assert_eq!(peer.frame().await, Some(Frame::binary(b"gap")));
    });
}

#[test]
fn unread_pongs_do_not_pile_up() {
    run(async {
        let server = Server::new(limits(), echo);
        let (mut peer, id) = server.connect_narrow().await;
        back_up(&server, id).await;
        for _ in 0..20 {
            peer.write(&masked(0x89, &[0; 125]).repeat(20)).await;
            pass(Duration::from_secs(2)).await;
        }
        let bound = limits().outbox_bytes + 8 * 1024;
        assert!(server.gate.queued_bytes(id) <= bound);
        assert_eq!(server.ends(), []);
    });
}

#[test]
fn a_burst_beyond_the_rate_is_read_late_and_whole() {
    run(async {
        let server = Server::echo();
        let (mut peer, _) = server.connect().await;
        let words: Vec<Vec<u8>> = (0..120_u8).map(|n| vec![n]).collect();
        peer.write(
            &words
                .iter()
                .flat_map(|word| binary(word))
                .collect::<Vec<_>>(),
        )
        .await;
        settle().await;
        assert_eq!(server.messages(), words[..60]);
        let retry_after = match server.told().last() {
            Some(Told::Limited(retry_after)) => *retry_after,
            told => panic!("told {told:?}"),
        };
        assert!(retry_after > Duration::from_secs(1) && retry_after < Duration::from_secs(2));
        pass(retry_after + Duration::from_millis(200)).await;
        assert!(
            server.messages().len() >= 90,
            "half the burst is free again"
        );
        pass(Duration::from_secs(5)).await;
        assert_eq!(server.messages(), words);
        for word in &words {
            assert_eq!(peer.frame().await, Some(Frame::binary(word)));
        }
    });
}

#[test]
fn a_client_within_its_rate_is_never_limited() {
    run(async {
        let server = Server::echo();
        let (mut peer, _) = server.connect().await;
        for _ in 0..300 {
            peer.write(&binary(b"steady")).await;
            pass(Duration::from_millis(50)).await;
        }
        assert_eq!(server.messages().len(), 300);
        assert!(
            !server
                .told()
                .iter()
                .any(|told| matches!(told, Told::Limited(_)))
        );
    });
}

#[test]
fn a_flood_that_goes_on_is_closed_with_4006() {
    run(async {
        let server = Server::echo();
        let (mut peer, _) = server.connect().await;
        peer.write(&masked(0x8a, b"").repeat(1_000)).await;
        let (_, close) = peer.until_closed().await;
        assert_eq!(close.code(), codes::RATE_LIMITED);
        let limited = server
            .told()
            .iter()
            .filter(|told| matches!(told, Told::Limited(_)))
            .count();
        assert_eq!(limited, usize::from(SocketLimits::default().rate_strikes));
    });
}

#[test]
fn a_message_the_logic_cannot_take_is_given_again_and_nothing_overtakes_it() {
    run(async {
        let full = Rc::new(Cell::new(true));
        let lane = Rc::clone(&full);
        let server = Server::new(SocketLimits::default(), move |gate, id, payload| {
            if lane.get() {
                Flow::Again
            } else {
                echo(gate, id, payload)
            }
        });
        let (mut peer, id) = server.connect().await;
        let whole = [binary(b"first"), masked(0x02, b"sec"), masked(0x80, b"ond")].concat();
        peer.write(&whole).await;
        settle().await;
        server.gate.resume(id);
        settle().await;
        assert_eq!(server.messages(), [b"first", b"first"]);
        full.set(false);
        server.gate.resume(id);
        assert_eq!(peer.frame().await, Some(Frame::binary(b"first")));
        assert_eq!(peer.frame().await, Some(Frame::binary(b"second")));
        full.set(true);
        peer.write(&[masked(0x02, b"th"), masked(0x00, b"i"), masked(0x80, b"rd")].concat())
            .await;
        settle().await;
        full.set(false);
        server.gate.resume(id);
        assert_eq!(
            peer.frame().await,
            Some(Frame::binary(b"third")),
            "fragments too"
        );
        assert_eq!(server.gate.unfinished_bytes(), 0);
    });
}

#[test]
fn a_paused_session_reads_on_where_it_stopped() {
    run(async {
        let server = Server::new(SocketLimits::default(), |gate, id, payload| {
            let _ = echo(gate, id, payload);
            Flow::Pause
        });
        let (mut peer, id) = server.connect().await;
        peer.write(&[binary(b"one"), binary(b"two")].concat()).await;
        assert_eq!(peer.frame().await, Some(Frame::binary(b"one")));
        pass(Duration::from_secs(1)).await;
        assert_eq!(server.messages(), [b"one"]);
        server.gate.resume(id);
        assert_eq!(peer.frame().await, Some(Frame::binary(b"two")));
    });
}

#[test]
fn unfinished_messages_are_bounded_over_all_connections() {
    run(async {
        let limits = SocketLimits {
            unfinished_bytes: 100_000,
            ..SocketLimits::default()
        };
        let server = Server::new(limits, echo);
        let mut peers = Vec::new();
        for _ in 0..10 {
            let (mut peer, _) = server.connect().await;
            peer.write(&masked(0x02, &[0; 40_000])).await;
            settle().await;
            peers.push(peer);
            assert!(server.gate.unfinished_bytes() <= 100_000);
        }
        assert_eq!(server.ends(), [Closed::ByUs(codes::OVERLOADED); 8]);
        peers[0].write(&masked(0x80, b"")).await;
        assert_eq!(peers[0].frame().await.unwrap().payload.len(), 40_000);
        assert_eq!(server.gate.unfinished_bytes(), 40_000);
    });
}
