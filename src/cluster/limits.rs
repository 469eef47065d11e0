//! Every bound of cluster membership, with its unit and reason. All times are milliseconds of the
//! boot-time clock of the node that counts them.

/// A lease without renewal: long enough for a lost answer and a pause of the store, short enough
/// that conversations are served elsewhere within 5 s.
pub const LEASE_TTL_MS: u64 = 3_000;
/// Taken off the owner's side and added to the observer's: clocks may run apart by twice this much
/// in one TTL.
pub const GUARD_MS: u64 = 200;
/// Between two renewals: two may fail before the lease is over.
pub const RENEW_MS: u64 = 1_000;
/// Between two looks at the leases of all: what it adds to the time until a death is noticed.
pub const LOOK_MS: u64 = 250;
/// Whoever was not seen for so long was not watched: what was seen of it before says nothing about
/// whether it renews. One look may fail, not two.
pub const BLIND_MS: u64 = 1_500;
/// A process whose beat did not change for so long is given no shards: two renewals are missing.
pub const FRESH_MS: u64 = 2_500;
/// Between two reads of the map where no hint comes.
pub const MAP_READ_MS: u64 = 1_000;
/// A hint leads to a read no sooner after the last one, whatever the bus says how often.
pub const HINT_PAUSE_MS: u64 = 200;

/// How often [`super::Member`] wants a tick.
pub const TICK_MS: u64 = 100;
/// An ask without an answer for so long counts as one of unknown outcome. A transaction takes some
/// 50 ms on three nodes; two asks and a pause must fit into a lease.
pub const ASK_MS: u64 = 1_000;
/// A read that was not answered for so long is asked of another server too. A CAS never is.
pub const SECOND_TRY_MS: u64 = 250;
/// Between two signs of life asked of a server on an idle connection; one silent for as long again is
/// given up, so that a server that hangs costs one renewal.
pub const PING_MS: u64 = 1_200;
/// Pause after an ask of unknown outcome.
pub const AGAIN_MS: u64 = 100;

/// Each living process of a lower number lets an observer wait so much longer before it declares a
/// death, so that one does it instead of all at once.
pub const STAGGER_MS: u64 = 250;
/// More waits than this would cost the promise of 5 s.
pub const STAGGER_WAITS_MAX: u64 = 4;
/// Whoever declared a death moves the shards at once; others only when that took so long.
pub const HEIR_MS: u64 = 500;

/// A planned round of moves is at most one in so many of all shards.
pub const ROUND_SHARE: usize = 10;
/// Between a change of the map and the next planned round: the new owners wake their actors.
pub const ROUND_MS: u64 = 1_000;
/// A drain that took so long ends at once: what is left moves like the shards of a dead process. A
/// planned stop has 30 s.
pub const DRAIN_MS: u64 = 20_000;
/// Giving the lease back is tried for so long; after that the others see it end.
pub const LEAVE_MS: u64 = 3_000;

const _: () = assert!(2 * GUARD_MS < LEASE_TTL_MS);
const _: () = assert!(RENEW_MS + ASK_MS + AGAIN_MS < LEASE_TTL_MS - GUARD_MS);
const _: () = assert!(BLIND_MS > ASK_MS + LOOK_MS && BLIND_MS < LEASE_TTL_MS);
const _: () = assert!(FRESH_MS > RENEW_MS + LOOK_MS && FRESH_MS < LEASE_TTL_MS);
const _: () = assert!(DRAIN_MS + LEAVE_MS < 30_000);
