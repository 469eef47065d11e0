//! The languages of the servers, as far as counting needs them.

use crest_schema::ServerFrame;
use crest_schema::frame::ServerKind;

/// How answers and deliveries are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Every frame is an answer where the line asks, and a delivery where it only listens.
    Plain,
    /// Crest's own: type and ref stand at the beginning of each frame.
    Crest,
    /// Protobuf of the centrifuge library: several replies in a frame, each with its length before it.
    Centrifuge,
    /// XMPP over WebSocket: a stanza in each frame.
    Xmpp,
}

/// What was counted on one line since the last look.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub answers: u32,
    pub deliveries: u32,
    /// What the server refused, in its words; a run with any is void, unless it is about refusals.
    pub refused: Option<String>,
    /// References of requests refused for now.
    pub busy: Vec<u32>,
}

const ACK: u8 = ServerKind::Ack as u8;
const DONE: u8 = ServerKind::Done as u8;
const PRESENCE: u8 = ServerKind::Presence as u8;
const ERROR: u8 = ServerKind::Error as u8;
const BYE: u8 = ServerKind::Bye as u8;
const EVENT: u8 = ServerKind::Event as u8;
const STAFF_EVENT: u8 = ServerKind::StaffEvent as u8;

impl Dialect {
    /// Counts one frame's payload.
    pub fn count(self, payload: &[u8], asks: bool, tally: &mut Tally) {
        match self {
            Dialect::Plain if asks => tally.answers += 1,
            Dialect::Plain => tally.deliveries += 1,
            Dialect::Crest => count_crest(payload, tally),
            Dialect::Centrifuge => count_centrifuge(payload, tally),
            Dialect::Xmpp => count_xmpp(payload, tally),
        }
    }
}

fn count_crest(payload: &[u8], tally: &mut Tally) {
    // [type, ref, body]: 0x93, then types below 128 in one byte.
    match payload.get(1).copied() {
        Some(ACK | DONE) => tally.answers += 1,
        Some(EVENT | STAFF_EVENT) => tally.deliveries += 1,
        // Answers `set_presence`; also comes unasked.
        Some(PRESENCE) => {}
        Some(ERROR) => match ServerFrame::decode(payload) {
            Ok((Some(reference), ServerFrame::Error(error))) if error.temporary => {
                tally.busy.push(reference);
                tally.refused = Some(error.message.into_owned());
            }
            other => tally.refused = Some(format!("{other:?}")),
        },
        Some(BYE) => tally.refused = Some(format!("{:?}", ServerFrame::decode(payload))),
        _ => {}
    }
}

fn count_xmpp(payload: &[u8], tally: &mut Tally) {
    let head = &payload[..payload.len().min(200)];
    let refuses = |word: &[u8]| head.windows(word.len()).any(|it| it == word);
    if refuses(b"type='error'") || refuses(b"<stream:error") {
        tally.refused = Some(String::from_utf8_lossy(payload).into_owned());
    } else if payload.starts_with(b"<message") {
        tally.deliveries += 1;
    }
}

fn count_centrifuge(payload: &[u8], tally: &mut Tally) {
    /// Tag of a field with a length: number << 3 | 2.
    const ERROR: u8 = 2 << 3 | 2;
    const PUSH: u8 = 4 << 3 | 2;
    /// Field 1 as a varint.
    const ID: u8 = 1 << 3;
    let mut rest = payload;
    while let Some((length, after)) = varint(rest) {
        let Some((reply, next)) = after.split_at_checked(length as usize) else {
            break;
        };
        match reply.first() {
            Some(&ID) => match varint(&reply[1..]) {
                Some((_, body)) if body.first() == Some(&ERROR) => {
                    tally.refused = Some(format!("error {body:?}"));
                }
                _ => tally.answers += 1,
            },
            Some(&PUSH) => tally.deliveries += 1,
            _ => {}
        }
        rest = next;
    }
}

/// A protobuf varint and what follows it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (place, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[place + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stanza_is_a_delivery_or_a_refusal() {
        let mut tally = Tally::default();
        Dialect::Xmpp.count(
            b"<message from='u1@localhost/r'><body>x</body></message>",
            false,
            &mut tally,
        );
        Dialect::Xmpp.count(b"<presence from='u1@localhost/r'/>", false, &mut tally);
        assert_eq!((tally.deliveries, tally.refused.is_none()), (1, true));
        Dialect::Xmpp.count(b"<message type='error'/>", false, &mut tally);
        assert!(tally.refused.is_some());
    }

    #[test]
    fn replies_and_pushes_of_one_frame_are_told_apart() {
        let mut tally = Tally::default();
        // Reply {id: 300, rpc: {}}, push of a publication, an empty reply (a ping).
        let frame = [5, 8, 0xac, 0x02, 0x6a, 0, 3, 0x22, 1, 0, 0];
        Dialect::Centrifuge.count(&frame, true, &mut tally);
        assert_eq!((tally.answers, tally.deliveries), (1, 1));
        assert!(tally.refused.is_none());
        Dialect::Centrifuge.count(&[4, 8, 1, 0x12, 0], true, &mut tally);
        assert!(tally.refused.is_some());
    }
}
