//! Every bound of the domain, with its unit and reason. Relations are checked when it compiles.

/// Bytes of a name that came from outside: longest customer ids of the platforms we know are 64.
pub const NAME_MAX_BYTES: usize = 128;
/// Bytes of a message's text: a frame is 64 KiB and must carry its envelope too.
pub const TEXT_MAX_BYTES: usize = 16 * 1024;
/// Bytes of a URL, title or file name in a message.
pub const FIELD_MAX_BYTES: usize = 2 * 1024;
/// Quick replies of one message.
pub const CHOICES_MAX: usize = 13;
/// Bytes of a CSAT comment or transfer note.
pub const COMMENT_MAX_BYTES: usize = 2 * 1024;
/// Pairs of attributes of a customer, each within FIELD_MAX_BYTES.
pub const ATTRIBUTES_MAX: usize = 32;

/// Events an active conversation keeps in memory for attaching sessions; older ones are read from the store.
pub const TAIL_EVENTS: usize = 64;
/// Messages shown with an offer.
pub const OFFER_MESSAGES: usize = 20;
/// Sessions attached to one conversation: tabs of the customer, the agent, supervisors.
pub const ATTACHED_MAX: usize = 64;
/// Commands of one link that may be ahead of a missing one before it is asked for again.
pub const COMMAND_WINDOW: u32 = 32;
/// Customers excluded agents remembered for one wait.
pub const EXCLUDED_MAX: usize = 16;

/// Notes waiting for one actor; full means its senders wait (sessions stop reading).
pub const LANE_NOTES: usize = 1_024;
/// Notes handled before an actor yields its arbiter.
pub const TURNS_A_YIELD: usize = 16;

/// An agent's session says it is there; two missed make it unreachable.
pub const AGENT_BEAT_MS: u64 = 5_000;
pub const AGENT_BEATS_MISSED: u64 = 2;
/// Unanswered reservations are repeated (rule 3); confirmed ones at the slow beat.
pub const RESERVED_REPEAT_MS: u64 = 1_000;
pub const RESERVED_SLOW_MS: u64 = 30_000;
/// A waiting conversation announces itself (rule 7): until listed, then slowly.
pub const ANNOUNCE_REPEAT_MS: u64 = 1_000;
pub const ANNOUNCE_SLOW_MS: u64 = 5_000;
/// An entry not announced for so long is asked whether it still waits: its withdrawal may be lost.
pub const ANNOUNCE_MISSED_MS: u64 = 3 * ANNOUNCE_SLOW_MS;
/// An agent announces its availability to its groups while it has free capacity.
pub const AVAILABILITY_BEAT_MS: u64 = 5_000;
/// A queue that has just started neither picks nor publishes for so long (rule 7).
pub const QUEUE_WARM_UP_MS: u64 = 2_000;
/// A pick that was not answered is made again.
pub const PICK_TIMEOUT_MS: u64 = 2_000;
/// Availability an agent has not repeated for so long is not believed any more.
pub const AVAILABILITY_STALE_MS: u64 = 3 * AVAILABILITY_BEAT_MS;
/// A queue publishes places and statistics at most so often.
pub const QUEUE_TICK_MS: u64 = 1_000;
/// Places looked at in each tick from the head on: nobody near being served sees an old one.
pub const PLACES_HEAD: usize = 1_000;
/// Places looked at in each tick of those behind, going round: with n of them, each once in n/1,000 s.
pub const PLACES_ROUND: usize = 1_000;
/// A place heard by nobody (lost, or the conversation restarted) is repeated with an announcement, so rarely.
pub const PLACE_REPEAT_MS: u64 = 30_000;
/// Withdrawals remembered, and for how long, against announcements that come after them.
pub const WITHDRAWN_KEPT: usize = 65_536;
pub const WITHDRAWN_KEPT_MS: u64 = 60_000;
/// Requirements (skills and weight) a queue keeps an index for though nothing waits with them.
pub const LANES_KEPT: usize = 64;
/// A policy is repeated to its queue so often while the queue lives.
pub const POLICY_REPEAT_MS: u64 = 30_000;

