//! Bounds of the desk, each with its reason.

/// Jobs waiting for one of the desk's threads; a full lane is told as [`super::DeskFailure::Busy`].
pub const LANE_JOBS: usize = 4_096;
/// Bytes of an id that staff choose.
pub const ID_MAX_BYTES: usize = 64;
/// Bytes of a name or title.
pub const TITLE_MAX_BYTES: usize = 256;
/// Bytes of a canned reply: that of a message.
pub const REPLY_MAX_BYTES: usize = crest_actors::limits::TEXT_MAX_BYTES;
/// Bytes of an article's body as JSON.
pub const ARTICLE_MAX_BYTES: usize = 128 * 1024;
/// Groups, skills and reasons in one record.
pub const LIST_MAX: usize = 64;
/// Weighted conversations one person may hold at once; more is a typing error.
pub const CAPACITY_MAX: u32 = 1_000;
/// Longest time of a tenant's settings: 90 days; beyond it, days were meant and milliseconds written.
pub const DURATION_MAX_MS: u64 = 90 * 24 * 60 * 60_000;
/// The same for the one time in days.
pub const STICKY_DAYS_MAX: u32 = 90;
/// Tiers of a tenant: those a token may claim.
pub const TIERS_MAX: usize = crate::auth::limits::TIER_MAX as usize + 1;
/// Demonstration shops in one store: a node holds some 4 MB for the knowledge of each, and takes some
/// 70 ms of a processor to index it before it is ready.
pub const DEMO_TENANTS_MAX: u32 = 200;
/// How long an answer is kept for its idempotency key.
pub const IDEMPOTENCY_MS: u64 = 24 * 60 * 60_000;
/// A request whose node died is no longer waited for after this: longer than any request may take.
pub const CLAIM_STALE_MS: u64 = 5 * 60_000;
/// Rows removed with one write when old ones are cleared; keeps every write short.
pub const SWEEP_ROWS: u32 = 64;
/// Rows of one page.
pub const PAGE_MAX: usize = 200;

const _: () = assert!(CLAIM_STALE_MS < IDEMPOTENCY_MS);
