//! What waits to be sent: one bounded lane a destination, taken in turn.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound::{Excluded, Unbounded};

use crest_schema::frame::Id;
use crest_schema::node::{Frame, Head, ITEM_BYTES, Part, put};

use super::limits::{LANE_BYTES, PIECE_BYTES, TOGETHER_BYTES};

/// Whom a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum To {
    Node(u16),
    All,
}

/// The item was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// The lane is full.
    Full,
    /// No frame may carry it.
    TooLarge,
}

/// Every lane of a node.
pub struct Lanes {
    node: u16,
    incarnation: Id,
    lanes: BTreeMap<To, Lane>,
    /// Whose turn it was last.
    served: To,
}

#[derive(Default)]
struct Lane {
    /// Number of the frame sent last; a frame that is dropped here is never numbered.
    seq: u64,
    waiting: VecDeque<Batch>,
    bytes: usize,
}

/// A frame without its head.
#[derive(Default)]
struct Batch {
    part: Option<Part>,
    /// Items, or pieces of one, in `body`.
    count: u32,
    /// Items that end here: all but those whose last piece is yet to come.
    ends: u32,
    body: Vec<u8>,
}

impl Lanes {
    pub fn new(node: u16, incarnation: Id) -> Self {
        Self {
            node,
            incarnation,
            lanes: BTreeMap::new(),
            served: To::All,
        }
    }

    /// Adds an item to what waits for `to`, behind all that was added before.
    pub fn add(&mut self, to: To, item: &[u8]) -> Result<(), Dropped> {
        if item.len() > ITEM_BYTES {
            return Err(Dropped::TooLarge);
        }
        let lane = self.lanes.entry(to).or_default();
        if lane.bytes + item.len() > LANE_BYTES {
            return Err(Dropped::Full);
        }
        match item.len() > PIECE_BYTES {
            true => lane.split(item),
            false => lane.join(item),
        }
        Ok(())
    }

    /// The next frame to send, with the number of items that end in it.
    pub fn next(&mut self) -> Option<(To, Vec<u8>, u32)> {
        let later = (Excluded(self.served), Unbounded);
        let waits = |(to, lane): (&To, &Lane)| (!lane.waiting.is_empty()).then_some(*to);
        let to = self.lanes.range(later).find_map(waits);
        let to = to.or_else(|| self.lanes.iter().find_map(waits))?;
        self.served = to;
        let lane = self.lanes.get_mut(&to)?;
        let batch = lane.waiting.pop_front()?;
        lane.bytes -= batch.body.len();
        lane.seq += 1;
        let head = Head {
            node: self.node,
            incarnation: self.incarnation,
            seq: lane.seq,
            part: batch.part,
        };
        let frame = Frame::encode(&head, batch.count, &batch.body);
        Some((to, frame, batch.ends))
    }

    /// Drops all that waits; answers how many items that were.
    pub fn clear(&mut self) -> u64 {
        let mut items = 0;
        for lane in self.lanes.values_mut() {
            items += lane
                .waiting
                .drain(..)
                .map(|batch| u64::from(batch.ends))
                .sum::<u64>();
            lane.bytes = 0;
        }
        items
    }
}

impl Lane {
    /// Puts an item to the last batch if it fits there, or into a new one.
    fn join(&mut self, item: &[u8]) {
        let fits =
            |batch: &Batch| batch.part.is_none() && batch.body.len() + item.len() <= TOGETHER_BYTES;
        if !self.waiting.back().is_some_and(fits) {
            self.waiting.push_back(Batch::default());
        }
        let batch = self.waiting.back_mut().expect("there is one now");
        self.bytes -= batch.body.len();
        put(item, &mut batch.body);
        batch.count += 1;
        batch.ends += 1;
        self.bytes += batch.body.len();
    }

    fn split(&mut self, item: &[u8]) {
        let pieces = item.chunks(PIECE_BYTES);
        let of = pieces.len() as u32;
        for (index, piece) in (0..).zip(pieces) {
            let mut body = Vec::with_capacity(piece.len() + 5);
            put(piece, &mut body);
            self.bytes += body.len();
            self.waiting.push_back(Batch {
                part: Some(Part { index, of }),
                count: 1,
                ends: u32::from(index + 1 == of),
                body,
            });
        }
    }
}
