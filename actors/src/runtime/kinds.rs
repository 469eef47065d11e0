//! The six kinds, one by one.

use std::convert::Infallible;

use crate::agent::{self, Agent};
use crate::board::{self, Board};
use crate::conversation::{self, Conversation, Entry, Refusal};
use crate::customer::{self, Customer};
use crate::effect::{Address, Effect, Envelope, Push};
use crate::ids::{AgentKey, ConversationKey, CustomerKey, GroupKey, Millis, SessionId, TenantId};
use crate::ports::{Codec, LogId, Record, Stored};
use crate::queue::{self, Queue};
use crate::skill_group::{self, SkillGroup};

use super::Hub;
use super::kind::Kind;
use super::region::Region;

/// For a kind that simply leaves memory.
macro_rules! never_rests {
    () => {
        type Rest = Infallible;

        fn rest(&self, _: Millis) -> Option<Infallible> {
            None
        }

        fn undisturbed(rest: &Infallible, _: &Self::Note) -> bool {
            match *rest {}
        }

        fn resume(&mut self, rest: Infallible) {
            match rest {}
        }
    };
}

/// For a conversation: sessions listen to it while it is out of memory.
macro_rules! rests {
    () => {
        type Rest = conversation::Rest;

        fn rest(&self, now: Millis) -> Option<Self::Rest> {
            Conversation::rest(self, now)
        }

        fn undisturbed(rest: &Self::Rest, note: &Self::Note) -> bool {
            rest.undisturbed(note)
        }

        fn resume(&mut self, rest: Self::Rest) {
            Conversation::resume(self, rest);
        }
    };
}

/// Implements [`Kind`] for an aggregate with a log of its own.
macro_rules! logged {
    ($kind:ty, $name:literal, $key:ty, $note:ty, $event:ty, $address:ident, $log:ident,
     $encode:ident, $decode:ident, $region:ident, $refuse:expr, $resting:ident) => {
        impl Kind for $kind {
            const NAME: &'static str = $name;

            $resting!();

            fn address(key: &$key) -> Address {
                Address::$address(key.clone())
            }

            fn envelope(key: $key, note: $note) -> Envelope {
                Envelope::$address(key, note)
            }

            fn log(key: &$key) -> Option<LogId> {
                Some(LogId::$log(key.clone()))
            }

            fn encode(codec: &dyn Codec, entry: &Entry<$event>) -> Record {
                codec.$encode(entry)
            }

            fn decode(codec: &dyn Codec, stored: &Stored) -> Result<Entry<$event>, String> {
                codec.$decode(stored)
            }

            fn region(hub: &Hub) -> &Region<Self> {
                &hub.$region
            }

            fn refuse(key: &$key, note: &$note) -> Option<Effect> {
                $refuse(key, note)
            }
        }
    };
}

/// Implements [`Kind`] for an index: nothing durable, nobody waits for its answer.
macro_rules! index {
    ($kind:ty, $name:literal, $key:ty, $note:ty, $address:ident, $region:ident) => {
        impl Kind for $kind {
            const NAME: &'static str = $name;

            never_rests!();

            fn address(key: &$key) -> Address {
                Address::$address(key.clone())
            }

            fn envelope(key: $key, note: $note) -> Envelope {
                Envelope::$address(key, note)
            }

            fn log(_: &$key) -> Option<LogId> {
                None
            }

            fn encode(_: &dyn Codec, entry: &Entry<Self::Event>) -> Record {
                match entry.event {}
            }

            fn decode(_: &dyn Codec, stored: &Stored) -> Result<Entry<Self::Event>, String> {
                Err(format!(
                    "{} has no log, yet event {} was read for it",
                    Self::NAME,
                    stored.seq.0
                ))
            }

            fn region(hub: &Hub) -> &Region<Self> {
                &hub.$region
            }

            fn refuse(_: &$key, _: &$note) -> Option<Effect> {
                None
            }
        }
    };
}

logged!(
    Customer,
    "customer",
    CustomerKey,
    customer::Note,
    customer::Event,
    Customer,
    Pointer,
    encode_pointer,
    decode_pointer,
    customers,
    refuse_customer,
    never_rests
);
logged!(
    Conversation,
    "conversation",
    ConversationKey,
    conversation::Note,
    conversation::Event,
    Conversation,
    Conversation,
    encode_conversation,
    decode_conversation,
    conversations,
    refuse_conversation,
    rests
);
logged!(
    Agent,
    "agent",
    AgentKey,
    agent::Note,
    agent::Event,
    Agent,
    Ledger,
    encode_ledger,
    decode_ledger,
    agents,
    refuse_agent,
    never_rests
);
index!(Queue, "queue", GroupKey, queue::Note, Queue, queues);
index!(
    SkillGroup,
    "skill_group",
    GroupKey,
    skill_group::Note,
    SkillGroup,
    skill_groups
);
index!(Board, "board", TenantId, board::Note, Board, boards);

fn refuse_customer(_: &CustomerKey, note: &customer::Note) -> Option<Effect> {
    match note {
        customer::Note::Enter { session, .. } => Some(unavailable(*session, 0)),
        customer::Note::Ended { .. } | customer::Note::Wake => None,
    }
}

fn refuse_conversation(key: &ConversationKey, note: &conversation::Note) -> Option<Effect> {
    let conversation::Note::Command {
        session,
        reference,
        number,
        command,
        ..
    } = note
    else {
        return None;
    };
    Some(Effect::Push(
        *session,
        Push::Refused {
            reference: *reference,
            conversation: Some(key.id),
            number: Some(*number),
            refusal: Refusal::StorageUnavailable,
            id: command.client_id(),
        },
    ))
}

fn refuse_agent(_: &AgentKey, note: &agent::Note) -> Option<Effect> {
    match note {
        agent::Note::SetPresence {
            session, reference, ..
        } => Some(unavailable(*session, *reference)),
        _ => None,
    }
}

fn unavailable(session: SessionId, reference: u32) -> Effect {
    let refusal = Refusal::StorageUnavailable;
    Effect::Push(
        session,
        Push::Refused {
            reference,
            conversation: None,
            number: None,
            refusal,
            id: None,
        },
    )
}

/// What the sender of an envelope that finds no owner is told.
pub(super) fn refuse(envelope: &Envelope) -> Option<Effect> {
    match envelope {
        Envelope::Customer(key, note) => Customer::refuse(key, note),
        Envelope::Conversation(key, note) => Conversation::refuse(key, note),
        Envelope::Agent(key, note) => Agent::refuse(key, note),
        Envelope::Queue(key, note) => Queue::refuse(key, note),
        Envelope::SkillGroup(key, note) => SkillGroup::refuse(key, note),
        Envelope::Board(tenant, note) => Board::refuse(tenant, note),
    }
}
