//! Frames of the server.

use crest_schema::ServerFrame as F;
use crest_schema::codes::{Close, Code};
use crest_schema::frame::client::{Empty, Named};
use crest_schema::frame::customer_view::*;
use crest_schema::frame::desk::*;
use crest_schema::frame::server::*;
use crest_schema::frame::staff_view::{Author, StaffEntry};
use crest_schema::frame::{Body, CloseReason};

use super::client::bodies;
use super::{AT, CONVERSATION, MESSAGE, staff};

const REASONS: [CloseReason; 7] = [
    CloseReason::Resolved,
    CloseReason::CustomerLeft,
    CloseReason::Silence,
    CloseReason::Abandoned,
    CloseReason::LeftMessage,
    CloseReason::CallBack,
    CloseReason::Overflow,
];

pub fn speakers() -> Vec<Speaker<'static>> {
    vec![
        Speaker::You,
        Speaker::Bot,
        Speaker::Agent("lin".into()),
        Speaker::Desk,
        Speaker::System,
    ]
}

pub fn customer_events() -> Vec<(String, CustomerEvent<'static>)> {
    let text = || Body::Text("有货".into());
    let from = || Speaker::Agent("lin".into());
    let mut events = vec![
        ("opened".into(), CustomerEvent::Opened { opening: 0 }),
        (
            "edited".into(),
            CustomerEvent::Edited {
                of: 2,
                from: from(),
                body: text(),
            },
        ),
        (
            "recalled".into(),
            CustomerEvent::Recalled {
                of: 2,
                from: from(),
            },
        ),
        ("waiting".into(), CustomerEvent::Waiting),
        (
            "joined".into(),
            CustomerEvent::Joined {
                agent: "lin".into(),
            },
        ),
        ("rated".into(), CustomerEvent::Rated { level: 4 }),
    ];
    for (n, from) in speakers().into_iter().enumerate() {
        let id = matches!(from, Speaker::You).then_some(MESSAGE);
        events.push((
            format!("message_{n}"),
            CustomerEvent::Message {
                from,
                id,
                body: text(),
            },
        ));
    }
    for (name, body) in bodies() {
        events.push((
            format!("message_{name}"),
            CustomerEvent::Message {
                from: Speaker::Bot,
                id: None,
                body,
            },
        ));
    }
    for (n, reason) in REASONS.into_iter().enumerate() {
        events.push((format!("ended_{n}"), CustomerEvent::Ended { reason }));
    }
    events.push(("bot_resumed".into(), CustomerEvent::BotResumed));
    events
}

fn desk() -> Vec<(String, F<'static>)> {
    let offer = Offer {
        conversation: CONVERSATION,
        position: 7,
    };
    let entry = StaffEntry {
        seq: 5,
        at: AT,
        customer_seq: Some(4),
        event: staff::events().swap_remove(3).1,
    };
    let mut frames = vec![
        (
            "staff_attached",
            F::StaffAttached(StaffAttached {
                conversation: CONVERSATION,
                last: 12,
                state: staff::summary(),
            }),
        ),
        (
            "staff_typing",
            F::StaffTyping(StaffTyping {
                conversation: CONVERSATION,
                from: Author::Customer,
            }),
        ),
        (
            "staff_read",
            F::StaffRead(StaffRead {
                conversation: CONVERSATION,
                from: Author::Supervisor("wang".into()),
                up_to: 9,
            }),
        ),
        (
            "staff_history_page",
            F::StaffHistoryPage(StaffHistoryPage {
                conversation: CONVERSATION,
                events: vec![entry.clone()],
                more: true,
            }),
        ),
        (
            "offer",
            F::Offer(OfferFrame {
                offer,
                expires_at: AT + 30_000,
                context: OfferContext {
                    summary: staff::summary_of(Phase::Offered),
                    display_name: Some("陈女士".into()),
                    attributes: vec![("city".into(), "杭州".into())],
                    reason: Some(staff::reasons().swap_remove(0)),
                    bot: staff::bot(),
                    messages: vec![entry],
                    transfer_note: Some("老客户".into()),
                },
            }),
        ),
        (
            "offer_bare",
            F::Offer(OfferFrame {
                offer,
                expires_at: AT,
                context: OfferContext {
                    summary: staff::summary_of(Phase::Active),
                    display_name: None,
                    attributes: vec![],
                    reason: None,
                    bot: staff::bot_bare(),
                    messages: vec![],
                    transfer_note: None,
                },
            }),
        ),
        (
            "assigned",
            F::Assigned(Named {
                conversation: CONVERSATION,
            }),
        ),
        (
            "unassigned",
            F::Unassigned(Named {
                conversation: CONVERSATION,
            }),
        ),
        (
            "presence",
            F::Presence(PresenceFrame {
                state: staff::agent_row(Presence::NotReady("lunch".into())),
                next: Some(Presence::Offline),
                held: vec![CONVERSATION],
            }),
        ),
        (
            "board_snapshot",
            F::Board(Board {
                version: 8,
                since: None,
                at: AT,
                conversations: [
                    Phase::BotServing,
                    Phase::Waiting,
                    Phase::Offered,
                    Phase::Active,
                    Phase::WrapUp,
                    Phase::Closed,
                ]
                .map(staff::summary_of)
                .to_vec(),
                agents: vec![staff::agent_row(Presence::Ready)],
                queues: vec![QueueRow {
                    group: "after-sales".into(),
                    length: 4,
                    oldest_since: Some(AT),
                    assigned_120s: 12,
                    abandoned_120s: 1,
                    ready_agents: 2,
                }],
                more: true,
            }),
        ),
        (
            "board_diff",
            F::Board(Board {
                version: 9,
                since: Some(8),
                at: AT,
                conversations: vec![],
                agents: vec![],
                queues: vec![],
                more: false,
            }),
        ),
    ]
    .into_iter()
    .map(|(name, frame)| (name.to_owned(), frame))
    .collect::<Vec<_>>();
    let outcomes = [
        OfferOutcome::Accepted,
        OfferOutcome::Declined,
        OfferOutcome::Missed,
        OfferOutcome::Rescinded,
    ];
    for (n, outcome) in outcomes.into_iter().enumerate() {
        frames.push((
            format!("offer_gone_{n}"),
            F::OfferGone(OfferGone { offer, outcome }),
        ));
    }
    for (n, (name, event)) in staff::events().into_iter().enumerate() {
        frames.push((
            format!("staff_event_{name}"),
            F::StaffEvent(StaffEventFrame {
                conversation: CONVERSATION,
                seq: n as u64 + 1,
                at: AT,
                customer_seq: (n % 2 == 0).then_some(n as u64),
                event,
            }),
        ));
    }
    frames
}

