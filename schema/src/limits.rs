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
/// Commands of one connection that wait for their answer; `welcome` says what holds.
pub const UNACKED_MAX: u32 = 32;
/// Milliseconds of silence after which the server pings, as clients assume it before `welcome`.
pub const HEARTBEAT_MS: u32 = 30_000;
/// Milliseconds of the first reconnect delay's upper bound, doubled each time up to the last.
pub const RECONNECT_FIRST_MS: u32 = 500;
pub const RECONNECT_LAST_MS: u32 = 30_000;

const _: () = assert!(FRAME_BYTES <= SERVER_FRAME_BYTES);
const _: () = assert!(HISTORY_DEFAULT <= HISTORY_MAX);
