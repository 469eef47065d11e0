//! Lanes and intake without a network: what is put together, split, numbered and missed.

use crest_actors::effect::Traffic;
use crest_schema::frame::Id;
use crest_schema::node::{FRAME_BYTES, Frame, Head, ITEM_BYTES, Part, Unreadable, put};
use proptest::prelude::*;

use super::super::intake::{Arrived, Intake, Refused, Way};
use super::super::lanes::{Dropped, Lanes, To};
use super::super::limits::{LANE_BYTES, SENDERS, TOGETHER_BYTES};
use crate::translate::node::each_item;
use crate::translate::tests::traffic::{long_history, together, traffic};

const LIFE: Id = Id([1; 16]);
const NEXT_LIFE: Id = Id([2; 16]);
const OTHER: To = To::Node(2);

fn lanes() -> Lanes {
    Lanes::new(1, LIFE)
}

fn intake() -> Intake {
    Intake::new(2, Id([9; 16]))
}

fn fill(lanes: &mut Lanes, to: To, traffic: &Traffic) {
    each_item(traffic, |item| lanes.add(to, item).unwrap());
}

fn frames(lanes: &mut Lanes) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| lanes.next())
        .map(|(_, frame, _)| frame)
        .collect()
}

fn rally(name: &str) -> Traffic {
    Traffic {
        rallies: vec![name.into()],
        ..Traffic::default()
    }
}

/// A long history as a push to some session.
fn long() -> Traffic {
    let session = traffic()
        .iter()
        .find_map(|it| Some(it.pushes.first()?.0))
        .unwrap();
    Traffic {
        pushes: vec![(session, long_history())],
        ..Traffic::default()
    }
}

fn frame(incarnation: Id, seq: u64) -> Vec<u8> {
    let head = Head {
        node: 1,
        incarnation,
        seq,
        part: None,
    };
    Frame::encode(&head, 0, &[])
}

fn lost(intake: &mut Intake, frame: &[u8]) -> u64 {
    intake.take(frame, Way::Direct).unwrap().lost
}

#[test]
fn everything_comes_through_in_order_in_few_frames() {
    let (mut lanes, mut intake) = (lanes(), intake());
    let sent = together(traffic().into_iter().chain([long()]).chain(traffic()));
    fill(&mut lanes, OTHER, &sent);
    let frames = frames(&mut lanes);
    let bytes: usize = frames.iter().map(Vec::len).sum();
    assert!(
        frames.len() <= bytes / (TOGETHER_BYTES / 4),
        "{} frames",
        frames.len()
    );
    assert!(frames.iter().all(|frame| frame.len() <= FRAME_BYTES));
    let arrived = frames
        .iter()
        .map(|frame| intake.take(frame, Way::Direct).unwrap());
    let arrived = together(arrived.map(|arrived| {
        assert_eq!((arrived.from, arrived.lost, arrived.unread), (1, 0, 0));
        arrived.traffic
    }));
    assert_eq!(arrived, sent);
}

#[test]
fn destinations_take_turns_and_are_numbered_apart() {
    let mut lanes = lanes();
    for to in [To::Node(7), To::Node(3), To::All] {
        for _ in 0..3 {
            lanes.add(to, &[0xc0; TOGETHER_BYTES]).unwrap();
        }
    }
    let served = std::iter::from_fn(|| lanes.next());
    let served: Vec<_> = served
        .map(|(to, frame, _)| (to, Frame::decode(&frame).unwrap().head.seq))
        .collect();
    let round = |seq| [(To::Node(3), seq), (To::Node(7), seq), (To::All, seq)];
    assert_eq!(served, [round(1), round(2), round(3)].concat());
}

#[test]
fn a_full_lane_takes_nothing_more_until_it_is_emptied() {
    let mut lanes = lanes();
    let item = vec![0; 100_000];
    let taken = (0..)
        .take_while(|_| lanes.add(OTHER, &item) == Ok(()))
        .count();
    assert_eq!(taken, LANE_BYTES / (item.len() + 5));
    assert_eq!(lanes.add(OTHER, &item), Err(Dropped::Full));
    assert_eq!(
        lanes.add(To::Node(3), &item),
        Ok(()),
        "others are not concerned"
    );
    lanes.next().unwrap();
    lanes.next().unwrap();
    assert_eq!(lanes.add(OTHER, &item), Ok(()));
    assert_eq!(lanes.clear(), taken as u64);
    assert!(lanes.next().is_none());
    assert_eq!(lanes.add(OTHER, &item), Ok(()));
}

#[test]
fn an_item_beyond_the_bound_is_not_taken() {
    let mut lanes = lanes();
    assert_eq!(lanes.add(OTHER, &vec![0; ITEM_BYTES]), Ok(()));
    let too_large = lanes.add(OTHER, &vec![0; ITEM_BYTES + 1]);
    assert_eq!(too_large, Err(Dropped::TooLarge));
    assert_eq!(lanes.clear(), 1, "an item of many pieces is one item");
}

#[test]
fn what_is_dropped_before_it_is_sent_leaves_no_hole() {
    let (mut lanes, mut intake) = (lanes(), intake());
    fill(&mut lanes, OTHER, &rally("a"));
    intake.take(&frames(&mut lanes)[0], Way::Direct).unwrap();
    fill(&mut lanes, OTHER, &rally("b"));
    lanes.clear();
    fill(&mut lanes, OTHER, &rally("c"));
    let arrived = intake.take(&frames(&mut lanes)[0], Way::Direct).unwrap();
    assert_eq!((arrived.lost, arrived.traffic), (0, rally("c")));
}

