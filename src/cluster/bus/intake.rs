//! What arrives: frames in, traffic and a count of what is missing out.

use std::collections::HashMap;

use crest_actors::effect::Traffic;
use crest_schema::frame::Id;
use crest_schema::node::{Frame, Head, ITEM_BYTES, Part, Unreadable};

use super::limits::SENDERS;
use crate::translate::node::add_item;

/// Whether a frame came to this node alone or to all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    Direct,
    ToAll,
}

/// What a frame brought.
#[derive(Debug, Default, PartialEq)]
pub struct Arrived {
    pub from: u16,
    pub traffic: Traffic,
    /// Frames of that sender that should have come before this one and did not.
    pub lost: u64,
    /// Items passed over: a newer node's, or damaged.
    pub unread: u32,
}

/// The frame was not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error("another process says that it is node {0} too: give each node its own cluster.node")]
    Twin(u16),
}

/// What is known of every sender.
pub struct Intake {
    node: u16,
    incarnation: Id,
    senders: HashMap<(u16, Way), Sender>,
    /// Counts frames; tells who was silent longest.
    clock: u64,
}

struct Sender {
    incarnation: Id,
    seq: u64,
    heard: u64,
    pieces: Option<Pieces>,
}

/// An item of which some pieces are here.
struct Pieces {
    next: u32,
    bytes: Vec<u8>,
}

impl Intake {
    pub fn new(node: u16, incarnation: Id) -> Self {
        Self {
            node,
            incarnation,
            senders: HashMap::new(),
            clock: 0,
        }
    }

    /// Takes a frame in. A repeated or late one brings what it holds and counts for nothing.
    pub fn take(&mut self, bytes: &[u8], way: Way) -> Result<Arrived, Refused> {
        let Frame { head, items } = Frame::decode(bytes)?;
        if head.node == self.node {
            return match head.incarnation == self.incarnation {
                true => Ok(Arrived::default()), // our own words to all
                false => Err(Refused::Twin(head.node)),
            };
        }
        let (sender, lost) = self.sender(&head, way);
        let mut arrived = Arrived {
            from: head.node,
            lost,
            ..Arrived::default()
        };
        let joined;
        let items = match head.part {
            None => {
                sender.pieces = None;
                items
            }
            Some(part) => match sender.join(part, items[0]) {
                Some(item) => {
                    joined = item;
                    vec![joined.as_slice()]
                }
                None => Vec::new(),
            },
        };
        for item in items {
            if let Err(why) = add_item(item, &mut arrived.traffic) {
                arrived.unread += 1;
                tracing::warn!(from = head.node, %why, "an item from another node is passed over");
            }
        }
        Ok(arrived)
    }

    /// Who sent this, and how many frames are missing before it.
    fn sender(&mut self, head: &Head, way: Way) -> (&mut Sender, u64) {
        self.clock += 1;
        let key = (head.node, way);
        if !self.senders.contains_key(&key) && self.senders.len() >= 2 * SENDERS {
            let silent = self.senders.iter().min_by_key(|(_, sender)| sender.heard);
            if let Some(silent) = silent.map(|(key, _)| *key) {
                self.senders.remove(&silent);
            }
        }
        let before = Sender {
            incarnation: head.incarnation,
            seq: head.seq.saturating_sub(1),
            heard: 0,
            pieces: None,
        };
        let sender = self.senders.entry(key).or_insert(before);
        if sender.incarnation != head.incarnation {
            // Another life: what its first frames were is not known, so none is missing.
            sender.incarnation = head.incarnation;
            sender.seq = head.seq.saturating_sub(1);
            sender.pieces = None;
        }
        sender.heard = self.clock;
        let lost = head.seq.saturating_sub(sender.seq).saturating_sub(1);
        if lost > 0 || head.seq <= sender.seq {
            sender.pieces = None;
        }
        sender.seq = sender.seq.max(head.seq);
        (sender, lost)
    }
}

impl Sender {
    /// Adds a piece; the item once it is whole.
    fn join(&mut self, part: Part, piece: &[u8]) -> Option<Vec<u8>> {
        let mut pieces = match part.index {
            0 => Pieces {
                next: 0,
                bytes: Vec::new(),
            },
            _ => self.pieces.take()?,
        };
        if pieces.next != part.index || pieces.bytes.len() + piece.len() > ITEM_BYTES {
            self.pieces = None;
            return None;
        }
        pieces.bytes.extend_from_slice(piece);
        pieces.next += 1;
        if pieces.next == part.of {
            self.pieces = None;
            return Some(pieces.bytes);
        }
        self.pieces = Some(pieces);
        None
    }
}
