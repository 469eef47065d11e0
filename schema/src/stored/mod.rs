//! Events as they lie in the store, for ever. Each record is a MessagePack array
//! `[version, kind, at, customer_seq or nil, fields]`; its log says which alphabet the kind is of.
//! Types of their own: the wire may change its words, a stored byte cannot.

pub mod conversation;
pub mod ledger;
pub mod pointer;

use rmp::Marker;
use serde::{Deserialize, Serialize};

use crate::codec::{self, Malformed};

/// The version this build writes. It reads this one and all older ones.
pub const VERSION: u8 = 1;

/// Largest record in bytes; an event holds a text of 16 KiB, its fields and 32 attributes.
pub const RECORD_BYTES: usize = 1024 * 1024;

/// Bytes of a log that this build cannot read. The log is refused, never guessed at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("record is not MessagePack of version, kind, time, customer seq and fields: {0}")]
    Shape(#[from] Malformed),
    #[error("record of version {0}, this build reads up to {VERSION}: start a newer build")]
    Version(u8),
    #[error("record of {alphabet} kind {kind} is not known to this build: start a newer build")]
    Kind { alphabet: &'static str, kind: u8 },
    #[error("{alphabet} record {name}: {what}")]
    Fields {
        alphabet: &'static str,
        name: &'static str,
        what: String,
    },
}

/// An event with its time and the customer's number of it. Its seq is the store's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<E> {
    /// Unix milliseconds.
    pub at: u64,
    pub customer_seq: Option<u64>,
    pub event: E,
}

/// An alphabet of stored events: each kind has a number that is never reused.
pub trait Alphabet: Sized {
    const NAME: &'static str;
    /// Every kind number this build knows, with its name.
    const KINDS: &'static [(u8, &'static str)];

    fn kind(&self) -> u8;
    fn write_fields(&self, out: &mut Vec<u8>);
    fn read_fields(kind: u8, fields: &[u8]) -> Result<Self, Unreadable>;
}

impl<E: Alphabet> Record<E> {
    pub fn encode(&self) -> Vec<u8> {
        const MEMORY: &str = "writing to memory does not fail";
        let mut out = Vec::with_capacity(96);
        rmp::encode::write_array_len(&mut out, 5).expect(MEMORY);
        rmp::encode::write_uint(&mut out, u64::from(VERSION)).expect(MEMORY);
        rmp::encode::write_uint(&mut out, u64::from(self.event.kind())).expect(MEMORY);
        rmp::encode::write_uint(&mut out, self.at).expect(MEMORY);
        match self.customer_seq {
            Some(seq) => {
                rmp::encode::write_uint(&mut out, seq).expect(MEMORY);
            }
            None => rmp::encode::write_nil(&mut out).expect(MEMORY),
        }
        self.event.write_fields(&mut out);
        out
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        codec::check_within(bytes, RECORD_BYTES)?;
        let mut rest = bytes;
        let shape = || Unreadable::Shape(Malformed::Envelope);
        let items = rmp::decode::read_array_len(&mut rest).map_err(|_| shape())?;
        let version = rmp::decode::read_int(&mut rest).map_err(|_| shape())?;
        if version != VERSION {
            return Err(Unreadable::Version(version));
        }
        if items != 5 {
            return Err(shape());
        }
        let kind = rmp::decode::read_int(&mut rest).map_err(|_| shape())?;
        let at = rmp::decode::read_int(&mut rest).map_err(|_| shape())?;
        let customer_seq = if rest.first() == Some(&Marker::Null.to_u8()) {
            rest = &rest[1..];
            None
        } else {
            Some(rmp::decode::read_int(&mut rest).map_err(|_| shape())?)
        };
        Ok(Self {
            at,
            customer_seq,
            event: E::read_fields(kind, rest)?,
        })
    }
}

fn write_fields<T: Serialize>(fields: &T, out: &mut Vec<u8>) {
    fields
        .serialize(&mut rmp_serde::Serializer::new(out).with_struct_map())
        .expect("stored fields have only types that MessagePack can hold");
}

fn read_fields<'a, T: Deserialize<'a>>(
    alphabet: &'static str,
    name: &'static str,
    fields: &'a [u8],
) -> Result<T, Unreadable> {
    rmp_serde::from_slice(fields).map_err(|error| Unreadable::Fields {
        alphabet,
        name,
        what: error.to_string(),
    })
}

/// An alphabet's enum, its kind numbers and its codec.
macro_rules! alphabet {
    (
        $(#[$doc:meta])*
        $event:ident $(<$life:lifetime>)?, $alphabet:literal;
        $($number:literal $name:literal $variant:ident($fields:ty);)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $event $(<$life>)? {
            $($variant($fields),)*
        }

        impl $(<$life>)? $crate::stored::Alphabet for $event $(<$life>)? {
            const NAME: &'static str = $alphabet;
            const KINDS: &'static [(u8, &'static str)] = &[$(($number, $name),)*];

            fn kind(&self) -> u8 {
                match self {
                    $(Self::$variant(_) => $number,)*
                }
            }

            fn write_fields(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant(fields) => $crate::stored::write_fields(fields, out),)*
                }
            }

            fn read_fields(kind: u8, fields: &[u8]) -> Result<Self, $crate::stored::Unreadable> {
                match kind {
                    $($number => {
                        $crate::stored::read_fields($alphabet, $name, fields).map(Self::$variant)
                    })*
                    kind => Err($crate::stored::Unreadable::Kind { alphabet: $alphabet, kind }),
                }
            }
        }
    };
}

use alphabet;
