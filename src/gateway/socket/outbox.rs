//! What waits to be written to one connection, bounded in bytes and frames. Pure.

use std::collections::VecDeque;

use bytes::Bytes;

use super::frame::{Lead, wire_len, write};
use super::limits::POOLED_FRAMES;

/// How dear a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Part of what was promised: its loss would be a gap.
    Must,
    /// Typing, presence, read marks: the first to go when the outbox is full.
    MayDrop,
}

/// What became of a frame given to [`Gate::send`](super::Gate::send).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Sent {
    /// It is written at the end of this tick, or as soon as the peer reads.
    Queued,
    /// A [`Kind::MayDrop`] frame found no room. Nothing else follows from it.
    Dropped,
    /// The outbox was full: this frame and all that follow are refused until
    /// [`Handler::drained`](super::Handler::drained). The logic then says where the gap is.
    Gap,
    /// There is no such session any more.
    Gone,
}

/// A frame whose header is written when it is flushed.
#[derive(Debug)]
struct Waiting {
    lead: Lead,
    kind: Kind,
    payload: Bytes,
}

/// Frames in the order they will be written.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    frames: VecDeque<Waiting>,
    /// Wire bytes of all frames, what is already written of the first included.
    bytes: usize,
    /// Wire bytes of the first frame that are written.
    written: usize,
}

/// Bounds of an outbox.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub bytes: usize,
    pub frames: usize,
}

impl Outbox {
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Bytes not yet written.
    pub fn bytes(&self) -> usize {
        self.bytes - self.written
    }

    /// Queues a frame unless there is no room. A [`Kind::Must`] frame first pushes out those that
    /// may be dropped; says how many went.
    pub fn offer(&mut self, lead: Lead, kind: Kind, payload: Bytes, room: Room) -> (bool, u64) {
        let mut dropped = 0;
        let mut fits = self.has_room(payload.len(), room);
        if !fits && kind == Kind::Must {
            dropped = self.shed();
            fits = self.has_room(payload.len(), room);
        }
        if fits {
            self.push(lead, kind, payload);
        }
        (fits, dropped)
    }

    /// Queues a frame whatever the bounds: one goodbye for each connection.
    pub fn push(&mut self, lead: Lead, kind: Kind, payload: Bytes) {
        self.bytes += wire_len(payload.len());
        self.frames.push_back(Waiting {
            lead,
            kind,
            payload,
        });
    }

    /// Appends what should be written next: at least one frame, and no further one after `enough` bytes.
    pub fn fill(&self, enough: usize, out: &mut Vec<u8>) {
        let start = out.len();
        for frame in &self.frames {
            write(frame.lead, &frame.payload, out);
            if out.len() - start >= enough + self.written {
                break;
            }
        }
        if self.written > 0 {
            out.drain(start..start + self.written);
        }
    }

    /// Forgets `bytes` that were written.
    pub fn wrote(&mut self, bytes: usize) {
        self.written += bytes;
        while let Some(first) = self.frames.front() {
            let len = wire_len(first.payload.len());
            if self.written < len {
                break;
            }
            self.written -= len;
            self.bytes -= len;
            self.frames.pop_front();
        }
    }

    /// Throws out every frame that is not partly written: a peer that reads too slowly must still
    /// get to the Close frame.
    pub fn abandon(&mut self) {
        self.frames.truncate(usize::from(self.written > 0));
        self.bytes = self
            .frames
            .iter()
            .map(|frame| wire_len(frame.payload.len()))
            .sum();
    }

    /// Ready for another connection.
    pub fn clear(&mut self) {
        self.frames.clear();
        self.frames.shrink_to(POOLED_FRAMES);
        self.bytes = 0;
        self.written = 0;
    }

    fn has_room(&self, payload: usize, room: Room) -> bool {
        self.frames.is_empty()
            || (self.bytes + wire_len(payload) <= room.bytes && self.frames.len() < room.frames)
    }

    /// Throws out what may be dropped, except a frame that is partly written.
    fn shed(&mut self) -> u64 {
        let before = self.frames.len();
        let mut keep_first = self.written > 0;
        let mut bytes = 0;
        self.frames.retain(|frame| {
            let keep = std::mem::take(&mut keep_first) || frame.kind == Kind::Must;
            if keep {
                bytes += wire_len(frame.payload.len());
            }
            keep
        });
        self.bytes = bytes;
        (before - self.frames.len()) as u64
    }
}