#[test]
fn holes_are_counted_once_for_each_way_and_life() {
    let mut intake = intake();
    assert_eq!(
        lost(&mut intake, &frame(LIFE, 5)),
        0,
        "it may have begun before us"
    );
    assert_eq!(lost(&mut intake, &frame(LIFE, 6)), 0);
    assert_eq!(lost(&mut intake, &frame(LIFE, 10)), 3);
    assert_eq!(lost(&mut intake, &frame(LIFE, 8)), 0, "late");
    assert_eq!(lost(&mut intake, &frame(LIFE, 10)), 0, "repeated");
    assert_eq!(lost(&mut intake, &frame(LIFE, 11)), 0);
    let to_all = intake.take(&frame(LIFE, 1), Way::ToAll).unwrap();
    assert_eq!(to_all.lost, 0, "numbered apart");
    assert_eq!(lost(&mut intake, &frame(NEXT_LIFE, 1)), 0);
    assert_eq!(lost(&mut intake, &frame(NEXT_LIFE, 3)), 1);
    assert_eq!(lost(&mut intake, &frame(NEXT_LIFE, u64::MAX)), u64::MAX - 4);
}

#[test]
fn an_item_with_a_piece_missing_never_arrives_and_the_next_one_does() {
    let mut lanes = lanes();
    fill(&mut lanes, OTHER, &together([long(), rally("next")]));
    let frames = frames(&mut lanes);
    assert!(frames.len() > 2, "the history is split");
    for missing in 0..frames.len() - 1 {
        let mut intake = intake();
        let kept = (0..).zip(&frames).filter(|(n, _)| *n != missing);
        let arrived = kept.map(|(_, frame)| intake.take(frame, Way::Direct).unwrap().traffic);
        assert_eq!(together(arrived), rally("next"));
    }
}

#[test]
fn pieces_end_with_the_life_of_their_sender() {
    let mut lanes = lanes();
    fill(&mut lanes, OTHER, &long());
    let frames = frames(&mut lanes);
    let mut intake = intake();
    let (last, first) = frames.split_last().unwrap();
    for frame in first {
        intake.take(frame, Way::Direct).unwrap();
    }
    intake.take(&frame(NEXT_LIFE, 1), Way::Direct).unwrap();
    let arrived = intake.take(last, Way::Direct).unwrap();
    assert!(arrived.traffic.is_empty());
}

#[test]
fn pieces_without_end_are_given_up_at_the_bound() {
    let mut intake = intake();
    let piece = vec![0; 500_000];
    for index in 0..20 {
        let head = Head {
            node: 1,
            incarnation: LIFE,
            seq: u64::from(index) + 1,
            part: Some(Part { index, of: 20 }),
        };
        let mut body = Vec::new();
        put(&piece, &mut body);
        let arrived = intake
            .take(&Frame::encode(&head, 1, &body), Way::Direct)
            .unwrap();
        assert_eq!((arrived.unread, arrived.traffic), (0, Traffic::default()));
    }
}

#[test]
fn an_item_that_is_not_known_takes_no_other_with_it() {
    let mut lanes = lanes();
    fill(&mut lanes, OTHER, &rally("before"));
    lanes.add(OTHER, &[0x81, 0xa1, b'x', 0x01]).unwrap();
    lanes.add(OTHER, &[0xc1]).unwrap();
    fill(&mut lanes, OTHER, &rally("after"));
    let arrived = intake().take(&frames(&mut lanes)[0], Way::Direct).unwrap();
    assert_eq!(arrived.unread, 2);
    assert_eq!(arrived.traffic, together([rally("before"), rally("after")]));
}

#[test]
fn a_frame_of_our_own_number_is_ours_or_a_twins() {
    let mut ours = Intake::new(1, LIFE);
    assert_eq!(
        ours.take(&frame(LIFE, 1), Way::ToAll),
        Ok(Arrived::default())
    );
    let twin = ours.take(&frame(NEXT_LIFE, 1), Way::ToAll);
    assert_eq!(twin, Err(Refused::Twin(1)));
}

#[test]
fn a_frame_of_another_version_is_refused_by_name() {
    let mut newer = frame(LIFE, 1);
    newer[1] = 2;
    let refused = intake().take(&newer, Way::Direct).unwrap_err();
    assert_eq!(refused, Refused::Unreadable(Unreadable::Version(2)));
}

#[test]
fn senders_without_end_are_forgotten_from_the_most_silent_on() {
    let mut intake = intake();
    let frame = |node, seq| {
        let head = Head {
            node,
            incarnation: LIFE,
            seq,
            part: None,
        };
        Frame::encode(&head, 0, &[])
    };
    for node in 10..10 + 2 * SENDERS as u16 + 1 {
        lost(&mut intake, &frame(node, 1));
    }
    assert_eq!(lost(&mut intake, &frame(11, 5)), 3, "remembered");
    assert_eq!(lost(&mut intake, &frame(10, 5)), 0, "forgotten");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_damaged_frame_is_a_frame_or_refused(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut lanes = lanes();
        fill(&mut lanes, OTHER, &together([rally("a"), rally("b"), rally("c")]));
        let mut frame = frames(&mut lanes).swap_remove(0);
        prop_assert!(intake().take(&frame[..cut.index(frame.len())], Way::Direct).is_err());
        let at = at.index(frame.len());
        frame[at] = byte;
        let _ = intake().take(&frame, Way::Direct);
    }

    #[test]
    fn any_bytes_are_a_frame_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = intake().take(&bytes, Way::Direct);
    }
}
