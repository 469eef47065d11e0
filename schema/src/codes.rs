//! The registries of error and close codes. `PROTOCOL.md` prints these tables; a test keeps both equal.

use crate::frame::Class;

/// One side's registry: an enum whose discriminants are the numbers, and what is said about each.
macro_rules! errors {
    ($($number:literal $code:ident $name:literal $temporary:ident $retry:tt
        $meaning:literal $next:literal;)*) => {
        /// Why a frame was refused. Numbers are never reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Code {
            $(#[doc = $meaning] $code = $number,)*
        }

        impl Code {
            pub const ALL: &[Code] = &[$(Code::$code,)*];

            /// The word in `error.name`, logs and metrics.
            pub fn name(self) -> &'static str {
                match self {
                    $(Code::$code => $name,)*
                }
            }

            /// May the same frame, unchanged, succeed later?
            pub fn temporary(self) -> bool {
                match self {
                    $(Code::$code => errors!(@flag $temporary),)*
                }
            }

            /// Milliseconds to wait before sending it again, unless the server knows better.
            pub fn retry_after_ms(self) -> Option<u32> {
                match self {
                    $(Code::$code => errors!(@retry $retry),)*
                }
            }

            /// What is wrong.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Code::$code => $meaning,)*
                }
            }

            /// What to do next.
            pub fn next(self) -> &'static str {
                match self {
                    $(Code::$code => $next,)*
                }
            }
        }
    };
    (@flag temporary) => { true };
    (@flag lasting) => { false };
    (@retry -) => { None };
    (@retry $ms:literal) => { Some($ms) };
}

errors! {
    100 Malformed "malformed" lasting -
        "The body does not fit its frame type." "Correct the client; `message` names the field.";
    101 UnknownType "unknown_type" lasting -
        "This server does not know the frame type." "Do without it; the connection goes on.";
    102 ReferenceMissing "reference_missing" lasting -
        "A frame that is answered came without a ref." "Send it again with a ref.";
    103 HelloRepeated "hello_repeated" lasting -
        "The connection has said hello already." "Open another connection for another identity.";
    104 TooManyUnacked "too_many_unacked" temporary 200
        "More frames wait for an answer than `limits.unacked`." "Wait for answers, then send it again.";
    105 TooManyAttached "too_many_attached" temporary 5000
        "The conversation or connection has all the viewers it may have." "Detach from one, or try later.";
    106 ConversationMissing "conversation_missing" lasting -
        "Staff must name the conversation." "Send it again with `conversation`.";
    201 Forbidden "forbidden" lasting -
        "This role may not send this frame." "Do not offer it to this role.";
    300 NotOpen "not_open" lasting -
        "There is no such conversation, or nothing was said in it." "A customer opens one by `send`.";
    301 Closed "closed" lasting -
        "The conversation is closed." "A customer's next `send` reopens it or opens another.";
    302 Gone "gone" lasting -
        "The offer or claim is no longer the current one." "Drop it from the screen.";
    303 NotAllowed "not_allowed" lasting -
        "This role may not do it in this state." "Look at the newest state, then decide again.";
    304 NotHolder "not_holder" lasting -
        "Somebody else speaks here now." "Look at the newest events; take over or wait.";
    305 Conflict "conflict" lasting -
        "The same id came before with other content." "Use a new id for new content.";
    306 NoSuchMessage "no_such_message" lasting -
        "No message of yours has that seq." "Use the seq of your own message event.";
    307 TooLate "too_late" lasting -
        "The time to edit, recall or rate is over." "Say it in a new message.";
    308 AlreadyRated "already_rated" lasting -
        "The conversation is rated; one rating each." "Show the rating given.";
    309 TooLong "too_long" lasting -
        "A text, field or list is longer than its bound." "Shorten it; bounds stand beside the fields.";
    310 WrongState "wrong_state" lasting -
        "The state does not fit: not waiting, not held, or already so." "Look at the newest events.";
    311 NoSuchTarget "no_such_target" lasting -
        "The tenant has no such agent or group." "Choose one from the tenant's lists.";
    312 NoSuchEvent "no_such_event" lasting -
        "The conversation has no event of that number yet." "Forget what you hold of it and attach from 0.";
    400 NoSuchReason "no_such_reason" lasting -
        "The tenant does not list this reason for being not ready." "Choose a listed reason.";
    500 StorageUnavailable "storage_unavailable" temporary 1000
        "The store cannot take it now; nothing was stored." "Send it again, with the same id.";
    501 StorageCorrupt "storage_corrupt" lasting -
        "The stored conversation fails its checks and is not served." "Tell the operator; the log names file and offset.";
    502 Internal "internal" temporary 500
        "The server lost track of this frame; it may or may not have taken effect." "Send it again, with the same id.";
    503 GoingAway "going_away" temporary 1000
        "The node is stopping and takes nothing new." "Reconnect, then send it again with the same id.";
    600 RateLimited "rate_limited" temporary 1000
        "This connection sends faster than it may." "Slow down; send it again after the pause.";
    601 BusyMessages "busy_messages" temporary 1000
        "Overload reaches messages in open conversations (L1)." "Send it again, with the same id.";
    602 BusyActions "busy_actions" temporary 2000
        "Overload: actions of staff are refused (L2)." "Try again after the pause.";
    603 BusyResume "busy_resume" temporary 3000
        "Overload: attaching is refused (L3)." "Attach again after the pause.";
    604 BusyNewConversations "busy_new_conversations" temporary 5000
        "Overload: no new conversations are opened (L4)." "Send it again after the pause, with the same id.";
    605 BusyHistory "busy_history" temporary 10000
        "Overload: history and boards are refused (L5)." "Ask again after the pause.";
}

