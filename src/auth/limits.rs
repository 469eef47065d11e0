//! Bounds of admission that no installation needs to change, each with its reason.

/// Bytes of a customer token: our claims with 32 attributes fit many times over.
pub const TOKEN_MAX_BYTES: usize = 16 * 1024;
/// Longest life of a customer token, in seconds: a stolen one is soon worthless.
pub const TOKEN_LIFE_S: u64 = 600;
/// How far a shop's clock may be off, in seconds.
pub const CLOCK_SKEW_S: u64 = 30;
/// Highest tier a token may claim.
pub const TIER_MAX: u8 = 9;
/// Bytes of a password: argon2id reads all of it, so a long one costs.
pub const PASSWORD_MAX_BYTES: usize = 256;
/// Bytes of a new password.
pub const PASSWORD_MIN_BYTES: usize = 10;
/// Accounts and addresses whose failures are remembered; above it the longest forgotten go.
pub const BACKOFF_ENTRIES: usize = 65_536;
/// Networks whose tickets for visitors are counted; above it those that asked for fewest go.
pub const ALLOWANCE_ADDRESSES: usize = 65_536;
/// A failure no longer counts after so long without another.
pub const BACKOFF_FORGET_MS: u64 = 30 * 60_000;
/// Told to whoever finds no room for a ticket or a password hash.
pub const BUSY_RETRY_MS: u64 = 2_000;
