use std::collections::BTreeSet;

use crest_actors::ids::{SHARDS, Shard};
use proptest::prelude::*;

use super::cell::{Damage, decode, encode};
use crate::cluster::assignment::{Held, Map};
use crate::cluster::process::{Incarnation, NodeId, Process};

fn process(node: u16) -> Process {
    Process {
        node: NodeId(node),
        incarnation: Incarnation(0x0123_4567_89ab_cdef_0011_2233_4455_6677 + u128::from(node)),
    }
}

/// Two owners by turns, one of whom leaves with a third that owns nothing.
fn sample() -> Map {
    let held = |shard: u16| Held {
        owner: process(1 + shard % 2),
        epoch: 1 + u64::from(shard),
    };
    let leaving = BTreeSet::from([process(2), process(300)]);
    Map::new(7, (0..SHARDS).map(held).collect(), leaving)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A cell with a checksum of its own: what a program wrote wrongly.
fn signed(version: u64, body: &[u8]) -> Vec<u8> {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&version.to_be_bytes());
    hasher.update(body);
    let mut cell = body.to_vec();
    cell.extend(hasher.finalize().to_be_bytes());
    cell
}

#[test]
fn the_bytes_of_format_one() {
    let cell = encode(&sample());
    let owners = concat!(
        "01",
        "0003",
        "00010123456789abcdef0011223344556678",
        "00020123456789abcdef0011223344556679",
        "012c0123456789abcdef00112233445567a3",
        "0100",
        "00000000000000000001",
        "00010000000000000002",
        "00000000000000000003",
    );
    assert!(hex(&cell).starts_with(owners), "{}", hex(&cell));
    let end = concat!("00010000000000000100", "0002", "0001", "0002", "128f985c");
    assert!(hex(&cell).ends_with(end), "{}", hex(&cell));
    assert_eq!(cell.len(), 1 + 2 + 3 * 18 + 2 + 256 * 10 + 2 + 2 * 2 + 4);
    assert_eq!(decode(7, &cell), Ok(sample()));
}

#[test]
fn any_other_byte_is_noticed() {
    let cell = encode(&sample());
    for at in 0..cell.len() {
        for bit in [1, 0x80] {
            let mut other = cell.clone();
            other[at] ^= bit;
            assert!(decode(7, &other).is_err(), "byte {at}");
        }
    }
    for length in 0..cell.len() {
        assert!(decode(7, &cell[..length]).is_err(), "{length} bytes");
    }
    for version in [0, -7, 6, 8, i64::MAX] {
        assert!(decode(version, &cell).is_err(), "version {version}");
    }
    assert!(decode(7, &[cell, vec![0]].concat()).is_err());
}

#[test]
fn an_unknown_format_is_left_to_the_program_that_wrote_it() {
    let mut newer = encode(&sample());
    newer[0] = 2;
    let damage = decode(7, &newer).expect_err("unknown");
    assert_eq!(damage, Damage::Format(2));
    assert!(
        damage
            .to_string()
            .contains("install the Crest that wrote it")
    );
}

type Change<'a> = &'a dyn Fn(&mut Vec<u8>);

#[test]
fn only_the_one_form_of_a_map_is_read() {
    let cell = encode(&sample());
    let body = &cell[..cell.len() - 4];
    assert_eq!(signed(7, body), cell);
    let wrong = |change: Change| {
        let mut body = body.to_vec();
        change(&mut body);
        decode(7, &signed(7, &body)).expect_err("not the one form")
    };
    let (processes, shards) = (3, 3 + 3 * 18 + 2);
    let last = body.len() - 1;
    let changes: [(&str, Change); 7] = [
        ("processes out of order", &|it| it[processes + 1] = 9),
        ("an owner that is not named", &|it| it[shards + 1] = 3),
        ("an epoch of 0", &|it| it[shards + 9] = 0),
        ("255 shards", &|it| {
            it[shards - 2..shards].copy_from_slice(&[0, 255]);
            it.drain(shards..shards + 10);
        }),
        ("one leaves twice", &|it| it[last] = 1),
        ("one is named for nothing", &|it| {
            it[last - 5] = 0;
            it[last - 4] = 1;
            it.truncate(last - 1);
        }),
        ("something follows", &|it| it.push(0)),
    ];
    for (what, change) in changes {
        let damage = wrong(change).to_string();
        assert!(damage.contains("contents are not"), "{what}: {damage}");
    }
}

fn maps() -> impl Strategy<Value = Map> {
    let process = (any::<u16>(), any::<u128>()).prop_map(|(node, incarnation)| Process {
        node: NodeId(node),
        incarnation: Incarnation(incarnation),
    });
    let processes = prop::collection::vec(process, 1..12);
    let held = (any::<prop::sample::Index>(), 1..=u64::MAX);
    let shards = prop::collection::vec(held, usize::from(SHARDS));
    let leaving = prop::collection::vec(any::<prop::sample::Index>(), 0..4);
    let version = 1..=i64::MAX as u64;
    (version, processes, shards, leaving).prop_map(|(version, processes, shards, leaving)| {
        let held = |(owner, epoch): &(prop::sample::Index, u64)| Held {
            owner: *owner.get(&processes),
            epoch: *epoch,
        };
        let leaving = leaving.iter().map(|it| *it.get(&processes)).collect();
        Map::new(version, shards.iter().map(held).collect(), leaving)
    })
}

proptest! {
    #[test]
    fn every_map_comes_back(map in maps()) {
        let cell = encode(&map);
        let back = decode(map.version() as i64, &cell);
        prop_assert_eq!(back.as_ref(), Ok(&map));
        prop_assert!(Shard::all().all(|shard| back.as_ref().unwrap().held(shard) == map.held(shard)));
    }

    #[test]
    fn no_bytes_bring_it_down(bytes in prop::collection::vec(any::<u8>(), 0..400), version in 1..9i64) {
        prop_assert!(decode(version, &bytes).is_err());
        let mut body = vec![1];
        body.extend(&bytes);
        // Whatever is read from a cell with a right checksum is written as that cell.
        let cell = signed(version as u64, &body);
        if let Ok(map) = decode(version, &cell) {
            prop_assert_eq!(encode(&map), cell);
        }
    }
}
