use proptest::prelude::*;

use super::*;
use crate::conversation::WaitReason;
use crate::ids::GroupId;

fn waiting(enqueued_at: u64, boost_ms: u64) -> Waiting {
    Waiting {
        group: GroupId::from("g"),
        reason: WaitReason::Asked,
        enqueued_at: Millis(enqueued_at),
        boost_ms,
        required: Vec::new(),
        preferred: Vec::new(),
        preferred_until: Millis(0),
        sticky: None,
        excluded: Vec::new(),
        weight: 1,
    }
}

fn id(number: usize) -> ConversationId {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&(number as u64).to_be_bytes());
    ConversationId(id)
}

proptest! {
    /// The bound as this file's head states it, for any arrivals and any boosts, configured badly or not.
    #[test]
    fn nobody_is_overtaken_by_who_comes_a_starvation_bound_later(
        arrivals in prop::collection::vec((0..4_000_000_u64, 0..3_000_000_u64), 2..60),
        starvation_ms in 0..1_500_000_u64,
    ) {
        let arrivals: Vec<Waiting> = arrivals.iter().map(|(at, boost)| waiting(*at, *boost)).collect();
        let keys: Vec<OrderKey> = arrivals
            .iter()
            .enumerate()
            .map(|(number, waiting)| OrderKey::of(id(number), waiting, starvation_ms))
            .collect();
        for (first, a) in arrivals.iter().enumerate() {
            let mut overtaken_by = 0;
            let mut could = 0;
            for (second, b) in arrivals.iter().enumerate() {
                let later_ms = b.enqueued_at.since(a.enqueued_at);
                if b.enqueued_at <= a.enqueued_at {
                    continue;
                }
                let within = later_ms <= b.boost_ms.min(starvation_ms);
                could += usize::from(within && b.boost_ms > a.boost_ms);
                if keys[second] < keys[first] {
                    overtaken_by += 1;
                    prop_assert!(later_ms <= starvation_ms);
                    prop_assert!(within);
                }
            }
            prop_assert!(overtaken_by <= could);
        }
    }
}

#[test]
fn equal_boosts_are_first_come_first_served() {
    let early = OrderKey::of(id(9), &waiting(1_000, 60_000), 900_000);
    let late = OrderKey::of(id(1), &waiting(1_001, 60_000), 900_000);
    assert!(early < late);
}

#[test]
fn a_boost_counts_as_time_waited_up_to_the_bound() {
    let standard = OrderKey::of(id(1), &waiting(1_000_000, 0), 900_000);
    let within = OrderKey::of(id(2), &waiting(1_899_999, u64::MAX), 900_000);
    let beyond = OrderKey::of(id(3), &waiting(1_900_001, u64::MAX), 900_000);
    assert!(within < standard && standard < beyond);
}
