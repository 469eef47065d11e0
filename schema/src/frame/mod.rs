//! The frames, each a type number, a name and a body. Here: their alphabet and how it is read and
//! written. Not here: who may send what (the gateway's table), what happens then (the domain).

pub mod client;
pub mod customer_view;
pub mod desk;
pub mod server;
pub mod staff_view;

mod about;
mod answer;
mod body;
mod class;
mod id;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::codec::{self, Malformed};
use crate::limits::{FRAME_BYTES, SERVER_FRAME_BYTES};

pub use body::{Body, CloseReason};
pub use class::Class;
pub use id::Id;

/// One side's alphabet: an enum of frames, an enum of their kinds, and the codec between.
macro_rules! frames {
    (
        $(#[$doc:meta])*
        $frame:ident $(<$life:lifetime>)?, $kind:ident, at most $max:ident;
        $($(#[$line:meta])* $number:literal $name:literal $variant:ident($body:ty);)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        // A frame lives on the stack between two calls; boxing would cost the common ones.
        #[allow(clippy::large_enum_variant)]
        pub enum $frame $(<$life>)? {
            $($(#[$line])* $variant($body),)*
        }

        /// Which frame, without its body.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum $kind {
            $($(#[$line])* $variant = $number,)*
        }

        impl $kind {
            pub const ALL: &[$kind] = &[$($kind::$variant,)*];

            /// The type number on the wire.
            pub fn number(self) -> u8 {
                self as u8
            }

            /// The word `PROTOCOL.md` and metrics use.
            pub fn name(self) -> &'static str {
                match self {
                    $($kind::$variant => $name,)*
                }
            }

            /// The frame of that type number.
            pub fn of(number: u8) -> Option<Self> {
                match number {
                    $($number => Some($kind::$variant),)*
                    _ => None,
                }
            }
        }

        impl $(<$life>)? $frame $(<$life>)? {
            pub fn kind(&self) -> $kind {
                match self {
                    $(Self::$variant(_) => $kind::$variant,)*
                }
            }

            /// Appends the frame to `out`.
            pub fn encode_into(&self, reference: Option<u32>, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant(body) => codec::write($number, reference, body, out),)*
                }
            }

            /// The frame on its own, to be shared by reference count.
            pub fn encode(&self, reference: Option<u32>) -> Bytes {
                let mut out = Vec::with_capacity(128);
                self.encode_into(reference, &mut out);
                Bytes::from(out)
            }

            /// Reads one frame with its ref. Every byte is checked before anything is allocated;
            /// unknown fields are ignored.
            pub fn decode(bytes: &[u8]) -> Result<(Option<u32>, Self), Malformed> {
                codec::check_within(bytes, $max)?;
                let envelope = codec::open(bytes)?;
                let frame = match $kind::of(envelope.kind) {
                    $(Some($kind::$variant) => Self::$variant(codec::body($name, &envelope)?),)*
                    None => {
                        return Err(Malformed::UnknownType {
                            kind: envelope.kind,
                            reference: envelope.reference,
                        });
                    }
                };
                frame.check_reference(envelope.reference)?;
                Ok((envelope.reference, frame))
            }
        }
    };
}

frames! {
    /// What a client may send.
    ClientFrame, ClientKind, at most FRAME_BYTES;
    1 "hello" Hello(client::Hello);
    2 "ping" Ping(client::Empty);
    3 "send" Send(client::Send);
    4 "edit" Edit(client::Edit);
    5 "recall" Recall(client::Recall);
    6 "typing" Typing(client::Typing);
    7 "read" Read(client::Read);
    8 "history" History(client::History);
    9 "ask_human" AskHuman(client::Empty);
    10 "leave_message" LeaveMessage(client::LeaveMessage);
    11 "call_back" CallBack(client::CallBack);
    12 "leave" Leave(client::Empty);
    13 "rate" Rate(client::Rate);
    20 "attach" Attach(client::Attach);
    21 "detach" Detach(client::Named);
    22 "set_presence" SetPresence(client::SetPresence);
    23 "accept" Accept(client::OfferAnswer);
    24 "decline" Decline(client::OfferAnswer);
    25 "whisper" Whisper(client::Whisper);
    26 "transfer" Transfer(client::Transfer);
    27 "end" End(client::Named);
    28 "wrap_up_done" WrapUpDone(client::WrapUpDone);
    29 "take_over" TakeOver(client::Named);
    30 "give_back" GiveBack(client::Named);
    31 "watch_board" WatchBoard(client::WatchBoard);
    32 "unwatch_board" UnwatchBoard(client::Empty);
}

frames! {
    /// What the server sends. Text is borrowed where it is encoded, owned where it was decoded.
    ServerFrame<'a>, ServerKind, at most SERVER_FRAME_BYTES;
    64 "welcome" Welcome(server::Welcome<'a>);
    65 "pong" Pong(client::Empty);
    66 "ack" Ack(server::Ack);
    67 "done" Done(server::Done);
    68 "error" Error(server::Error<'a>);
    69 "bye" Bye(server::Bye<'a>);
    70 "routed" Routed(server::Routed);
    71 "attached" Attached(server::Attached);
    72 "event" Event(server::Event<'a>);
    73 "gap" Gap(server::Gap);
    74 "typing" Typing(server::Typing<'a>);
    75 "read" Read(server::Read<'a>);
    76 "place" Place(server::Place);
    77 "ended" Ended(server::Ended);
    78 "history_page" HistoryPage(server::HistoryPage<'a>);
    80 "staff_attached" StaffAttached(server::StaffAttached<'a>);
    81 "staff_event" StaffEvent(server::StaffEventFrame<'a>);
    82 "staff_typing" StaffTyping(server::StaffTyping<'a>);
    83 "staff_read" StaffRead(server::StaffRead<'a>);
    84 "staff_history_page" StaffHistoryPage(server::StaffHistoryPage<'a>);
    85 "offer" Offer(server::OfferFrame<'a>);
    86 "offer_gone" OfferGone(server::OfferGone);
    87 "assigned" Assigned(client::Named);
    88 "unassigned" Unassigned(client::Named);
    89 "presence" Presence(server::PresenceFrame<'a>);
    90 "board" Board(server::Board<'a>);
}

impl ClientFrame {
    fn check_reference(&self, reference: Option<u32>) -> Result<(), Malformed> {
        match (self.kind(), reference) {
            (ClientKind::Ping | ClientKind::Typing | ClientKind::Read, _) | (_, Some(_)) => Ok(()),
            (kind, None) => Err(Malformed::NoReference { name: kind.name() }),
        }
    }
}

impl ServerFrame<'_> {
    fn check_reference(&self, _: Option<u32>) -> Result<(), Malformed> {
        Ok(())
    }
}

/// Text that says something.
fn non_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + AsRef<str>,
{
    let text = T::deserialize(deserializer)?;
    if text.as_ref().is_empty() {
        return Err(D::Error::custom("the text is empty"));
    }
    Ok(text)
}

/// One of the four levels of satisfaction.
fn level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    match u8::deserialize(deserializer)? {
        level @ 1..=4 => Ok(level),
        other => Err(D::Error::custom(format_args!(
            "level {other} is not 1 to 4"
        ))),
    }
}
