//! Bounds of the terminal client, with unit and reason.

/// Milliseconds between two `typing` frames; the protocol's own bound.
pub const TYPING_SEND_MS: u64 = 3_000;
/// Milliseconds a received `typing` is shown.
pub const TYPING_SHOW_MS: u64 = 5_000;
/// Milliseconds after which a reconnected client stops waiting for its events and sends what is left.
pub const CATCH_UP_MS: u64 = 10_000;
/// Milliseconds without an answer to `ping` after which the connection is dead.
pub const PONG_MS: u64 = 10_000;
/// Milliseconds a connection must live before the next delay begins at the first step again.
pub const STEADY_MS: u64 = 60_000;
/// Tickets refused in a row before the client stops.
pub const TICKETS_REFUSED: u32 = 3;
/// Lines kept until they are acknowledged; above it the person is asked to wait.
pub const KEPT_FRAMES: usize = 256;
/// Events one `/history` shows.
pub const HISTORY_EVENTS: u32 = 30;
/// Conversations in the live table: with queues and agents it fits a terminal of 24 rows.
pub const BOARD_ROWS: usize = 8;
/// Agents in the live table.
pub const AGENT_ROWS: usize = 6;
/// Lines that wait for the network task; a pipe that is faster waits.
pub const INPUT_LINES: usize = 64;
/// Bytes of an HTTP answer; tickets and log-ins are far smaller.
pub const ANSWER_BYTES: usize = 64 * 1024;
/// Milliseconds for an HTTP answer or a WebSocket handshake.
pub const CONNECT_MS: u64 = 10_000;
/// Bytes of one typed line; the protocol's text takes 16 KiB.
pub const LINE_BYTES: usize = 16 * 1024;
/// Lines the up key brings back.
pub const RECALLED_LINES: usize = 50;
/// Milliseconds of silence after which a client whose input is over ends: answers are still shown.
pub const LINGER_MS: u64 = 3_000;
