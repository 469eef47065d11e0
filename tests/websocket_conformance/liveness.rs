//! Who is still there: pings, their spread, and peers that fall silent.

use std::time::Duration;

use crest::gateway::socket::{Closed, Flow, SocketLimits, codes};
use tokio::time::Instant;

use crate::kit::{Frame, Peer, Server, binary, masked, pass, run, settle};

const INTERVAL: Duration = Duration::from_secs(30);

fn ping() -> Frame {
    Frame {
        first: 0x89,
        payload: vec![],
    }
}

#[test]
fn a_peer_that_answers_pings_stays() {
    run(async {
        let server = Server::echo();
        let (mut peer, _) = server.connect().await;
        for _ in 0..20 {
            assert_eq!(peer.frame().await, Some(ping()));
            peer.write(&masked(0x8a, b"")).await;
        }
        peer.write(&binary(b"here")).await;
        assert_eq!(peer.frame().await, Some(Frame::binary(b"here")));
    });
}

#[test]
fn a_peer_that_talks_is_not_pinged() {
    run(async {
        let server = Server::echo();
        let (mut peer, _) = server.connect().await;
        for _ in 0..20 {
            peer.write(&binary(b"busy")).await;
            assert_eq!(peer.frame().await, Some(Frame::binary(b"busy")));
            pass(INTERVAL / 2).await;
        }
    });
}

/// Expects a close for silence, between two and three intervals after now.
async fn falls_silent(peer: &mut Peer) {
    let start = Instant::now();
    let (before, close) = peer.until_closed().await;
    assert_eq!(
        (before, close.code()),
        (vec![ping()], codes::HEARTBEAT_MISSED)
    );
    let silent = start.elapsed();
    assert!((INTERVAL * 2..=INTERVAL * 3).contains(&(silent + Duration::from_millis(100))));
}

#[test]
fn a_silent_peer_is_pinged_once_and_closed() {
    run(async {
        let server = Server::echo();
        let (mut peer, _) = server.connect().await;
        pass(INTERVAL).await;
        peer.write(&binary(b"last sign")).await;
        assert_eq!(peer.frame().await, Some(Frame::binary(b"last sign")));
        falls_silent(&mut peer).await;
        assert_eq!(server.ends(), [Closed::ByUs(codes::HEARTBEAT_MISSED)]);
    });
}

#[test]
fn bytes_that_never_make_a_frame_are_silence() {
    run(async {
        let server = Server::echo();
        let (mut peer, _) = server.connect().await;
        for byte in binary(&[1; 100]) {
            if !server.ends().is_empty() {
                break;
            }
            peer.write(&[byte]).await;
            pass(INTERVAL / 10).await;
        }
        assert_eq!(server.ends(), [Closed::ByUs(codes::HEARTBEAT_MISSED)]);
    });
}

#[test]
fn whoever_the_logic_does_not_read_is_not_called_silent() {
    run(async {
        let server = Server::new(SocketLimits::default(), |_, _, _| Flow::Pause);
        let (mut peer, _) = server.connect().await;
        peer.write(&binary(b"wait")).await;
        pass(INTERVAL * 5).await;
        assert_eq!(server.ends(), []);
    });
}

#[test]
fn pings_of_a_storm_spread_over_the_interval() {
    run(async {
        let server = Server::echo();
        let mut peers = Vec::new();
        for _ in 0..100 {
            peers.push(server.connect().await);
        }
        pass(INTERVAL).await;
        let mut at_once = 0;
        for _ in 0..300 {
            let mut pinged = 0;
            for (peer, _) in &mut peers {
                let mut bytes = [0; 8];
                pinged += usize::from(matches!(peer.0.try_read(&mut bytes), Ok(1..)));
            }
            at_once = at_once.max(pinged);
            pass(Duration::from_millis(100)).await;
            settle().await;
        }
        assert!(
            (1..=5).contains(&at_once),
            "{at_once} of 100 pinged within a tick"
        );
    });
}