impl Code {
    pub fn number(self) -> u16 {
        self as u16
    }

    /// What a frame of a shed class is refused with. Control is never shed; ephemera are dropped
    /// without an answer.
    pub fn of_class(class: Class) -> Option<Self> {
        match class {
            Class::Control | Class::Ephemera => None,
            Class::Messages => Some(Code::BusyMessages),
            Class::Actions => Some(Code::BusyActions),
            Class::Resume => Some(Code::BusyResume),
            Class::NewConversations => Some(Code::BusyNewConversations),
            Class::History => Some(Code::BusyHistory),
        }
    }
}

macro_rules! closes {
    ($($number:literal $close:ident $name:literal $meaning:literal $next:literal;)*) => {
        /// Why a connection was closed: 4000 to 4499 reconnect, 4500 to 4999 do not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Close {
            $(#[doc = $meaning] $close = $number,)*
        }

        impl Close {
            pub const ALL: &[Close] = &[$(Close::$close,)*];

            /// The word in logs and metrics.
            pub fn name(self) -> &'static str {
                match self {
                    $(Close::$close => $name,)*
                }
            }

            /// What happened.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Close::$close => $meaning,)*
                }
            }

            /// What to do next.
            pub fn next(self) -> &'static str {
                match self {
                    $(Close::$close => $next,)*
                }
            }
        }
    };
}

closes! {
    4000 GoingAway "going_away"
        "The node stops as planned." "Reconnect after `retry_after_ms`; another node or the next start takes over.";
    4001 SlowConsumer "slow_consumer"
        "Frames waited too long because the client does not read." "Reconnect and resume; read faster than you render.";
    4002 HeartbeatMissed "heartbeat_missed"
        "Nothing came for two heartbeats." "Reconnect and resume.";
    4003 Overloaded "overloaded"
        "The node has more connections or work than it can serve." "Reconnect after `retry_after_ms`.";
    4004 Internal "internal"
        "The server lost the connection's state." "Reconnect and resume.";
    4005 HelloTimeout "hello_timeout"
        "No `hello` came in time." "Reconnect; fetch the ticket before connecting.";
    4006 RateLimited "rate_limited"
        "The client went on sending after `rate_limited` errors." "Reconnect after `retry_after_ms`, and send less.";
    4500 BadProtocol "bad_protocol"
        "Bytes that are not a frame, or no `hello` first." "Correct the client; `reason` says what was wrong.";
    4502 TicketRefused "ticket_refused"
        "The ticket was never given out, was used before, or is older than 30 s." "Connect again only with a new ticket; after three in a row, stop.";
    4503 TooManySessions "too_many_sessions"
        "This identity has as many connections as it may; the oldest one goes." "Stop here; the person is elsewhere.";
    4504 Revoked "revoked"
        "The identity was signed out, disabled or given another role." "Sign in again.";
}

impl Close {
    pub fn number(self) -> u16 {
        self as u16
    }

    /// May the client come back by itself?
    pub fn reconnects(self) -> bool {
        reconnects(self.number())
    }
}

/// May a client come back by itself after a close of this number? 4500 to 4999 say no, and so do the
/// numbers by which WebSocket itself calls a client broken (1002, 1003, 1007, 1009); every other
/// number, known or not, says yes.
pub fn reconnects(number: u16) -> bool {
    !matches!(number, 1002 | 1003 | 1007 | 1009 | 4500..=4999)
}
