//! Bytes from anybody: never a panic, never an allocation they did not pay for.

use crest_schema::frame::Body;
use crest_schema::frame::client::{Empty, Send};
use crest_schema::limits::{DEPTH, FRAME_BYTES};
use crest_schema::node::{self, Frame, Item};
use crest_schema::stored::{Record, Unreadable, VERSION, conversation, ledger, pointer};
use crest_schema::{ClientFrame, Malformed, ServerFrame, codec};
use proptest::prelude::*;

use crate::samples;

fn nested(depth: usize, open: u8) -> Vec<u8> {
    let mut bytes = vec![open; depth];
    bytes.push(0xc0);
    bytes
}

#[test]
fn the_deepest_nesting_taken_is_the_stated_one() {
    assert_eq!(codec::check(&nested(DEPTH, 0x91)), Ok(()));
    assert_eq!(
        codec::check(&nested(DEPTH + 1, 0x91)),
        Err(Malformed::TooDeep)
    );
    // An empty container counts as one.
    let mut empty = vec![0x91; DEPTH];
    empty.push(0x90);
    assert_eq!(codec::check(&empty), Err(Malformed::TooDeep));
}

#[test]
fn depth_bombs_are_refused_without_recursion() {
    for depth in [1_020, 60_000] {
        assert_eq!(codec::check(&nested(depth, 0x91)), Err(Malformed::TooDeep));
        let mut maps = Vec::new();
        for _ in 0..depth {
            maps.extend([0x81, 0xa1, b'a']);
        }
        maps.push(0xc0);
        let refused = codec::check_within(&maps, maps.len());
        assert_eq!(refused, Err(Malformed::TooDeep));
    }
    let bomb = nested(100_000, 0x91);
    assert_eq!(
        codec::check_within(&bomb, bomb.len()),
        Err(Malformed::TooDeep)
    );
    assert!(matches!(
        ClientFrame::decode(&bomb),
        Err(Malformed::TooLarge { .. })
    ));
}

#[test]
fn a_depth_bomb_in_an_unknown_field_is_refused() {
    let mut bytes = vec![0x93, 0x02, 0xc0, 0x81, 0xa1, b'x'];
    bytes.extend(nested(1_020, 0x91));
    assert_eq!(ClientFrame::decode(&bytes), Err(Malformed::TooDeep));
}

#[test]
fn a_frame_may_be_64_kib_and_not_a_byte_more() {
    let frame = |length: usize| {
        ClientFrame::Send(Send {
            conversation: None,
            id: samples::MESSAGE,
            body: Body::Text("x".repeat(length).into()),
        })
        .encode(Some(1))
    };
    let envelope = frame(60_000).len() - 60_000;
    let largest = frame(FRAME_BYTES - envelope);
    assert_eq!(largest.len(), FRAME_BYTES);
    assert!(ClientFrame::decode(&largest).is_ok());
    assert_eq!(
        ClientFrame::decode(&frame(FRAME_BYTES - envelope + 1)),
        Err(Malformed::TooLarge {
            bytes: FRAME_BYTES + 1,
            max: FRAME_BYTES
        })
    );
}

#[test]
fn unknown_fields_are_ignored_and_nil_is_absence() {
    // {"later": [1, {"a": bin}], "conversation": nil}
    let mut bytes = vec![0x93, 0x06, 0xc0, 0x82, 0xa5];
    bytes.extend(b"later");
    bytes.extend([0x92, 0x01, 0x81, 0xa1, b'a', 0xc4, 0x01, 0xff, 0xac]);
    bytes.extend(b"conversation");
    bytes.push(0xc0);
    let (reference, frame) = ClientFrame::decode(&bytes).unwrap();
    assert_eq!(reference, None);
    assert!(matches!(frame, ClientFrame::Typing(typing) if typing.conversation.is_none()));
}

#[test]
fn numbers_may_be_written_wide() {
    // [u16 2, u64 7, map16 {}]
    let bytes = [0x93, 0xcd, 0, 2, 0xcf, 0, 0, 0, 0, 0, 0, 0, 7, 0xde, 0, 0];
    assert_eq!(
        ClientFrame::decode(&bytes),
        Ok((Some(7), ClientFrame::Ping(Empty {})))
    );
}

