//! Framing: lengths, fragments, masks, bits, sizes, however the bytes arrive.

use crest::gateway::socket::codes;

use crate::kit::{Frame, Server, binary, masked, run, settle};

/// Writes bytes, and expects what comes back.
#[track_caller]
fn check(bytes: Vec<u8>, expected: &[Frame]) {
    run(async {
        let server = Server::echo();
        let (mut peer, _) = server.connect().await;
        peer.write(&bytes).await;
        for frame in expected {
            assert_eq!(peer.frame().await.as_ref(), Some(frame));
        }
        peer.write(&binary(b"last")).await;
        assert_eq!(
            peer.frame().await,
            Some(Frame::binary(b"last")),
            "nothing else came between"
        );
    });
}

/// Writes bytes, and expects a Close with this number although nothing else is sent.
#[track_caller]
fn refused(bytes: Vec<u8>, code: u16) {
    run(async {
        let server = Server::echo();
        let (mut peer, _) = server.connect().await;
        peer.write(&bytes).await;
        let (before, close) = peer.until_closed().await;
        assert_eq!((before, close.code()), (vec![], code));
        assert_eq!(server.messages(), Vec::<Vec<u8>>::new());
    });
}

fn pong(payload: &[u8]) -> Frame {
    Frame {
        first: 0x8a,
        payload: payload.to_vec(),
    }
}

#[test]
fn every_length_form_is_echoed() {
    for len in [0, 1, 7, 8, 9, 125, 126, 127, 4_096, 65_535, 65_536] {
        let payload: Vec<u8> = (0..len).map(|i| (i * 7) as u8).collect();
        check(binary(&payload), &[Frame::binary(&payload)]);
    }
}

#[test]
fn many_frames_in_one_segment_keep_their_order() {
    let payloads: Vec<Vec<u8>> = (0..50_u8).map(|i| vec![i; usize::from(i)]).collect();
    let bytes = payloads
        .iter()
        .flat_map(|payload| binary(payload))
        .collect();
    let frames: Vec<Frame> = payloads
        .iter()
        .map(|payload| Frame::binary(payload))
        .collect();
    check(bytes, &frames);
}

#[test]
fn frames_cut_at_every_byte_are_the_same_frames() {
    run(async {
        let server = Server::echo();
        let (mut peer, _) = server.connect().await;
        let long = vec![9; 300];
        for payload in [&b"one"[..], b"", &long] {
            for byte in binary(payload) {
                peer.write(&[byte]).await;
                tokio::task::yield_now().await;
            }
            assert_eq!(peer.frame().await, Some(Frame::binary(payload)));
        }
        assert_eq!(server.gate.unfinished_bytes(), 0);
    });
}

#[test]
fn fragments_are_joined_around_control_frames() {
    let bytes = [
        masked(0x02, b"one "),
        masked(0x89, b"are you there"),
        masked(0x00, b"two "),
        masked(0x8a, b"unasked"),
        masked(0x00, b""),
        masked(0x80, b"three"),
    ];
    check(
        bytes.concat(),
        &[pong(b"are you there"), Frame::binary(b"one two three")],
    );
}

#[test]
fn fragments_may_be_empty_and_the_largest_message_may_be_fragmented() {
    check(
        [masked(0x02, b""), masked(0x80, b"")].concat(),
        &[Frame::binary(b"")],
    );
    let half = vec![5; 32 * 1024];
    let bytes = [masked(0x02, &half), masked(0x80, &half)].concat();
    check(bytes, &[Frame::binary(&[5; 64 * 1024])]);
}

#[test]
fn pings_are_answered_with_their_payload() {
    check(masked(0x89, b""), &[pong(b"")]);
    check(masked(0x89, &[3; 125]), &[pong(&[3; 125])]);
}

#[test]
fn unsolicited_pongs_are_nothing() {
    check(masked(0x8a, b"here"), &[]);
}

#[test]
fn too_large_is_1009_before_the_payload_comes() {
    let too_long = 64 * 1024 + 1_u64;
    refused(
        [&[0x82, 0xff][..], &too_long.to_be_bytes(), &[0; 4]].concat(),
        codes::TOO_LARGE,
    );
    refused(
        [&[0x82, 0xff][..], &u64::MAX.to_be_bytes(), &[0; 4]].concat(),
        codes::TOO_LARGE,
    );
    let most = vec![5; 64 * 1024];
    refused(
        [masked(0x02, &most), masked(0x80, b"!")].concat(),
        codes::TOO_LARGE,
    );
}

#[test]
fn unmasked_is_1002() {
    refused(vec![0x82, 0x01, b'x'], codes::PROTOCOL);
    refused(vec![0x82, 0x00], codes::PROTOCOL);
    refused(vec![0x82, 0x7e], codes::PROTOCOL);
}

#[test]
fn reserved_bits_are_1002() {
    for bit in [0x40, 0x20, 0x10] {
        refused(masked(0x82 | bit, b"x"), codes::PROTOCOL);
        refused(masked(0x89 | bit, b"x"), codes::PROTOCOL);
    }
}

#[test]
fn unknown_opcodes_are_1002() {
    for opcode in (0x3..=0x7).chain(0xb..=0xf) {
        refused(masked(0x80 | opcode, b"x"), codes::PROTOCOL);
    }
}

#[test]
fn lengths_in_more_bytes_than_needed_are_1002() {
    refused(
        [&[0x82, 0xfe][..], &125_u16.to_be_bytes(), &[0; 129]].concat(),
        codes::PROTOCOL,
    );
    refused(
        [&[0x82, 0xff][..], &125_u64.to_be_bytes(), &[0; 129]].concat(),
        codes::PROTOCOL,
    );
    refused(
        [&[0x82, 0xff][..], &65_535_u64.to_be_bytes(), &[0; 4]].concat(),
        codes::PROTOCOL,
    );
}

#[test]
fn long_or_fragmented_control_frames_are_1002() {
    for opcode in [0x8, 0x9, 0xa] {
        refused(masked(opcode, b""), codes::PROTOCOL);
        refused(masked(0x80 | opcode, &[0; 126]), codes::PROTOCOL);
        refused(vec![0x80 | opcode, 0xfe], codes::PROTOCOL);
    }
}

#[test]
fn fragments_out_of_order_are_1002() {
    refused(masked(0x80, b"of nothing"), codes::PROTOCOL);
    refused(masked(0x00, b"of nothing"), codes::PROTOCOL);
    refused(
        [masked(0x02, b"first"), masked(0x82, b"another")].concat(),
        codes::PROTOCOL,
    );
    refused(
        [masked(0x02, b"first"), masked(0x02, b"another")].concat(),
        codes::PROTOCOL,
    );
}

#[test]
fn text_is_1003_whole_or_split_inside_a_character() {
    refused(masked(0x81, b"hello"), codes::UNSUPPORTED);
    refused(
        [masked(0x01, &[0xe4, 0xbd]), masked(0x80, &[0xa0])].concat(),
        codes::UNSUPPORTED,
    );
    refused(
        [masked(0x01, &[0xff]), masked(0x80, &[0xff])].concat(),
        codes::UNSUPPORTED,
    );
}

#[test]
fn a_message_that_begins_empty_may_go_on_in_a_later_segment() {
    run(async {
        let server = Server::echo();
        let (mut peer, _) = server.connect().await;
        for part in [masked(0x02, b""), masked(0x00, b""), masked(0x80, b"late")] {
            peer.write(&part).await;
            settle().await;
        }
        assert_eq!(peer.frame().await, Some(Frame::binary(b"late")));
    });
}
