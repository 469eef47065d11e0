//! Bounds of the wire, with unit and reason. Bounds of the domain (text, names) are the domain's.

/// Bytes of a frame from a client: the longest text with its envelope fits four times.
pub const FRAME_BYTES: usize = 64 * 1024;
/// Bytes of a frame from the server: an offer carries attributes and the newest messages, a page
/// many events.
pub const SERVER_FRAME_BYTES: usize = 256 * 1024;
/// Arrays and maps inside each other, the envelope included. Our deepest frame has 8; recursive
/// decoders abort the process somewhere beyond 1,000.
pub const DEPTH: usize = 32;
/// Events of one history page; also what a page holds where no limit is asked for is
/// [`HISTORY_DEFAULT`].
pub const HISTORY_MAX: u32 = 200;
pub const HISTORY_DEFAULT: u32 = 50;
/// Conversations resumed by one `hello`: an agent's at full capacity with room.
pub const RESUME_MAX: usize = 64;
/// Commands of one connection that wait for their answer.
pub const UNACKED_MAX: u32 = 32;
/// Rows of one `board` frame: the longest names still fit [`SERVER_FRAME_BYTES`].
pub const BOARD_ROWS: usize = 200;
/// Milliseconds from the upgrade to `hello`.
pub const HELLO_TIMEOUT_MS: u32 = 10_000;
/// Milliseconds of silence after which the server pings; after two without a byte it closes.
pub const HEARTBEAT_MS: u32 = 30_000;
/// Milliseconds of the first reconnect delay's upper bound, doubled each time up to the last.
pub const RECONNECT_FIRST_MS: u32 = 500;
pub const RECONNECT_LAST_MS: u32 = 30_000;

const _: () = assert!(FRAME_BYTES <= SERVER_FRAME_BYTES);
const _: () = assert!(HISTORY_DEFAULT <= HISTORY_MAX);
const _: () = assert!(RECONNECT_FIRST_MS < RECONNECT_LAST_MS);
