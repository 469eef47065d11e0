//! Bounds of the wire, with unit and reason. Bounds of the domain (text, names) are the domain's.

/// Bytes of a frame from a client: the longest text with its envelope fits four times.
pub const FRAME_BYTES: usize = 64 * 1024;
/// Bytes of a frame from the server: an offer carries attributes and the newest messages, a page
/// many events.
pub const SERVER_FRAME_BYTES: usize = 256 * 1024;
/// Arrays and maps inside each other, the envelope included. Our deepest frame has 10; recursive
/// decoders abort the process somewhere beyond 1,000.
pub const DEPTH: usize = 32;
/// Events of one history page: a screenful many times over, within a frame if they are short.
pub const HISTORY_MAX: u32 = 200;
/// Events of a page where no limit is asked for.
pub const HISTORY_DEFAULT: u32 = 50;
/// Conversations resumed by one `hello`: an agent's at full capacity with room.
pub const RESUME_MAX: usize = 64;
/// Rows of one `board` frame: the longest names still fit [`SERVER_FRAME_BYTES`].
pub const BOARD_ROWS: usize = 200;

const _: () = assert!(FRAME_BYTES <= SERVER_FRAME_BYTES);
const _: () = assert!(HISTORY_DEFAULT <= HISTORY_MAX);
