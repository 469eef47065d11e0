//! Every bound of a connection, with its unit and reason.

use std::time::Duration;

/// Bytes of the read buffer shared by all connections of a thread: one frame of the largest size,
/// or several hundred small ones, in one system call.
pub const READ_BUFFER_BYTES: usize = 64 * 1024;
/// Reads of one connection before it gives the thread to others.
pub const READS_A_TURN: usize = 4;
/// Bytes of the buffer for writes that a thread keeps.
pub const WRITE_BUFFER_BYTES: usize = 128 * 1024;
/// Connections written before the flusher lets others run: 10 µs each, so about a millisecond.
pub const FLUSHES_A_TURN: usize = 128;
/// Empty outboxes kept for the next connection that has something to say, and the frames each keeps
/// room for.
pub const POOLED_OUTBOXES: usize = 1_024;
pub const POOLED_FRAMES: usize = 32;
/// One step of deadlines, pauses and liveness.
pub const TICK: Duration = Duration::from_millis(100);
/// Bytes of a control frame's payload (RFC 6455 §5.5).
pub const CONTROL_BYTES: usize = 125;
/// Bytes of the reason in a Close frame: the control frame less its code.
pub const REASON_BYTES: usize = CONTROL_BYTES - 2;
/// Bytes a peer that was told goodbye may say in one go; beyond it the connection is reset.
pub const LINGER_BYTES: usize = 1024 * 1024;

/// Connections waiting in the kernel for `accept`: a reconnect storm comes within one tick.
pub const LISTEN_BACKLOG: i32 = 4_096;
/// Connections beyond the limit that are told so at one time; those beyond are dropped unheard.
pub const REFUSALS: usize = 256;
/// Rest after `accept` failed for want of file descriptors or memory.
pub const ACCEPT_REST: Duration = Duration::from_millis(100);
/// Bytes of an HTTP request's head, upgrade included.
pub const HTTP_HEAD_BYTES: usize = 16 * 1024;

/// What configuration may change. Every field has its default in [`SocketLimits::default`].
#[derive(Clone, Debug)]
pub struct SocketLimits {
    /// Bytes of a message from a client, whole or in fragments. Beyond it: close 1009.
    pub message_bytes: usize,
    /// Bytes of unfinished frames and unread messages, over all connections of a thread. Beyond it
    /// the connection that asks for more is closed with 4003; an attacker needs as many
    /// connections as this has messages.
    pub unfinished_bytes: usize,
    /// Bytes queued for one connection. An empty outbox takes one frame of any size.
    pub outbox_bytes: usize,
    /// Frames queued for one connection, so that tiny frames cannot cost more than large ones.
    pub outbox_frames: usize,
    /// Bytes put together for one write, the frame that passes it whole. More than 64 KiB gains
    /// nothing: such a system call costs its copy.
    pub write_bytes: usize,
    /// How long a connection whose outbox was full may take to drain. Beyond it: close 4001.
    pub gap: Duration,
    /// Frames a second that a client may send, and how many at once after silence.
    pub frames_a_second: u32,
    pub frames_burst: u32,
    /// How often within one [`SocketLimits::ping_interval`] a client may run into its rate (each
    /// time it waits for half its burst). Beyond it: close 4006.
    pub rate_strikes: u8,
    /// Silence after which a ping is sent. Twice as long without a whole frame: close 4002. Who is
    /// looked at when depends on the slot, so pings spread evenly also after a storm.
    pub ping_interval: Duration,
    /// How long a goodbye may take: flushing what is queued, and the peer's own Close.
    pub linger: Duration,
    /// Connections accepted by one listener, HTTP and WebSocket together. Beyond it: 503.
    pub connections: usize,
    /// How long a request's head may take to arrive.
    pub head_timeout: Duration,
    /// How long HTTP requests may take to end once the listener is told to stop.
    pub shutdown: Duration,
    /// Seconds named in `Retry-After` of a 503.
    pub retry_after_s: u32,
}

impl Default for SocketLimits {
    fn default() -> Self {
        Self {
            message_bytes: 64 * 1024,
            unfinished_bytes: 64 * 1024 * 1024,
            outbox_bytes: 256 * 1024,
            outbox_frames: 1_024,
            write_bytes: 64 * 1024,
            gap: Duration::from_secs(10),
            frames_a_second: 20,
            frames_burst: 60,
            rate_strikes: 8,
            ping_interval: Duration::from_secs(30),
            linger: Duration::from_secs(2),
            connections: 100_000,
            head_timeout: Duration::from_secs(10),
            shutdown: Duration::from_secs(10),
            retry_after_s: 5,
        }
    }
}

impl SocketLimits {
    /// Whole ticks of a span, at least one.
    pub(super) fn ticks(span: Duration) -> u32 {
        let ticks = span.as_millis().div_ceil(TICK.as_millis());
        u32::try_from(ticks).unwrap_or(u32::MAX).max(1)
    }
}

const _: () = assert!(REASON_BYTES < CONTROL_BYTES);
const _: () = assert!(FLUSHES_A_TURN > 0 && READS_A_TURN > 0);
