//! MessagePack at the edge: a scanner that looks at every byte before serde does, and the envelope.

use rmp::Marker;
use serde::{Deserialize, Serialize};

use crate::limits::{DEPTH, FRAME_BYTES};

/// Bytes that are not a frame. Nothing was allocated for them beyond these words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("frame of {bytes} bytes, at most {max} are taken")]
    TooLarge { bytes: usize, max: usize },
    #[error("arrays and maps nested deeper than {DEPTH}")]
    TooDeep,
    #[error("the bytes end inside a value")]
    Truncated,
    #[error("bytes after the end of the frame")]
    Trailing,
    #[error("a string is not UTF-8")]
    Utf8,
    #[error("a map has a key that is not a string")]
    Key,
    #[error("byte 0xc1, which MessagePack does not use")]
    Reserved,
    #[error("not an array of type (0 to 255), ref (0 to 4294967295 or nil) and body (map)")]
    Envelope,
    #[error("frame type {kind} is not known")]
    UnknownType { kind: u8, reference: Option<u32> },
    #[error("{name} needs a ref, so that it can be answered")]
    NoReference { name: &'static str },
    #[error("{name}: {what}")]
    Body {
        name: &'static str,
        reference: Option<u32>,
        what: String,
    },
}

impl Malformed {
    /// The ref to answer under, where the envelope could be read.
    pub fn reference(&self) -> Option<u32> {
        match self {
            Malformed::UnknownType { reference, .. } | Malformed::Body { reference, .. } => {
                *reference
            }
            Malformed::TooLarge { .. }
            | Malformed::TooDeep
            | Malformed::Truncated
            | Malformed::Trailing
            | Malformed::Utf8
            | Malformed::Key
            | Malformed::Reserved
            | Malformed::Envelope
            | Malformed::NoReference { .. } => None,
        }
    }

    /// Is the sender's encoder broken, so that the connection ends? Otherwise the frame is answered
    /// with an error and the connection goes on.
    pub fn closes(&self) -> bool {
        match self {
            Malformed::TooLarge { .. }
            | Malformed::TooDeep
            | Malformed::Truncated
            | Malformed::Trailing
            | Malformed::Utf8
            | Malformed::Key
            | Malformed::Reserved
            | Malformed::Envelope => true,
            Malformed::UnknownType { .. }
            | Malformed::NoReference { .. }
            | Malformed::Body { .. } => false,
        }
    }
}

/// Is this exactly one MessagePack value within the limits of a client's frame?
///
/// Looks at each byte once, neither recurses nor allocates.
pub fn check(bytes: &[u8]) -> Result<(), Malformed> {
    check_within(bytes, FRAME_BYTES)
}

/// [`check`] with another bound on the size, in bytes.
pub fn check_within(bytes: &[u8], max: usize) -> Result<(), Malformed> {
    if bytes.len() > max {
        return Err(Malformed::TooLarge {
            bytes: bytes.len(),
            max,
        });
    }
    let mut rest = Rest(bytes);
    let mut open = [Container::default(); DEPTH];
    let mut depth = 0;
    loop {
        let key = depth > 0 && open[depth - 1].next_is_key();
        match rest.value(key)? {
            Some(container) if container.left > 0 => {
                if depth == DEPTH {
                    return Err(Malformed::TooDeep);
                }
                open[depth] = container;
                depth += 1;
                continue;
            }
            Some(_) if depth == DEPTH => return Err(Malformed::TooDeep),
            Some(_) | None => {}
        }
        while depth > 0 {
            open[depth - 1].left -= 1;
            if open[depth - 1].left > 0 {
                break;
            }
            depth -= 1;
        }
        if depth == 0 {
            return if rest.0.is_empty() {
                Ok(())
            } else {
                Err(Malformed::Trailing)
            };
        }
    }
}

/// An array or map with the values it still lacks; a map's pair counts as two.
#[derive(Clone, Copy, Default)]
struct Container {
    left: u64,
    map: bool,
}

