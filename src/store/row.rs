//! One event as it lies in the `log` table: who it belongs to, its link in the chain, its body.
//!
//! Layout, little-endian: version 1, flags 1, log number 8, seq 8, epoch 8, activation 8, body
//! length 4, CRC-32 of all before it and the row number; chain hash 32; body; CRC-32 of everything.
//! The head has a checksum of its own, so that a damaged body is still known to belong to its log.

use crest_actors::ids::Token;
use crest_actors::ports::LogId;

use super::name::Name;

const VERSION: u8 = 1;
const BASE: u8 = 1;
const HEAD_BYTES: usize = 42;
const CHAIN_BYTES: usize = 32;
const TAIL_BYTES: usize = 4;

/// A link of the chain: BLAKE3 of the link before it and the row. The last one stands for the whole log.
pub type Chain = [u8; CHAIN_BYTES];

/// What a row says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowHead {
    pub log_no: u64,
    pub seq: u64,
    pub token: Token,
    pub base: bool,
}

/// A row whose checksums hold.
#[derive(Debug, PartialEq, Eq)]
pub struct Row<'a> {
    pub head: RowHead,
    pub chain: Chain,
    pub body: &'a [u8],
}

/// A row whose bytes are not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Not even its log is known.
    Head,
    /// The head is whole, the rest is not.
    Body(RowHead),
}

/// The link before the first: the name of the log, so that no log passes for another.
pub fn genesis(log: &LogId) -> Chain {
    let name = Name::of(log);
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"crest log 1");
    hasher.update(&[name.kind]);
    hasher.update(&(name.tenant.len() as u64).to_le_bytes());
    hasher.update(name.tenant.as_bytes());
    hasher.update(name.id);
    *hasher.finalize().as_bytes()
}

/// The link after `previous`. The log's number is not part of it: the name already is.
pub fn link(previous: &Chain, head: &RowHead, body: &[u8]) -> Chain {
    let mut fixed = [0; CHAIN_BYTES + 25];
    fixed[..32].copy_from_slice(previous);
    fixed[32] = u8::from(head.base);
    fixed[33..41].copy_from_slice(&head.seq.to_le_bytes());
    fixed[41..49].copy_from_slice(&head.token.epoch.to_le_bytes());
    fixed[49..57].copy_from_slice(&head.token.activation.to_le_bytes());
    let mut hasher = blake3::Hasher::new();
    hasher.update(&fixed);
    hasher.update(body);
    *hasher.finalize().as_bytes()
}

/// Writes the row into `out`, which is cleared first.
pub fn encode(row_no: u64, head: &RowHead, chain: &Chain, body: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.push(VERSION);
    out.push(if head.base { BASE } else { 0 });
    out.extend_from_slice(&head.log_no.to_le_bytes());
    out.extend_from_slice(&head.seq.to_le_bytes());
    out.extend_from_slice(&head.token.epoch.to_le_bytes());
    out.extend_from_slice(&head.token.activation.to_le_bytes());
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    out.extend_from_slice(&checksum(row_no, out).to_le_bytes());
    out.extend_from_slice(chain);
    out.extend_from_slice(body);
    out.extend_from_slice(&checksum(row_no, out).to_le_bytes());
}

/// Reads a row, checking its length and both checksums.
pub fn decode(row_no: u64, bytes: &[u8]) -> Result<Row<'_>, Damage> {
    let head_bytes = bytes.get(..HEAD_BYTES).ok_or(Damage::Head)?;
    let (checked, sum) = head_bytes.split_at(HEAD_BYTES - 4);
    if checksum(row_no, checked).to_le_bytes() != sum || checked[0] != VERSION {
        return Err(Damage::Head);
    }
    let number = |at: usize| u64::from_le_bytes(checked[at..at + 8].try_into().expect("8 bytes"));
    let head = RowHead {
        log_no: number(2),
        seq: number(10),
        token: Token {
            epoch: number(18),
            activation: number(26),
        },
        base: checked[1] & BASE != 0,
    };
    let length = u32::from_le_bytes(checked[34..38].try_into().expect("4 bytes")) as usize;
    let damaged = Damage::Body(head);
    if bytes.len() != HEAD_BYTES + CHAIN_BYTES + length + TAIL_BYTES {
        return Err(damaged);
    }
    let (checked, sum) = bytes.split_at(bytes.len() - TAIL_BYTES);
    if checksum(row_no, checked).to_le_bytes() != sum {
        return Err(damaged);
    }
    let (chain, body) = checked[HEAD_BYTES..].split_at(CHAIN_BYTES);
    Ok(Row {
        head,
        chain: chain.try_into().expect("32 bytes"),
        body,
    })
}

/// The row number is part of it, so that a row in another's place is not taken for it.
fn checksum(row_no: u64, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&row_no.to_le_bytes());
    hasher.update(bytes);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: RowHead = RowHead {
        log_no: 7,
        seq: 3,
        token: Token {
            epoch: 2,
            activation: 9,
        },
        base: true,
    };

    fn row(body: &[u8]) -> Vec<u8> {
        let mut out = vec![0xff; 9];
        encode(41, &HEAD, &[5; 32], body, &mut out);
        out
    }

    #[test]
    fn a_row_reads_back_as_written() {
        for body in [&b""[..], b"x", &[7; 70_000]] {
            let bytes = row(body);
            let expected = Row {
                head: HEAD,
                chain: [5; 32],
                body,
            };
            assert_eq!(decode(41, &bytes), Ok(expected));
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let bytes = row(b"the body");
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let damage = decode(41, &bad).expect_err("damaged");
            let in_head = bit / 8 < HEAD_BYTES;
            assert_eq!(in_head, damage == Damage::Head, "bit {bit}: {damage:?}");
        }
        for cut in 0..bytes.len() {
            assert!(decode(41, &bytes[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn a_row_in_the_place_of_another_is_noticed() {
        assert_eq!(decode(42, &row(b"x")), Err(Damage::Head));
    }

    #[test]
    fn the_chain_covers_all_that_a_reader_relies_on() {
        let link_of = |head: RowHead, body: &[u8]| link(&[1; 32], &head, body);
        let honest = link_of(HEAD, b"body");
        let token = Token {
            epoch: 3,
            activation: 9,
        };
        assert_ne!(honest, link_of(HEAD, b"bodY"));
        assert_ne!(honest, link_of(RowHead { seq: 4, ..HEAD }, b"body"));
        assert_ne!(
            honest,
            link_of(
                RowHead {
                    base: false,
                    ..HEAD
                },
                b"body"
            )
        );
        assert_ne!(honest, link_of(RowHead { token, ..HEAD }, b"body"));
        assert_ne!(honest, link(&[2; 32], &HEAD, b"body"));
    }
}
