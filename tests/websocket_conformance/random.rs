//! Random bytes do no harm, and random frames mean here what they mean to an independent
//! implementation.

use std::io::{self, Read, Write};
use std::time::Duration;

use crest::gateway::socket::{Closed, SocketLimits, codes};
use proptest::prelude::*;
use proptest::test_runner::Config;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketContext};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::kit::{Server, binary, echo, masked, pass, run};

/// What a client's bytes amount to: its messages, and the number of the Close frame it gets.
#[derive(Debug, PartialEq)]
struct Outcome {
    messages: Vec<Vec<u8>>,
    close: Option<u16>,
}

/// Sends the bytes in pieces to a gate.
fn ours(bytes: &[u8], piece: usize) -> Outcome {
    let mut outcome = Outcome {
        messages: vec![],
        close: None,
    };
    run(async {
        let limits = SocketLimits {
            frames_burst: 100_000,
            ..SocketLimits::default()
        };
        let server = Server::new(limits, echo);
        let (mut peer, _) = server.connect().await;
        for piece in bytes.chunks(piece) {
            peer.write(piece).await;
            tokio::task::yield_now().await;
        }
        peer.0.shutdown().await.unwrap();
        while let Some(frame) = peer.frame().await {
            if frame.first == 0x88 {
                outcome.close = Some(if frame.payload.is_empty() {
                    1005
                } else {
                    frame.code()
                });
            }
        }
        drop(peer);
        pass(Duration::from_secs(3)).await;
        assert_eq!(
            (server.gate.connections(), server.gate.unfinished_bytes()),
            (0, 0)
        );
        let expected = match (outcome.close, server.ends().as_slice()) {
            (None, [Closed::Lost]) => true,
            (Some(code), [Closed::ByUs(told) | Closed::ByPeer(told)]) => code == *told,
            _ => false,
        };
        assert!(expected, "told {:?} after {outcome:?}", server.told());
        outcome.messages = server.messages();
    });
    outcome
}

/// Bytes to read, then nothing for now; what is written goes nowhere.
struct Wire<'a>(&'a [u8]);

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer) {
            Ok(0) => Err(io::ErrorKind::WouldBlock.into()),
            read => read,
        }
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Gives the bytes to tungstenite.
fn theirs(bytes: &[u8]) -> Outcome {
    let mut context = WebSocketContext::new(Role::Server, None);
    let mut wire = Wire(bytes);
    let mut messages = Vec::new();
    let close = loop {
        match context.read(&mut wire) {
            Ok(Message::Binary(message)) => messages.push(message.to_vec()),
            Ok(Message::Close(frame)) => break Some(frame.map_or(1005, |f| f.code.into())),
            Ok(_) => {}
            Err(Error::Io(_)) => break None,
            Err(Error::Utf8(_)) => break Some(codes::NOT_UTF8),
            Err(_) => break Some(codes::PROTOCOL),
        }
    };
    Outcome { messages, close }
}

/// Frames, mostly lawful, seldom not. Text is left out: refusing it is our own rule.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let payload = || prop::collection::vec(any::<u8>(), 0..300);
    let control = || prop::collection::vec(any::<u8>(), 0..=125);
    prop_oneof![
        8 => payload().prop_map(|payload| binary(&payload)),
        4 => (prop_oneof![Just(0x02), Just(0x00), Just(0x80)], payload())
            .prop_map(|(first, payload)| masked(first, &payload)),
        3 => (prop_oneof![Just(0x89), Just(0x8a)], control())
            .prop_map(|(first, payload)| masked(first, &payload)),
        1 => (prop_oneof![990..1020_u16, 2990..3010_u16, 4990..5010_u16], "[a-z]{0,9}")
            .prop_map(|(code, reason)| masked(0x88, &[&code.to_be_bytes(), reason.as_bytes()].concat())),
        1 => control().prop_map(|payload| masked(0x88, &payload)),
        1 => (any::<u8>().prop_filter("not text", |first| first & 0x0f != 1), payload())
            .prop_map(|(first, payload)| masked(first, &payload)),
    ]
}

/// A message that is fragmented lawfully, with control frames between.
fn fragmented() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 2..6).prop_map(|parts| {
        let last = parts.len() - 1;
        let frames = parts.iter().enumerate().flat_map(|(i, part)| {
            let first = if i == 0 { 0x02 } else { 0x00 } | if i == last { 0x80 } else { 0x00 };
            [
                masked(first, part),
                if i == last {
                    vec![]
                } else {
                    masked(0x89, b"?")
                },
            ]
            .concat()
        });
        frames.collect()
    })
}

proptest! {
    #![proptest_config(Config { cases: 200, failure_persistence: None, ..Config::default() })]

    #[test]
    fn frames_mean_what_they_mean_to_tungstenite(
        frames in prop::collection::vec(prop_oneof![3 => frame(), 1 => fragmented()], 1..12),
        piece in prop_oneof![1..20_usize, Just(usize::MAX)],
    ) {
        let bytes = frames.concat();
        prop_assert_eq!(ours(&bytes, piece), theirs(&bytes));
    }

    #[test]
    fn random_bytes_do_no_harm(
        start in prop::collection::vec(frame(), 0..3),
        bytes in prop::collection::vec(any::<u8>(), 0..3_000),
        piece in 1..4_000_usize,
    ) {
        ours(&[start.concat(), bytes].concat(), piece);
    }

    #[test]
    fn a_flipped_bit_does_no_harm(
        frames in prop::collection::vec(prop_oneof![frame(), fragmented()], 1..6),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u32,
    ) {
        let mut bytes = frames.concat();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        ours(&bytes, usize::MAX);
    }
}
