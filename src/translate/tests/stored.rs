//! What was stored is what is read.

use crest_actors::agent::{self, Reservation};
use crest_actors::customer::{self, Pointer};
use crest_actors::ids::{AgentId, ChannelId, Millis, Seq};
use crest_actors::ports::Stored;
use crest_schema::stored::Unreadable;

use super::samples::{CONVERSATION, entry, events};
use crate::translate::stored::{
    decode_conversation, decode_ledger, decode_pointer, encode_conversation, encode_ledger,
    encode_pointer,
};

#[test]
fn every_event_of_a_conversation() {
    for (n, event) in events("甲").into_iter().enumerate() {
        let mut entry = entry(n as u64 + 1, event);
        if n % 2 == 0 {
            entry.customer_seq = None;
        }
        let record = encode_conversation(&entry);
        assert!(!record.base);
        let stored = Stored {
            seq: entry.seq,
            record,
        };
        assert_eq!(decode_conversation(&stored), Ok(entry));
    }
}

#[test]
fn a_short_message_takes_few_bytes() {
    let hello = events("s").into_iter().nth(15).unwrap();
    let record = encode_conversation(&entry(1, hello));
    assert!(record.body.len() <= 64, "{} bytes", record.body.len());
}

#[test]
fn every_event_of_a_ledger() {
    let reservation = |forced| Reservation {
        conversation: CONVERSATION,
        position: Seq(7),
        weight: 2,
        forced,
    };
    let granted = |forced| agent::Event::Granted {
        conversation: CONVERSATION,
        position: Seq(7),
        weight: 2,
        forced,
    };
    let cases = [
        (granted(false), false),
        (granted(true), false),
        (
            agent::Event::Released {
                conversation: CONVERSATION,
                position: Seq(7),
            },
            false,
        ),
        (
            agent::Event::Base(vec![reservation(true), reservation(false)]),
            true,
        ),
        (agent::Event::Base(vec![]), true),
    ];
    for (event, base) in cases {
        let mut entry = entry(3, event);
        entry.customer_seq = None;
        let record = encode_ledger(&entry);
        assert_eq!(record.base, base);
        let stored = Stored {
            seq: entry.seq,
            record,
        };
        assert_eq!(decode_ledger(&stored), Ok(entry));
    }
}

#[test]
fn every_event_of_a_pointer() {
    let pointer = |closed, served| Pointer {
        channel: ChannelId::new("web"),
        conversation: CONVERSATION,
        opening: 2,
        closed,
        served,
    };
    let cases = [
        (
            customer::Event::Pointed {
                channel: ChannelId::new("web"),
                conversation: CONVERSATION,
                opening: 0,
            },
            false,
        ),
        (
            customer::Event::Cleared {
                channel: ChannelId::new("web"),
                conversation: CONVERSATION,
                opening: 0,
                agent: Some(AgentId::new("lin")),
                at: Millis(5),
            },
            false,
        ),
        (
            customer::Event::Base(vec![
                pointer(None, None),
                pointer(None, Some((Millis(9), AgentId::new("mei")))),
                pointer(Some((Millis(1), None)), None),
                pointer(Some((Millis(1), Some(AgentId::new("lin")))), None),
            ]),
            true,
        ),
    ];
    for (event, base) in cases {
        let mut entry = entry(3, event);
        entry.customer_seq = None;
        let record = encode_pointer(&entry);
        assert_eq!(record.base, base);
        let stored = Stored {
            seq: entry.seq,
            record,
        };
        assert_eq!(decode_pointer(&stored), Ok(entry));
    }
}

#[test]
fn a_flipped_kind_is_refused_not_guessed() {
    let entry = entry(1, events("s").swap_remove(0));
    let mut stored = Stored {
        seq: entry.seq,
        record: encode_conversation(&entry),
    };
    stored.record.body[2] = 120;
    assert_eq!(
        decode_conversation(&stored),
        Err(Unreadable::Kind {
            alphabet: "conversation",
            kind: 120
        })
    );
}
