//! Ends: Close frames and their numbers, goodbyes of ours, peers that half close, reset or linger.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use crest::gateway::socket::{Closed, Flow, Kind, Sent, SocketLimits, codes};
use tokio::io::AsyncWriteExt;

use crate::kit::{Frame, Server, Told, binary, echo, masked, pass, run, settle};

/// Sends a Close with this payload; expects this payload back and this end told.
#[track_caller]
fn check(payload: &[u8], answer: &[u8], told: Closed) {
    run(async {
        let server = Server::echo();
        let (mut peer, _) = server.connect().await;
        peer.write(&binary(b"before")).await;
        peer.write(&[masked(0x88, payload), binary(b"after")].concat())
            .await;
        let (before, close) = peer.until_closed().await;
        assert_eq!(before, [Frame::binary(b"before")]);
        assert_eq!(
            &close.payload[..answer.len().min(2)],
            &answer[..answer.len().min(2)]
        );
        assert_eq!(close.payload.is_empty(), answer.is_empty());
        assert_eq!(
            server.messages(),
            [b"before"],
            "nothing is read behind a Close"
        );
        assert_eq!(server.ends(), [told]);
        drop(peer);
        settle().await;
        assert_eq!(server.gate.connections(), 0);
    });
}

#[test]
fn a_close_is_answered_with_its_number() {
    check(b"", b"", Closed::ByPeer(1005));
    for code in [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999_u16,
    ] {
        check(
            &code.to_be_bytes(),
            &code.to_be_bytes(),
            Closed::ByPeer(code),
        );
    }
    let with_reason = [&1001_u16.to_be_bytes()[..], "走了".as_bytes()].concat();
    check(&with_reason, &1001_u16.to_be_bytes(), Closed::ByPeer(1001));
}

#[test]
fn a_close_that_breaks_the_rules_is_answered_with_ours() {
    let protocol = codes::PROTOCOL.to_be_bytes();
    check(&[3], &protocol, Closed::ByUs(codes::PROTOCOL));
    for code in [
        0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65_535_u16,
    ] {
        check(
            &code.to_be_bytes(),
            &protocol,
            Closed::ByUs(codes::PROTOCOL),
        );
    }
    let bad_reason = [&1000_u16.to_be_bytes()[..], &[0xe4, 0xbd]].concat();
    check(
        &bad_reason,
        &codes::NOT_UTF8.to_be_bytes(),
        Closed::ByUs(codes::NOT_UTF8),
    );
}

#[test]
fn a_close_between_fragments_ends_the_message_unsaid() {
    run(async {
        let server = Server::echo();
        let (mut peer, _) = server.connect().await;
        peer.write(&[masked(0x02, b"half"), masked(0x88, &[3, 232])].concat())
            .await;
        let (_, close) = peer.until_closed().await;
        assert_eq!(close.code(), 1000);
        assert_eq!(
            server.told(),
            [Told::Opened, Told::Closed(Closed::ByPeer(1000))]
        );
    });
}

#[test]
fn a_goodbye_of_ours_comes_after_all_that_was_queued() {
    run(async {
        let server = Server::echo();
        let (mut peer, id) = server.connect().await;
        for word in [&b"one"[..], b"two"] {
            assert_eq!(server.gate.send(id, word.into(), Kind::Must), Sent::Queued);
        }
        server
            .gate
            .close(id, 4000, "restarting", Some(Bytes::from_static(b"bye")));
        assert_eq!(server.gate.send(id, Bytes::new(), Kind::Must), Sent::Gone);
        server.gate.close(id, 4500, "twice", None);
        let (before, close) = peer.until_closed().await;
        let queued = [&b"one"[..], b"two", b"bye"].map(Frame::binary);
        assert_eq!(before, queued);
        assert_eq!(
            (close.code(), &close.payload[2..]),
            (4000, &b"restarting"[..])
        );
        assert_eq!(server.ends(), [Closed::ByUs(4000)]);
    });
}

