//! Between events and the bytes of their logs.

pub(super) mod conversation;
pub(super) mod from_store;
mod ledger;
mod pointer;

use crest_actors::conversation::Entry;
use crest_actors::ids::{Millis, Seq};
use crest_actors::ports::Stored;
use crest_schema::stored::{Alphabet, Record, Unreadable};

pub use conversation::{decode_conversation, encode_conversation};
pub use ledger::{decode_ledger, encode_ledger};
pub use pointer::{decode_pointer, encode_pointer};

fn encode<E, S: Alphabet>(entry: &Entry<E>, event: S) -> Vec<u8> {
    Record {
        at: entry.at.0,
        customer_seq: entry.customer_seq.map(|seq| seq.0),
        event,
    }
    .encode()
}

fn decode<E, S: Alphabet>(stored: &Stored, event: impl Fn(S) -> E) -> Result<Entry<E>, Unreadable> {
    let record = Record::<S>::decode(&stored.record.body)?;
    Ok(Entry {
        seq: stored.seq,
        at: Millis(record.at),
        customer_seq: record.customer_seq.map(Seq),
        event: event(record.event),
    })
}