#[test]
fn words_about_an_error_do_not_echo_the_whole_input() {
    let mut bytes = vec![0x93, 0x03, 0x05, 0x81, 0xa4];
    bytes.extend(b"body");
    bytes.push(0xda);
    bytes.extend(30_000_u16.to_be_bytes());
    bytes.extend("界".repeat(10_000).bytes());
    match ClientFrame::decode(&bytes) {
        Err(Malformed::Body {
            reference: Some(5),
            what,
            ..
        }) => assert!(what.len() <= 200, "{} bytes", what.len()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_cut_of_every_frame_is_refused() {
    for (name, reference, frame) in samples::client::frames() {
        let bytes = frame.encode(reference);
        for end in 0..bytes.len() {
            assert_eq!(
                ClientFrame::decode(&bytes[..end]),
                Err(Malformed::Truncated),
                "{name} cut at {end}"
            );
        }
        let mut longer = bytes.to_vec();
        longer.push(0xc0);
        assert_eq!(ClientFrame::decode(&longer), Err(Malformed::Trailing));
    }
}

#[test]
fn every_cut_of_every_node_frame_is_refused() {
    for (name, head, items) in samples::node::frames() {
        let mut body = Vec::new();
        for item in &items {
            let mut bytes = Vec::new();
            item.encode(&mut bytes);
            node::put(&bytes, &mut body);
        }
        let bytes = Frame::encode(&head, items.len() as u32, &body);
        for end in 0..bytes.len() {
            let refused = Frame::decode(&bytes[..end]);
            assert_eq!(
                refused,
                Err(Malformed::Truncated.into()),
                "{name} cut at {end}"
            );
        }
    }
}

#[test]
fn a_node_frame_may_gain_fields_but_not_lose_one() {
    let (_, head, _) = samples::node::frames().swap_remove(0);
    let mut bytes = Frame::encode(&head, 0, &[]);
    bytes[0] = 0x97;
    bytes.push(0x01);
    assert_eq!(Frame::decode(&bytes).unwrap().head, head);
    bytes.truncate(bytes.len() - 2);
    bytes[0] = 0x95;
    assert_eq!(Frame::decode(&bytes), Err(node::Unreadable::Head));
    bytes[1] = node::VERSION + 1;
    let refused = Frame::decode(&bytes).unwrap_err();
    assert_eq!(refused, node::Unreadable::Version(node::VERSION + 1));
}

#[test]
fn a_piece_beyond_the_last_or_beside_another_is_refused() {
    let mut head = samples::node::piece();
    let mut body = Vec::new();
    node::put(b"piece", &mut body);
    node::put(b"another", &mut body);
    assert_eq!(
        Frame::decode(&Frame::encode(&head, 2, &body)),
        Err(node::Unreadable::Head)
    );
    body.truncate(7);
    assert!(Frame::decode(&Frame::encode(&head, 1, &body)).is_ok());
    head.part = Some(node::Part { index: 3, of: 3 });
    assert_eq!(
        Frame::decode(&Frame::encode(&head, 1, &body)),
        Err(node::Unreadable::Head)
    );
}

#[test]
fn node_frames_and_items_have_bounds() {
    let (_, head, _) = samples::node::frames().swap_remove(0);
    let mut body = Vec::new();
    node::put(&vec![0; node::FRAME_BYTES], &mut body);
    let frame = Frame::encode(&head, 1, &body);
    let refused = Frame::decode(&frame).unwrap_err();
    assert!(refused.to_string().contains("at most"), "{refused}");
    let mut item = vec![0x81, 0xa5];
    item.extend(b"rally");
    item.push(0xdb);
    item.extend((node::ITEM_BYTES as u32).to_be_bytes());
    item.resize(item.len() + node::ITEM_BYTES, b'x');
    let refused = Item::decode(&item).unwrap_err();
    assert!(refused.to_string().contains("at most"), "{refused}");
    let mut deep = vec![0x81, 0xa5];
    deep.extend(b"rally");
    deep.extend(nested(DEPTH, 0x91));
    assert_eq!(Item::decode(&deep), Err(Malformed::TooDeep.into()));
}

#[test]
fn a_newer_record_is_refused_by_name() {
    let mut record = samples::stored::ledger().swap_remove(0).1.encode();
    record[2] = 99;
    assert_eq!(
        Record::<ledger::Event>::decode(&record),
        Err(Unreadable::Kind {
            alphabet: "ledger",
            kind: 99
        })
    );
    record[1] = VERSION + 1;
    let refused = Record::<ledger::Event>::decode(&record).unwrap_err();
    assert_eq!(refused, Unreadable::Version(VERSION + 1));
    assert!(refused.to_string().contains("start a newer build"));
}

#[test]
fn a_record_may_gain_fields() {
    let (_, record) = samples::stored::ledger().swap_remove(2);
    let mut bytes = record.encode();
    // Two fields become three.
    let map = bytes.iter().position(|byte| *byte == 0x82).unwrap();
    bytes[map] = 0x83;
    bytes.extend([0xa3, b'n', b'e', b'w', 0x91, 0x01]);
    assert_eq!(Record::<ledger::Event>::decode(&bytes), Ok(record));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_are_a_frame_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = ClientFrame::decode(&bytes);
        let _ = ServerFrame::decode(&bytes);
        let _ = Frame::decode(&bytes);
        let _ = Item::decode(&bytes);
        let _ = Record::<conversation::Event>::decode(&bytes);
        let _ = Record::<ledger::Event>::decode(&bytes);
        let _ = Record::<pointer::Event>::decode(&bytes);
    }

    #[test]
    fn what_the_scanner_takes_others_read(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        if codec::check(&bytes).is_ok() {
            prop_assert!(rmp_serde::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok());
        }
    }

    #[test]
    fn a_damaged_frame_is_a_frame_or_refused(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let frames = samples::server::frames();
        let (_, reference, frame) = which.get(&frames);
        let mut bytes = frame.encode(*reference).to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok((reference, read)) = ServerFrame::decode(&bytes) {
            // Whatever was read can be written and read again.
            let again = read.encode(reference);
            prop_assert_eq!(ServerFrame::decode(&again), Ok((reference, read)));
        }
        let clients = samples::client::frames();
        let (_, reference, frame) = which.get(&clients);
        let mut bytes = frame.encode(*reference).to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok((reference, read)) = ClientFrame::decode(&bytes) {
            let again = read.encode(reference);
            prop_assert_eq!(ClientFrame::decode(&again), Ok((reference, read)));
        }
    }

    #[test]
    fn any_text_comes_back(text in "\\PC{1,300}", reference in any::<u32>()) {
        let frame = ClientFrame::Send(Send {
            conversation: Some(samples::CONVERSATION),
            id: samples::MESSAGE,
            body: Body::Text(text.into()),
        });
        let bytes = frame.encode(Some(reference));
        prop_assert_eq!(ClientFrame::decode(&bytes), Ok((Some(reference), frame)));
    }
}