/// A board's subscribers get at most one change in so long.
pub const BOARD_TICK_MS: u64 = 200;
/// Rows of one view: a frame is 64 KiB and a row up to 128 bytes of names several times.
pub const BOARD_VIEW_ROWS: usize = 100;
/// Views of a snapshot sent to one subscriber in a tick.
pub const BOARD_VIEWS_A_TICK: usize = 16;
/// Versions a board can still make a difference from, and the changes in all of them together.
pub const BOARD_VERSIONS_KEPT: usize = 256;
pub const BOARD_CHANGES_KEPT: usize = 65_536;
/// Changes after which a board that nobody watches makes a version of them.
pub const BOARD_UNWATCHED_CHANGES: usize = 1_024;
/// Conversations on one board; more of one tenant at once are counted by its queues only.
pub const BOARD_ROWS_MAX: usize = 100_000;
/// A subscriber that did not repeat its watch for so long is dropped.
pub const BOARD_WATCH_MS: u64 = 60_000;
/// Subscribers of one board; the next one is not registered and asks again with its beat.
pub const BOARD_SUBSCRIBERS_MAX: usize = 256;

/// Misses in a row that set an agent `NotReady`.
pub const MISSES_MAX: u32 = 3;
/// Sessions of one agent: a few tabs and devices; the one silent longest gives way.
pub const AGENT_SESSIONS_MAX: usize = 16;
/// Reservations one agent may hold, forced ones included; more are refused.
pub const LEDGER_MAX: usize = 256;
/// Channels of one customer with a pointer; in a further one nothing is opened.
pub const POINTERS_MAX: usize = 64;
/// Events of a ledger or pointer log after which a base is written.
pub const BASE_EVERY: u64 = 256;
/// An actor without sessions and deadlines nearby leaves memory after so long.
pub const PASSIVATE_AFTER_MS: u64 = 120_000;
/// A conversation that its bot serves, or that is closed, rests out of memory after so long although
/// sessions listen: reading a short log again costs less than the bot's answer to what disturbs it.
pub const REST_AFTER_MS: u64 = 5_000;
/// Events of a log that is read again so readily.
pub const REST_EVENTS_MAX: u64 = 64;
/// A customer's actor is needed when a session enters and when a conversation ends, hardly ever
/// between: it stays for the question that follows a connection, no longer.
pub const CUSTOMER_LINGER_MS: u64 = 5_000;
/// After a burst the newest seq is repeated once.
pub const TAIL_REPEAT_MS: u64 = 250;

/// Restarts of one actor within the window before its guardian escalates.
pub const RESTARTS_MAX: u32 = 5;
pub const RESTARTS_WINDOW_MS: u64 = 10_000;

const _: () = assert!(OFFER_MESSAGES <= TAIL_EVENTS);
const _: () = assert!(TEXT_MAX_BYTES * 3 < 64 * 1024);
const _: () = assert!(ANNOUNCE_REPEAT_MS < QUEUE_WARM_UP_MS);
const _: () = assert!(
    ANNOUNCE_SLOW_MS < 10_000,
    "G6: back in the queue within 10 s"
);
const _: () = assert!(RESERVED_REPEAT_MS < PICK_TIMEOUT_MS);
const _: () = assert!(AVAILABILITY_BEAT_MS < AVAILABILITY_STALE_MS);

/// An entity that keeps dying answers "unavailable" for so long, then is tried again.
pub const PUT_ASIDE_MS: u64 = 5_000;
/// Different entities of a shard put aside within the window before the shard is restarted.
pub const SHARD_PUT_ASIDE_MAX: usize = 8;
/// Restarts of a whole region within the window before the process ends.
pub const REGION_RESTARTS_MAX: usize = 3;
/// Parcels from other threads waiting for one arbiter; full means notes are dropped, and repeated by their senders.
pub const INBOX_PARCELS: usize = 65_536;
/// Notes of one arbiter that wait for a shard's new owner; a customer's command among them is a few
/// hundred bytes. What finds no room is refused at once.
pub const HELD_NOTES: usize = 16_384;
/// How long they wait: as long as a takeover usually lasts. Then they are refused.
pub const HELD_NOTES_MS: u64 = 5_000;
/// A note that came back from a node which does not own its shard waits so long for news of another
/// owner; then it is tried where it was, which may have become the owner meanwhile.
pub const STRAY_MS: u64 = 300;
/// How often what waits is looked at where nothing else suggests it.
pub const HELD_BEAT_MS: u64 = 100;
/// Conversations woken at once after a start, the pause after which the next lot may follow, and the
/// longest that a lot which is still being read holds up the next.
pub const WAKE_LOT: usize = 100;
pub const WAKE_PAUSE_MS: u64 = 2;
pub const WAKE_LOT_MS: u64 = 1_000;
