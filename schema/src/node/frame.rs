//! The frame: `[version, node, incarnation, seq, part or nil, [item as bin, …]]`.

use rmp::Marker;

use super::{FRAME_BYTES, Unreadable, VERSION};
use crate::codec::check_within;
use crate::frame::Id;

const MEMORY: &str = "writing to memory does not fail";

/// Who sends a frame, and which one it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of the sending node.
    pub node: u16,
    /// One life of the sending process; another one numbers from 1 again.
    pub incarnation: Id,
    /// From 1, without holes, for each subject the sender writes to: a hole is a loss.
    pub seq: u64,
    /// Absent where the frame holds whole items.
    pub part: Option<Part>,
}

/// The frame holds a piece of one item; the frames that follow hold the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// From 0.
    pub index: u32,
    /// Pieces altogether.
    pub of: u32,
}

/// A frame as it was received; its items still as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    pub head: Head,
    /// Items, or one piece of an item where the head says so.
    pub items: Vec<&'a [u8]>,
}

impl<'a> Frame<'a> {
    /// Writes a frame whose `count` items were [`put`] one after another into `body`.
    pub fn encode(head: &Head, count: u32, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(body.len() + 64);
        rmp::encode::write_array_len(&mut out, 6).expect(MEMORY);
        rmp::encode::write_uint(&mut out, u64::from(VERSION)).expect(MEMORY);
        rmp::encode::write_uint(&mut out, u64::from(head.node)).expect(MEMORY);
        put(&head.incarnation.0, &mut out);
        rmp::encode::write_uint(&mut out, head.seq).expect(MEMORY);
        match head.part {
            Some(part) => {
                rmp::encode::write_array_len(&mut out, 2).expect(MEMORY);
                rmp::encode::write_uint(&mut out, u64::from(part.index)).expect(MEMORY);
                rmp::encode::write_uint(&mut out, u64::from(part.of)).expect(MEMORY);
            }
            None => rmp::encode::write_nil(&mut out).expect(MEMORY),
        }
        rmp::encode::write_array_len(&mut out, count).expect(MEMORY);
        out.extend_from_slice(body);
        out
    }

    /// Reads a frame. What a later release appends to the array is passed over.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        check_within(bytes, FRAME_BYTES)?;
        let mut rest = bytes;
        let fields = rmp::decode::read_array_len(&mut rest).map_err(|_| Unreadable::Head)?;
        let version: u8 = int(&mut rest)?;
        if version != VERSION {
            return Err(Unreadable::Version(version));
        }
        if fields < 6 {
            return Err(Unreadable::Head);
        }
        let node = int(&mut rest)?;
        let incarnation = bin(&mut rest)?.try_into().map_err(|_| Unreadable::Head)?;
        let seq = int(&mut rest)?;
        let part = part(&mut rest)?;
        let count = rmp::decode::read_array_len(&mut rest).map_err(|_| Unreadable::Head)?;
        let items = (0..count).map(|_| bin(&mut rest));
        let items: Vec<&[u8]> = items.collect::<Result<_, _>>()?;
        if part.is_some() && items.len() != 1 {
            return Err(Unreadable::Head);
        }
        let head = Head {
            node,
            incarnation: Id(incarnation),
            seq,
            part,
        };
        Ok(Self { head, items })
    }
}

/// Appends an item, or a piece of one, to the body of a frame. Takes at most 5 bytes more than it has.
pub fn put(item: &[u8], body: &mut Vec<u8>) {
    rmp::encode::write_bin(body, item).expect(MEMORY);
}

fn part(rest: &mut &[u8]) -> Result<Option<Part>, Unreadable> {
    if rest.first() == Some(&Marker::Null.to_u8()) {
        *rest = &rest[1..];
        return Ok(None);
    }
    if rmp::decode::read_array_len(rest).map_err(|_| Unreadable::Head)? != 2 {
        return Err(Unreadable::Head);
    }
    let (index, of) = (int(rest)?, int(rest)?);
    if index >= of {
        return Err(Unreadable::Head);
    }
    Ok(Some(Part { index, of }))
}

fn int<T: TryFrom<u64>>(rest: &mut &[u8]) -> Result<T, Unreadable> {
    let number: u64 = rmp::decode::read_int(rest).map_err(|_| Unreadable::Head)?;
    number.try_into().map_err(|_| Unreadable::Head)
}

/// The bytes have passed [`check_within`], so a length is never more than there is.
fn bin<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Unreadable> {
    let length = rmp::decode::read_bin_len(rest).map_err(|_| Unreadable::Head)?;
    let (bin, after) = rest
        .split_at_checked(length as usize)
        .ok_or(Unreadable::Head)?;
    *rest = after;
    Ok(bin)
}