fn connection() -> Vec<(&'static str, Option<u32>, F<'static>)> {
    let welcome = |role| Welcome {
        session: "1-0-42-7".into(),
        role,
        tenant: "demo".into(),
        name: "c-1".into(),
        display_name: (role == Role::Customer).then(|| "陈女士".into()),
        at: AT,
        heartbeat_ms: 30_000,
        limits: Limits {
            frame_bytes: 65_536,
            text_bytes: 16_384,
            history_events: 200,
            unacked: 32,
        },
    };
    vec![
        (
            "welcome_customer",
            Some(1),
            F::Welcome(welcome(Role::Customer)),
        ),
        ("welcome_agent", Some(1), F::Welcome(welcome(Role::Agent))),
        (
            "welcome_supervisor",
            Some(1),
            F::Welcome(welcome(Role::Supervisor)),
        ),
        ("welcome_admin", Some(1), F::Welcome(welcome(Role::Admin))),
        ("pong", None, F::Pong(Empty {})),
        (
            "ack",
            Some(2),
            F::Ack(Ack {
                id: Some(MESSAGE),
                conversation: CONVERSATION,
                seq: 3,
                at: AT,
            }),
        ),
        (
            "ack_without_id",
            Some(2),
            F::Ack(Ack {
                id: None,
                conversation: CONVERSATION,
                seq: 3,
                at: AT,
            }),
        ),
        (
            "done",
            Some(3),
            F::Done(Done {
                conversation: Some(CONVERSATION),
            }),
        ),
        ("done_bare", Some(3), F::Done(Done { conversation: None })),
        (
            "error",
            Some(4),
            Error::with_words(Code::StorageUnavailable, "the disk is full")
                .about(Some(MESSAGE), Some(CONVERSATION))
                .into(),
        ),
        (
            "error_lasting",
            Some(4),
            Error::with_words(Code::UnknownType, "frame type 200 is not known").into(),
        ),
        (
            "bye",
            None,
            Bye::with_words(Close::GoingAway, "the node stops")
                .retry_after(1_500)
                .into(),
        ),
        (
            "bye_for_good",
            None,
            Bye::with_words(Close::BadProtocol, "bytes after the end of the frame").into(),
        ),
    ]
}

pub fn frames() -> Vec<(String, Option<u32>, F<'static>)> {
    let mut frames: Vec<(String, Option<u32>, F)> = connection()
        .into_iter()
        .map(|(name, reference, frame)| (name.to_owned(), reference, frame))
        .collect();
    let mut push = |name: &str, frame: F<'static>| frames.push((name.to_owned(), None, frame));
    push(
        "routed",
        F::Routed(Routed {
            conversation: Some(CONVERSATION),
            opening: 1,
            open: true,
        }),
    );
    push(
        "routed_nowhere",
        F::Routed(Routed {
            conversation: None,
            opening: 0,
            open: false,
        }),
    );
    push(
        "attached",
        F::Attached(Attached {
            conversation: CONVERSATION,
            last: 9,
            state: CustomerState {
                opening: 1,
                open: true,
                waiting: true,
                may_rate: false,
                place: Some(Position {
                    position: 3,
                    wait_minutes: None,
                    call_back: true,
                }),
            },
        }),
    );
    for (n, (name, event)) in customer_events().into_iter().enumerate() {
        let event = Event {
            conversation: CONVERSATION,
            seq: n as u64 + 1,
            at: AT,
            event,
        };
        push(&format!("event_{name}"), F::Event(event));
    }
    let reasons = [
        ("far", GapReason::Far),
        ("unavailable", GapReason::Unavailable),
    ];
    for (name, reason) in reasons {
        let gap = Gap {
            conversation: CONVERSATION,
            from: 10,
            to: 300,
            reason,
        };
        push(&format!("gap_{name}"), F::Gap(gap));
    }
    push(
        "typing",
        F::Typing(Typing {
            conversation: CONVERSATION,
            from: Speaker::Desk,
        }),
    );
    push(
        "read",
        F::Read(Read {
            conversation: CONVERSATION,
            from: Speaker::Agent("lin".into()),
            up_to: 4,
        }),
    );
    push(
        "place",
        F::Place(Place {
            conversation: CONVERSATION,
            position: 12,
            wait_minutes: Some(4),
            call_back: false,
        }),
    );
    push(
        "ended",
        F::Ended(Ended {
            conversation: CONVERSATION,
            opening: 1,
        }),
    );
    push(
        "history_page",
        F::HistoryPage(HistoryPage {
            conversation: CONVERSATION,
            events: vec![CustomerEntry {
                seq: 2,
                at: AT,
                event: CustomerEvent::Waiting,
            }],
            more: false,
        }),
    );
    for (name, frame) in desk() {
        push(&name, frame);
    }
    frames
}
