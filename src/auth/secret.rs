//! Secrets that are handed out once and kept as digests.

use std::fmt::Write as _;

use crate::desk::Digest;

/// 256 random bits as text: a prefix that tells leaked ones apart, then 64 hexadecimal digits.
pub(super) fn mint(prefix: &str) -> String {
    format!("{prefix}{}", hex(&rand::random::<Digest>()))
}

/// What is kept of a secret. 256 random bits need no salt and no slow hash.
pub(super) fn digest(secret: &str) -> Digest {
    blake3::hash(secret.as_bytes()).into()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
