//! Every bound of the bot, with unit and reason.

/// Characters of a message that are read; the rest is ignored. Questions are
/// short (the median of real ones is under 20), and the work grows with length.
pub const MESSAGE_CHARS: usize = 400;

/// Articles a knowledge base may hold. Ranking is measured at 10,000.
pub const ARTICLES: usize = 50_000;

/// Aliases an article may have.
pub const ALIASES: usize = 400;

/// Characters of an alias, title or keyword.
pub const ALIAS_CHARS: usize = 200;

/// Characters of an answer in one language.
pub const ANSWER_CHARS: usize = 4_000;

/// Bytes of a key: short enough for a URL, a metric label and a log line.
pub const KEY_BYTES: usize = 64;

/// Articles that the first pass hands to the exact second pass.
pub const FINALISTS: usize = 24;

/// Articles offered when the bot asks back, at least and at most.
pub const CLARIFY_CANDIDATES: (usize, usize) = (2, 4);

/// Consecutive misses after which a person takes over.
pub const MISSES: u8 = 2;

/// Digits from which a number is an order, phone or parcel number and is masked.
pub const MASKED_DIGITS: usize = 5;

const _: () = assert!(CLARIFY_CANDIDATES.0 >= 2 && CLARIFY_CANDIDATES.0 <= CLARIFY_CANDIDATES.1);
const _: () = assert!(CLARIFY_CANDIDATES.1 <= FINALISTS);
