//! Frames between nodes: one item of each kind, and a piece.

use crest_schema::node::{AgentKey, AgentNote, GroupKey, Presence};
use crest_schema::node::{
    Command, ConversationKey, ConversationNote, CustomerKey, CustomerNote, Entry, Envelope, Head,
    Identity, Item, Part, Publication, Push, QueueNote, Session, Stray, Withdrawn,
};
use crest_schema::stored::{Record, conversation as c};

use super::{AT, CONVERSATION, MESSAGE};

const SESSION: Session = Session(2, 1, 70_000, 3);

/// Name, head and items.
pub fn frames() -> Vec<(String, Head, Vec<Item<'static>>)> {
    let whole = |(seq, (name, items)): (u64, (&str, Vec<Item<'static>>))| {
        (name.to_owned(), head(seq), items)
    };
    (1..).zip(items()).map(whole).collect()
}

/// A head whose frame holds the second of three pieces.
pub fn piece() -> Head {
    Head {
        part: Some(Part { index: 1, of: 3 }),
        ..head(1 << 40)
    }
}

fn head(seq: u64) -> Head {
    Head {
        node: 300,
        incarnation: MESSAGE,
        seq,
        part: None,
    }
}

fn items() -> Vec<(&'static str, Vec<Item<'static>>)> {
    vec![
        ("nothing", vec![]),
        ("say", vec![Item::Tell(say())]),
        ("again", vec![Item::Retry(enter())]),
        (
            "not_mine",
            vec![Item::Stray(Stray {
                envelope: withdraw(),
                epoch: 7,
            })],
        ),
        (
            "said",
            vec![Item::Push(SESSION, acknowledged()), Item::Publish(said())],
        ),
        ("ready", vec![Item::Tell(ready())]),
        ("rally", vec![Item::Rally("demo".into())]),
    ]
}

fn say() -> Envelope<'static> {
    let key = ConversationKey {
        tenant: "demo".into(),
        id: CONVERSATION,
    };
    let command = Command::Say {
        id: MESSAGE,
        body: c::Body::Text("在吗".into()),
    };
    let note = ConversationNote::Command {
        session: SESSION,
        link: 1,
        number: 0,
        reference: 5,
        command,
    };
    Envelope::Conversation(key, note)
}

fn enter() -> Envelope<'static> {
    let key = CustomerKey {
        tenant: "demo".into(),
        customer: "李".into(),
    };
    let identity = Identity {
        channel: "web".into(),
        tier: 1,
        display_name: None,
        attributes: vec![("vip".into(), "yes".into())],
        language: Some("zh".into()),
        group: None,
    };
    let note = CustomerNote::Enter {
        session: SESSION,
        identity,
        open: true,
    };
    Envelope::Customer(key, note)
}

fn withdraw() -> Envelope<'static> {
    let key = GroupKey {
        tenant: "demo".into(),
        group: "presale".into(),
    };
    let note = QueueNote::Withdraw {
        conversation: CONVERSATION,
        entry: 4,
        why: Withdrawn::Abandoned,
    };
    Envelope::Queue(key, note)
}

fn ready() -> Envelope<'static> {
    let key = AgentKey {
        tenant: "demo".into(),
        agent: "lin".into(),
    };
    let note = AgentNote::SetPresence {
        session: SESSION,
        reference: 6,
        presence: Presence::Ready,
        next: Some(Presence::NotReady {
            reason: "lunch".into(),
        }),
    };
    Envelope::Agent(key, note)
}

fn acknowledged() -> Push<'static> {
    Push::Ack {
        reference: 5,
        id: Some(MESSAGE),
        conversation: CONVERSATION,
        number: Some(0),
        seq: 2,
        at: AT,
    }
}

fn said() -> Publication<'static> {
    let message = c::Message {
        author: c::Author::Customer,
        id: Some(MESSAGE),
        body: c::Body::Text("在吗".into()),
    };
    Publication {
        conversation: CONVERSATION,
        entry: Entry {
            seq: 2,
            record: Record {
                at: AT,
                customer_seq: Some(2),
                event: c::Event::Message(message),
            },
        },
        customers: vec![SESSION],
        staff: vec![],
    }
}
