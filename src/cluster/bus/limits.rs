//! Bounds of the bus, with unit and reason.

use std::time::Duration;

use crest_schema::node::{FRAME_BYTES, ITEM_BYTES};

/// Bytes of items put together into one frame: enough to make a frame's own cost vanish, little
/// enough that the first item does not wait for the last.
pub const TOGETHER_BYTES: usize = 64 * 1024;
/// Bytes of a piece of an item that is too large for one frame.
pub const PIECE_BYTES: usize = 512 * 1024;
/// Bytes waiting for one node; more is dropped and repeated by its senders. A second of 16 MB/s.
pub const LANE_BYTES: usize = 16 * 1024 * 1024;
/// Frames handed to the NATS client and not yet written to its socket.
pub const WRITING_FRAMES: usize = 16;
/// Received frames not yet read; what finds no room is lost, and seen as a hole.
pub const READING_FRAMES: usize = 4 * 1024;
/// Nodes whose numbering is remembered: each owns at least one of 256 shards. The one silent
/// longest gives way.
pub const SENDERS: usize = 256;

/// An unanswered ping for twice so long ends a connection: a server that is gone without a word is
/// noticed well before a customer is moved.
pub const PING: Duration = Duration::from_secs(1);
/// A question to another node is answered within this, or not at all.
pub const CALL: Duration = Duration::from_secs(1);
/// Questions of this node that wait for an answer; further ones wait for their turn.
pub const CALLS: usize = 1_024;
/// Questions of other nodes that are being answered: a slow store must not keep tickets waiting.
pub const ANSWERS: usize = 16_384;
/// To connect, TLS included.
pub const CONNECT: Duration = Duration::from_secs(2);
/// Between attempts to connect: the first pause, doubled up to the last.
pub const RETRY_FIRST: Duration = Duration::from_millis(50);
pub const RETRY_LAST: Duration = Duration::from_secs(1);
/// A planned stop waits so long for the last frames to be written.
pub const FAREWELL: Duration = Duration::from_millis(500);

const _: () = assert!(TOGETHER_BYTES <= PIECE_BYTES);
const _: () = assert!(
    PIECE_BYTES + 128 <= FRAME_BYTES,
    "a piece and its head are a frame"
);
const _: () = assert!(FRAME_BYTES < 1024 * 1024, "what NATS takes by default");
const _: () = assert!(ITEM_BYTES <= LANE_BYTES);
