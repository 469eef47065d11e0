use proptest::prelude::*;

use super::*;
use crate::ids::{ConversationId, Millis};

fn key(effective_ms: i64, id: u8) -> OrderKey {
    OrderKey {
        effective_ms,
        enqueued_at: Millis(0),
        conversation: ConversationId([id; 16]),
    }
}

proptest! {
    /// Against a sorted vector, over any sequence of insertions and removals.
    #[test]
    fn a_line_is_a_sorted_set_that_knows_ranks(
        steps in prop::collection::vec((any::<bool>(), 0..20_i64, 0..6_u8), 1..300),
        probe in 0..22_i64,
        from in 0..40_usize,
    ) {
        let (mut line, mut sorted) = (Line::default(), Vec::<OrderKey>::new());
        for (insert, effective_ms, id) in steps {
            let key = key(effective_ms, id);
            match (insert, sorted.binary_search(&key)) {
                (true, Err(at)) => {
                    sorted.insert(at, key);
                    line.insert(key);
                }
                (true, Ok(_)) => {}
                (false, found) => {
                    prop_assert_eq!(line.remove(&key), found.is_ok());
                    if let Ok(at) = found {
                        sorted.remove(at);
                    }
                }
            }
            prop_assert_eq!(line.len(), sorted.len());
        }
        for (rank, key) in sorted.iter().enumerate() {
            prop_assert_eq!(line.rank(key), rank);
        }
        let probe = key(probe, 3);
        prop_assert_eq!(line.rank(&probe), sorted.partition_point(|key| *key < probe));
        let rest: Vec<OrderKey> = line.starting_at(from).collect();
        prop_assert_eq!(&rest[..], sorted.get(from..).unwrap_or(&[]));
    }
}

/// Depth of the deepest node.
fn depth(line: &Line, at: Link) -> usize {
    if at == NIL {
        return 0;
    }
    let node = &line.nodes[at as usize];
    1 + depth(line, node.left).max(depth(line, node.right))
}

#[test]
fn a_hundred_thousand_in_the_worst_order_stay_shallow() {
    let mut line = Line::default();
    for step in 0..100_000 {
        line.insert(key(step, 1));
    }
    assert!(depth(&line, line.root) < 60, "{}", depth(&line, line.root));
    assert_eq!(line.rank(&key(77_777, 1)), 77_777);
    for step in (0..100_000).step_by(2) {
        assert!(line.remove(&key(step, 1)));
    }
    assert_eq!(line.rank(&key(77_777, 1)), 38_888);
    for step in 0..50_000 {
        line.insert(key(step * 2, 2));
    }
    assert_eq!(line.nodes.len(), 100_000, "vacant nodes are used again");
}
