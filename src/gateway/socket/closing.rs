//! How a connection ends: the numbers of Close frames and what the logic is told.

use bytes::Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::frame::Breach;
use super::limits::REASON_BYTES;

/// Numbers of Close frames this layer sends by itself. 4000–4499 say "come back", 1002, 1003, 1007
/// and 1009 say that the client is broken.
pub mod codes {
    /// Stands for a Close frame without a number; never sent (RFC 6455 §7.4.1).
    pub const NONE: u16 = 1005;
    pub const PROTOCOL: u16 = 1002;
    /// A text frame: this protocol has binary ones only.
    pub const UNSUPPORTED: u16 = 1003;
    /// The reason in a Close frame is not UTF-8.
    pub const NOT_UTF8: u16 = 1007;
    pub const TOO_LARGE: u16 = 1009;
    /// The outbox was full and did not drain.
    pub const SLOW_CONSUMER: u16 = 4001;
    /// Nothing was heard for two ping intervals.
    pub const HEARTBEAT_MISSED: u16 = 4002;
    /// This thread holds too many unfinished messages.
    pub const OVERLOADED: u16 = 4003;
    /// The logic panicked on this connection; nobody else's is harmed.
    pub const INTERNAL: u16 = 4004;
    /// The rate was exceeded again and again.
    pub const RATE_LIMITED: u16 = 4006;
}

/// Why a session is over. Told exactly once for each session that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The client sent a Close with this number; 1005 where it had none.
    ByPeer(u16),
    /// We sent a Close with this number, asked for by the logic or by a bound of this layer.
    ByUs(u16),
    /// The connection ended without a Close: reset, end of stream, or a write that failed.
    Lost,
}

/// Payload of a Close frame; a reason that is too long is cut at a character.
pub(super) fn farewell(code: u16, reason: &str) -> Bytes {
    let mut end = reason.len().min(REASON_BYTES);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    [&code.to_be_bytes()[..], &reason.as_bytes()[..end]]
        .concat()
        .into()
}

/// Reads a client's Close frame: its number, `None` where it has none (RFC 6455 §5.5.1, §7.4).
pub(super) fn parse(payload: &[u8]) -> Result<Option<u16>, Breach> {
    let (code, reason) = match *payload {
        [] => return Ok(None),
        [_] => return Err(Breach::protocol("close code cut short")),
        [high, low, ref reason @ ..] => (u16::from_be_bytes([high, low]), reason),
    };
    if std::str::from_utf8(reason).is_err() {
        return Err(Breach {
            code: codes::NOT_UTF8,
            reason: "reason is not UTF-8",
        });
    }
    if !CloseCode::from(code).is_allowed() {
        return Err(Breach::protocol("close code not allowed"));
    }
    Ok(Some(code))
}
