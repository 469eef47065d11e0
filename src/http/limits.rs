//! Bounds of the HTTP interface that no installation needs to change.

/// Items of a page where the caller says nothing.
pub const PAGE_DEFAULT: usize = 50;
/// Items of a page at most.
pub const PAGE_MAX: usize = crate::desk::limits::PAGE_MAX;
/// Bytes of an idempotency key: a UUID and more.
pub const IDEMPOTENCY_KEY_MAX_BYTES: usize = 128;
/// Bytes of an answer kept for its idempotency key: more than any POST answers.
pub const KEPT_ANSWER_MAX_BYTES: usize = 1024 * 1024;
/// Bytes of a path and query kept in the audit log.
pub const SUBJECT_MAX_BYTES: usize = 1024;
/// Seconds for which a browser keeps what it was told about an origin.
pub const PREFLIGHT_MAX_AGE_S: u32 = 600;
/// Bytes of a cursor; longer ones are none of ours.
pub const CURSOR_MAX_BYTES: usize = 256;
