//! What one node sends is what the other reads; damaged bytes are refused, never a panic.

use crest_actors::effect::{Push, Traffic};
use crest_schema::node::{Item, Unreadable};
use proptest::prelude::*;

use super::traffic::{long_history, together, traffic};
use crate::translate::node::{add_item, count_items, each_item};

fn items(traffic: &Traffic) -> Vec<Vec<u8>> {
    let mut items = Vec::new();
    each_item(traffic, |item| items.push(item.to_vec()));
    items
}

fn read(items: &[Vec<u8>]) -> Traffic {
    let mut traffic = Traffic::default();
    for item in items {
        add_item(item, &mut traffic).unwrap();
    }
    traffic
}

#[test]
fn every_sample_comes_back_as_it_was() {
    for sample in traffic() {
        let items = items(&sample);
        assert_eq!(items.len(), 1);
        assert_eq!(read(&items), sample);
    }
}

#[test]
fn order_is_kept_and_every_item_counted() {
    let all = together(traffic());
    assert_eq!(items(&all).len() as u64, count_items(&all));
    assert_eq!(read(&items(&all)), all);
}

#[test]
fn the_longest_history_fits() {
    let mut sent = Traffic::default();
    let session = traffic()
        .iter()
        .find_map(|it| Some(it.pushes.first()?.0))
        .unwrap();
    sent.pushes.push((session, long_history()));
    let items = items(&sent);
    assert!(items[0].len() > 1024 * 1024, "{} bytes", items[0].len());
    assert_eq!(read(&items), sent);
}

#[test]
fn a_message_on_its_way_takes_few_bytes() {
    let sizes = traffic().into_iter().filter(|it| !it.envelopes.is_empty());
    let sizes = sizes.map(|it| items(&it)[0].len());
    let (count, sum) = sizes.fold((0, 0), |(count, sum), size| (count + 1, sum + size));
    let acknowledged = Traffic {
        pushes: traffic()
            .into_iter()
            .flat_map(|it| it.pushes)
            .filter(|(_, push)| matches!(push, Push::Ack { .. }))
            .collect(),
        ..Traffic::default()
    };
    let ack = items(&acknowledged)[0].len();
    assert!(ack <= 140, "{ack} bytes an ack");
    assert!(
        sum / count <= 700,
        "{} bytes a note of the samples",
        sum / count
    );
}

#[test]
fn every_cut_of_every_sample_is_refused() {
    for item in items(&together(traffic())) {
        let step = (item.len() / 64).max(1); // the long ones would take minutes
        for end in (0..item.len()).step_by(step) {
            let mut traffic = Traffic::default();
            let refused = add_item(&item[..end], &mut traffic).unwrap_err();
            assert!(matches!(refused, Unreadable::Malformed(_)), "{refused}");
            assert!(traffic.is_empty());
        }
    }
}

#[test]
fn an_item_of_a_later_release_is_passed_over_alone() {
    // {"later": 1}
    let mut unknown = vec![0x81, 0xa5];
    unknown.extend(b"later");
    unknown.push(1);
    let mut traffic = Traffic::default();
    let refused = add_item(&unknown, &mut traffic).unwrap_err();
    assert!(matches!(refused, Unreadable::Item(_)), "{refused}");
    assert!(traffic.is_empty());
}

#[test]
fn a_field_of_a_later_release_is_passed_over() {
    let wakes = |item: &Vec<u8>| item.windows(8).any(|it| it == b"wait_min");
    let items = items(&together(traffic()));
    let place = items.iter().find(|item| wakes(item)).unwrap();
    let Item::Tell(before) = Item::decode(place).unwrap() else {
        panic!("the first place is a note");
    };
    // {"position", "wait_minutes"} becomes {"position", "wait_minutes", "later"}.
    let mut longer = place.clone();
    let map = longer
        .windows(9)
        .position(|it| it == b"\xa8position")
        .unwrap()
        - 1;
    assert_eq!(longer[map], 0x82);
    longer[map] = 0x83;
    longer.extend([0xa5, b'l', b'a', b't', b'e', b'r', 0x91, 0x01]);
    let Ok(Item::Tell(after)) = Item::decode(&longer) else {
        panic!("a field more is no matter");
    };
    assert_eq!(after, before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_damaged_item_is_an_item_or_refused(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let all = traffic();
        let mut item = items(which.get(&all)).swap_remove(0);
        let at = at.index(item.len());
        item[at] = byte;
        let mut read = Traffic::default();
        match add_item(&item, &mut read) {
            // Whatever was read can be written and read again.
            Ok(()) => {
                let again = items(&read);
                let mut twice = Traffic::default();
                add_item(&again[0], &mut twice).unwrap();
                prop_assert_eq!(twice, read);
            }
            Err(_) => prop_assert!(read.is_empty()),
        }
    }

    #[test]
    fn any_bytes_are_an_item_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = add_item(&bytes, &mut Traffic::default());
    }
}
