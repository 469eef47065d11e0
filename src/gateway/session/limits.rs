//! Bounds of session logic, each with unit and reason.

use std::time::Duration;

/// Commands of one session without an answer; beyond it the socket is not read.
pub const UNACKED_MAX: usize = crest_schema::limits::UNACKED_MAX as usize;
/// A live link says where it stands after so much silence: heals a lost last event and a restarted owner.
pub const BEAT_MS: u64 = 20_000;
/// An attachment or route that is not answered is asked for again.
pub const ASK_AGAIN_MS: u64 = 1_500;
/// A customer's connection without an open conversation looks after so long whether another connection
/// has opened one, then after twice as long, up to [`LOOK_MAX_MS`].
pub const LOOK_MS: u64 = 5_000;
pub const LOOK_MAX_MS: u64 = 60_000;
/// What was looked up so recently is not looked up again before a command is refused.
pub const LOOKED_MS: u64 = 1_000;
/// A command that is not answered is sent again; the owner knows it by its number and id.
pub const RESEND_AFTER_MS: u64 = 2_000;
/// Conversations one staff session is attached to: supervisors watch 500.
pub const LINKS_MAX: usize = 1_000;
/// Events read from the store at once while catching up.
pub const CATCH_UP_PAGE: u32 = 200;
/// A connection that has not said hello by then is closed.
pub const HELLO_MS: u64 = 10_000;
/// A board subscription is repeated, which also says which version is held.
pub const BOARD_BEAT_MS: u64 = 15_000;

const _: () = assert!(UNACKED_MAX <= crest_actors::limits::COMMAND_WINDOW as usize);
/// How often sessions that are due are looked at.
pub const BEAT_TICK_MS: u64 = 50;
/// Bytes of the reason in a Close frame (RFC 6455 §5.5: 125 with the code).
pub const REASON_BYTES: usize = 123;
/// How far behind its owner a supervisor's link is brought up event by event: five pages. Beyond it
/// the supervisor is told of a gap, and wants to see now what is said now.
pub const WATCH_BEHIND_MAX: u64 = 1_000;
/// A presence command whose answer is lost is given up after so long; the client sends it again.
pub const PRESENCE_ANSWER_MS: u64 = 5_000;
/// Clients of a stopping node are told to return spread over so long.
pub const RETURN_SPREAD_MS: u32 = 5_000;
/// Answers, offers and the like held back for a client that does not read; then it is closed.
pub const HELD_FRAMES_MAX: usize = 256;
/// How often it is looked up whether connected staff may still be here.
pub const STANDING_CHECK_MS: u64 = 5_000;
/// Idle sessions that follow their moved actors at once, and the pause before the next lot: 2,000 a
/// second on each arbiter.
pub const MOVED_LOT: usize = 20;
pub const MOVED_PAUSE: Duration = Duration::from_millis(10);