impl Container {
    fn next_is_key(self) -> bool {
        self.map && self.left.is_multiple_of(2)
    }
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (head, tail) = self
            .0
            .split_at_checked(length)
            .ok_or(Malformed::Truncated)?;
        self.0 = tail;
        Ok(head)
    }

    fn length(&mut self, bytes: usize) -> Result<usize, Malformed> {
        let digits = self.take(bytes)?;
        Ok(digits
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
    }

    fn skip(&mut self, length: usize) -> Result<Option<Container>, Malformed> {
        self.take(length).map(|_| None)
    }

    fn text(&mut self, length: usize) -> Result<Option<Container>, Malformed> {
        std::str::from_utf8(self.take(length)?).map_err(|_| Malformed::Utf8)?;
        Ok(None)
    }

    fn container(&self, items: usize, map: bool) -> Result<Option<Container>, Malformed> {
        let left = items as u64 * if map { 2 } else { 1 };
        // Each item takes at least a byte, so a huge length is known to be a lie at once.
        if left > self.0.len() as u64 {
            return Err(Malformed::Truncated);
        }
        Ok(Some(Container { left, map }))
    }

    /// Passes one value, or the head of a container.
    fn value(&mut self, key: bool) -> Result<Option<Container>, Malformed> {
        let marker = Marker::from_u8(self.take(1)?[0]);
        let string = matches!(
            marker,
            Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32
        );
        if key && !string {
            return Err(Malformed::Key);
        }
        match marker {
            Marker::FixPos(_) | Marker::FixNeg(_) | Marker::Null | Marker::True | Marker::False => {
                Ok(None)
            }
            Marker::U8 | Marker::I8 => self.skip(1),
            Marker::U16 | Marker::I16 => self.skip(2),
            Marker::U32 | Marker::I32 | Marker::F32 => self.skip(4),
            Marker::U64 | Marker::I64 | Marker::F64 => self.skip(8),
            Marker::FixStr(length) => self.text(usize::from(length)),
            Marker::Str8 => self.length(1).and_then(|length| self.text(length)),
            Marker::Str16 => self.length(2).and_then(|length| self.text(length)),
            Marker::Str32 => self.length(4).and_then(|length| self.text(length)),
            Marker::Bin8 => self.length(1).and_then(|length| self.skip(length)),
            Marker::Bin16 => self.length(2).and_then(|length| self.skip(length)),
            Marker::Bin32 => self.length(4).and_then(|length| self.skip(length)),
            Marker::FixExt1 => self.skip(2),
            Marker::FixExt2 => self.skip(3),
            Marker::FixExt4 => self.skip(5),
            Marker::FixExt8 => self.skip(9),
            Marker::FixExt16 => self.skip(17),
            Marker::Ext8 => self.length(1).and_then(|length| self.skip(length + 1)),
            Marker::Ext16 => self.length(2).and_then(|length| self.skip(length + 1)),
            Marker::Ext32 => self.length(4).and_then(|length| self.skip(length + 1)),
            Marker::FixArray(items) => self.container(usize::from(items), false),
            Marker::Array16 => self
                .length(2)
                .and_then(|items| self.container(items, false)),
            Marker::Array32 => self
                .length(4)
                .and_then(|items| self.container(items, false)),
            Marker::FixMap(items) => self.container(usize::from(items), true),
            Marker::Map16 => self.length(2).and_then(|items| self.container(items, true)),
            Marker::Map32 => self.length(4).and_then(|items| self.container(items, true)),
            Marker::Reserved => Err(Malformed::Reserved),
        }
    }
}

/// An envelope taken apart; `body` is the rest of the frame, a map.
pub(crate) struct Envelope<'a> {
    pub kind: u8,
    pub reference: Option<u32>,
    pub body: &'a [u8],
}

/// Takes the envelope apart. `bytes` have passed [`check_within`].
pub(crate) fn open(bytes: &[u8]) -> Result<Envelope<'_>, Malformed> {
    let mut rest = bytes;
    let envelope = |_| Malformed::Envelope;
    if rmp::decode::read_array_len(&mut rest).map_err(envelope)? != 3 {
        return Err(Malformed::Envelope);
    }
    let kind = rmp::decode::read_int(&mut rest).map_err(|_| Malformed::Envelope)?;
    let reference = if rest.first() == Some(&Marker::Null.to_u8()) {
        rest = &rest[1..];
        None
    } else {
        Some(rmp::decode::read_int(&mut rest).map_err(|_| Malformed::Envelope)?)
    };
    match rest.first().copied().map(Marker::from_u8) {
        Some(Marker::FixMap(_) | Marker::Map16 | Marker::Map32) => Ok(Envelope {
            kind,
            reference,
            body: rest,
        }),
        _ => Err(Malformed::Envelope),
    }
}

/// Reads a body; words about what is wrong are cut to 200 bytes, as they may quote the input.
pub(crate) fn body<'a, T: Deserialize<'a>>(
    name: &'static str,
    envelope: &Envelope<'a>,
) -> Result<T, Malformed> {
    rmp_serde::from_slice(envelope.body).map_err(|error| {
        let mut what = error.to_string();
        what.truncate(what.floor_char_boundary(200));
        Malformed::Body {
            name,
            reference: envelope.reference,
            what,
        }
    })
}

/// Writes a frame: type, ref and a body that is a struct of named fields.
pub(crate) fn write<T: Serialize>(kind: u8, reference: Option<u32>, body: &T, out: &mut Vec<u8>) {
    const MEMORY: &str = "writing to memory does not fail";
    rmp::encode::write_array_len(out, 3).expect(MEMORY);
    rmp::encode::write_uint(out, u64::from(kind)).expect(MEMORY);
    match reference {
        Some(reference) => {
            rmp::encode::write_uint(out, u64::from(reference)).expect(MEMORY);
        }
        None => rmp::encode::write_nil(out).expect(MEMORY),
    }
    let mut serializer = rmp_serde::Serializer::new(out).with_struct_map();
    body.serialize(&mut serializer)
        .expect("frame bodies have only types that MessagePack can hold");
}