#[test]
fn logic_may_answer_a_message_with_a_goodbye() {
    run(async {
        let goodbye = |_: &_, _, _: &[u8]| Flow::Close {
            code: 4502,
            reason: Cow::Borrowed("票已用过"),
            bye: Some(Bytes::from_static(b"refused")),
        };
        let server = Server::new(SocketLimits::default(), goodbye);
        let (mut peer, _) = server.connect().await;
        peer.write(&[binary(b"hello"), binary(b"unread")].concat())
            .await;
        let (before, close) = peer.until_closed().await;
        assert_eq!(
            (before, close.code()),
            (vec![Frame::binary(b"refused")], 4502)
        );
        assert_eq!(&close.payload[2..], "票已用过".as_bytes());
        assert_eq!(server.messages(), [b"hello"]);
    });
}

#[test]
fn a_reason_too_long_is_cut_at_a_character() {
    run(async {
        let server = Server::echo();
        let (mut peer, id) = server.connect().await;
        server.gate.close(id, 4000, &"长".repeat(60), None);
        let (_, close) = peer.until_closed().await;
        assert_eq!(&close.payload[2..], "长".repeat(41).as_bytes());
    });
}

#[test]
fn a_panic_of_the_logic_ends_only_its_own_connection() {
    run(async {
        let server = Server::new(SocketLimits::default(), |gate, id, payload| {
            assert_ne!(payload, b"bomb");
            echo(gate, id, payload)
        });
        let (mut victim, _) = server.connect().await;
        let (mut other, _) = server.connect().await;
        victim.write(&binary(b"bomb")).await;
        assert_eq!(victim.until_closed().await.1.code(), codes::INTERNAL);
        other.write(&binary(b"still here")).await;
        assert_eq!(other.frame().await, Some(Frame::binary(b"still here")));
        assert_eq!(server.ends(), [Closed::ByUs(codes::INTERNAL)]);
    });
}

#[test]
fn a_peer_that_shuts_its_sending_side_gets_its_answers() {
    run(async {
        let server = Server::echo();
        let (mut peer, _) = server.connect().await;
        peer.write(&[binary(b"last words"), vec![0x82]].concat())
            .await;
        peer.0.shutdown().await.unwrap();
        assert_eq!(peer.frame().await, Some(Frame::binary(b"last words")));
        assert_eq!(peer.frame().await, None);
        assert_eq!(server.ends(), [Closed::Lost]);
        assert_eq!(
            (server.gate.connections(), server.gate.unfinished_bytes()),
            (0, 0)
        );
    });
}

#[test]
fn a_reset_is_a_loss() {
    run(async {
        let server = Server::echo();
        let (peer, _) = server.connect().await;
        settle().await;
        socket2::SockRef::from(&peer.0)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
        drop(peer);
        settle().await;
        assert_eq!(server.told(), [Told::Opened, Told::Closed(Closed::Lost)]);
        assert_eq!(server.gate.connections(), 0);
    });
}

#[test]
fn a_peer_that_ignores_a_goodbye_is_dropped_in_bounded_time() {
    run(async {
        let server = Server::echo();
        let (mut talker, first) = server.connect().await;
        let (_deaf, second) = server.connect_narrow().await;
        settle().await;
        let _ = server
            .gate
            .send(second, vec![0; 4 * 1024 * 1024].into(), Kind::Must);
        server.gate.close(first, 4000, "", None);
        server.gate.close(second, 4000, "", None);
        settle().await;
        assert_eq!(
            server.ends().len(),
            2,
            "the logic need not wait for the peer"
        );
        for _ in 0..10 {
            talker.write(&binary(b"but")).await;
            settle().await;
        }
        assert_eq!(server.gate.connections(), 2);
        pass(SocketLimits::default().linger + Duration::from_millis(200)).await;
        assert_eq!(server.gate.connections(), 0);
        assert_eq!(server.messages(), Vec::<Vec<u8>>::new());
    });
}
