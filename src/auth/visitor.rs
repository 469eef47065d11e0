//! Anonymous visitors: an id of ours, signed, so that the same visitor returns and nobody else as it.

use crest_actors::ids::{CustomerId, Millis, TenantId};

use super::secret::{digest, hex};
use crate::desk::Digest;

/// Ids of visitors begin with this; a shop's token may not claim one.
pub(super) const PREFIX: &str = "visitor:";
const VERSION: &str = "cv1";

/// Signs and reads visitor tokens.
pub(super) struct Visitors {
    key: Digest,
    life_ms: u64,
}

impl Visitors {
    /// `configured` wins over the key kept in the store.
    pub(super) fn new(configured: Option<&str>, kept: Digest, days: u32) -> Self {
        Self {
            key: configured.map_or(kept, digest),
            life_ms: u64::from(days) * 24 * 60 * 60_000,
        }
    }

    /// The visitor of this token, or a new one where it is absent, forged, of another tenant or too
    /// old. Also a fresh token for the same visitor.
    pub(super) fn welcome(
        &self,
        tenant: &TenantId,
        token: Option<&str>,
        now: Millis,
    ) -> (CustomerId, String) {
        let name = token
            .and_then(|token| self.read(tenant, token, now))
            .unwrap_or_else(|| hex(&rand::random::<[u8; 16]>()));
        let token = self.sign(tenant, &name, now);
        (CustomerId::new(format!("{PREFIX}{name}")), token)
    }

    fn sign(&self, tenant: &TenantId, name: &str, issued: Millis) -> String {
        let mac = hex(self.mac(tenant, name, issued).as_bytes());
        format!("{VERSION}.{name}.{}.{mac}", issued.0)
    }

    fn read(&self, tenant: &TenantId, token: &str, now: Millis) -> Option<String> {
        let mut parts = token.splitn(4, '.');
        let (version, name, issued, mac) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let issued = Millis(issued.parse().ok()?);
        // blake3 compares hashes in constant time.
        let genuine = blake3::Hash::from_hex(mac).ok()? == self.mac(tenant, name, issued);
        let fresh = now.since(issued) < self.life_ms;
        (version == VERSION && genuine && fresh).then(|| name.to_owned())
    }

    fn mac(&self, tenant: &TenantId, name: &str, issued: Millis) -> blake3::Hash {
        let signed = format!("{VERSION}\0{tenant}\0{name}\0{}", issued.0);
        blake3::keyed_hash(&self.key, signed.as_bytes())
    }
}
