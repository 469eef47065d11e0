//! The one cell of an event: flags, link in the chain of hashes, body.
//!
//! Layout: version 1, flags 1, chain hash 32, body, CRC-32 (little-endian) of all this and the place
//! it lies at: log, seq and token. A row in another's place is noticed.

use crest_actors::ids::Token;
use crest_actors::ports::LogId;

use crate::store::name::Name;
use crate::store::row::{Chain, RowHead};

const VERSION: u8 = 1;
const BASE: u8 = 1;
const MORE: u8 = 2;
const CHAIN_BYTES: usize = 32;
const FIXED_BYTES: usize = 2 + CHAIN_BYTES + 4;

/// An event as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub base: bool,
    /// The append it belongs to goes on with the next row. Without that one it does not count.
    pub more: bool,
    pub chain: Chain,
    pub body: Vec<u8>,
}

/// Where a row lies.
#[derive(Clone, Copy, Debug)]
pub struct Spot<'a> {
    pub log: &'a LogId,
    pub seq: u64,
    pub token: Token,
}

impl Spot<'_> {
    /// The link after `previous` for a body stored here.
    pub fn link(&self, previous: &Chain, base: bool, body: &[u8]) -> Chain {
        let head = RowHead {
            log_no: 0,
            seq: self.seq,
            token: self.token,
            base,
        };
        crate::store::row::link(previous, &head, body)
    }

    fn checksum(&self, bytes: &[u8]) -> u32 {
        let name = Name::of(self.log);
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&[name.kind]);
        hasher.update(&(name.tenant.len() as u64).to_le_bytes());
        hasher.update(name.tenant.as_bytes());
        hasher.update(name.id);
        for number in [self.seq, self.token.epoch, self.token.activation] {
            hasher.update(&number.to_le_bytes());
        }
        hasher.update(bytes);
        hasher.finalize()
    }
}

impl Row {
    pub fn encode(&self, spot: &Spot<'_>) -> Vec<u8> {
        let mut out = Vec::with_capacity(FIXED_BYTES + self.body.len());
        out.push(VERSION);
        out.push(if self.base { BASE } else { 0 } | if self.more { MORE } else { 0 });
        out.extend_from_slice(&self.chain);
        out.extend_from_slice(&self.body);
        out.extend_from_slice(&spot.checksum(&out).to_le_bytes());
        out
    }

    /// `None` where the bytes are not what was written there.
    pub fn decode(spot: &Spot<'_>, bytes: &[u8]) -> Option<Self> {
        let (checked, sum) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
        if spot.checksum(checked).to_le_bytes() != sum {
            return None;
        }
        let (&[version, flags], rest) = checked.split_first_chunk::<2>()?;
        let (chain, body) = rest.split_first_chunk::<CHAIN_BYTES>()?;
        (version == VERSION && flags <= BASE | MORE).then(|| Self {
            base: flags & BASE != 0,
            more: flags & MORE != 0,
            chain: *chain,
            body: body.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use crest_actors::ids::{AgentId, AgentKey, TenantId};

    use super::*;

    fn log(agent: &str) -> LogId {
        LogId::Ledger(AgentKey {
            tenant: TenantId::new("shop"),
            agent: AgentId::new(agent),
        })
    }

    const TOKEN: Token = Token {
        epoch: 2,
        activation: 9,
    };

    fn row(body: &[u8]) -> Row {
        Row {
            base: true,
            more: false,
            chain: [5; 32],
            body: body.to_vec(),
        }
    }

    #[test]
    fn a_row_reads_back_as_written() {
        let log = log("li");
        let spot = Spot {
            log: &log,
            seq: 3,
            token: TOKEN,
        };
        for body in [&b""[..], b"x", &[7; 70_000]] {
            for (base, more) in [(false, false), (true, false), (false, true), (true, true)] {
                let row = Row {
                    base,
                    more,
                    ..row(body)
                };
                assert_eq!(Row::decode(&spot, &row.encode(&spot)), Some(row));
            }
        }
    }

    #[test]
    fn every_flipped_bit_every_cut_and_every_other_place_is_noticed() {
        let (mine, other) = (log("li"), log("lj"));
        let spot = Spot {
            log: &mine,
            seq: 3,
            token: TOKEN,
        };
        let bytes = row(b"the body").encode(&spot);
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Row::decode(&spot, &bad), None, "bit {bit}");
        }
        for cut in 0..bytes.len() {
            assert_eq!(Row::decode(&spot, &bytes[..cut]), None, "cut at {cut}");
        }
        let token = Token {
            epoch: 3,
            activation: 9,
        };
        for elsewhere in [
            Spot {
                log: &other,
                ..spot
            },
            Spot { seq: 4, ..spot },
            Spot { token, ..spot },
        ] {
            assert_eq!(Row::decode(&elsewhere, &bytes), None, "{elsewhere:?}");
        }
    }
}
