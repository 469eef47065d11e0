//! Stored events of each log.

use crest_schema::stored::{Record, conversation as c, ledger, pointer};

use super::{AT, CONVERSATION, MESSAGE};

fn authors() -> Vec<c::Author<'static>> {
    vec![
        c::Author::Customer,
        c::Author::Bot,
        c::Author::Agent("lin".into()),
        c::Author::Supervisor("wang".into()),
        c::Author::System,
    ]
}

fn bodies() -> Vec<c::Body<'static>> {
    vec![
        c::Body::Text("这款有货吗？".into()),
        c::Body::Image {
            url: "u".into(),
            alt: "a".into(),
            bytes: 204_800,
        },
        c::Body::File {
            url: "u".into(),
            name: "发票.pdf".into(),
            media_type: "application/pdf".into(),
            bytes: 1,
        },
        c::Body::Card {
            title: "订单".into(),
            text: "已发货".into(),
            url: Some("u".into()),
            image_url: Some("i".into()),
        },
        c::Body::Card {
            title: "订单".into(),
            text: "".into(),
            url: None,
            image_url: None,
        },
        c::Body::Choices {
            text: "哪一个？".into(),
            options: vec!["甲".into(), "乙".into()],
        },
    ]
}

fn reasons() -> Vec<c::WaitReason<'static>> {
    vec![
        c::WaitReason::Asked,
        c::WaitReason::BotMissed,
        c::WaitReason::ArticleSays,
        c::WaitReason::NoBot,
        c::WaitReason::Missed("lin".into()),
        c::WaitReason::Declined("lin".into()),
        c::WaitReason::AgentLost("lin".into()),
        c::WaitReason::Transfer("lin".into()),
        c::WaitReason::Overflow("vip".into()),
        c::WaitReason::GivenBack("wang".into()),
        c::WaitReason::Reopened,
    ]
}

const CLOSE_REASONS: [c::CloseReason; 7] = [
    c::CloseReason::Resolved,
    c::CloseReason::CustomerLeft,
    c::CloseReason::Silence,
    c::CloseReason::Abandoned,
    c::CloseReason::LeftMessage,
    c::CloseReason::CallBack,
    c::CloseReason::Overflow,
];

fn offer() -> c::Offer<'static> {
    c::Offer {
        conversation: CONVERSATION,
        position: 7,
        agent: "lin".into(),
    }
}

fn waiting(reason: c::WaitReason<'static>) -> c::Waiting<'static> {
    let full = matches!(reason, c::WaitReason::Asked);
    c::Waiting {
        group: "after-sales".into(),
        reason,
        enqueued_at: AT,
        boost_ms: 60_000,
        required: if full { vec!["refund".into()] } else { vec![] },
        preferred: if full {
            vec!["cantonese".into()]
        } else {
            vec![]
        },
        preferred_until: AT + 60_000,
        sticky: full.then(|| ("lin".into(), AT + 20_000)),
        excluded: if full { vec!["mei".into()] } else { vec![] },
        weight: 1,
    }
}

fn plain_events() -> Vec<(&'static str, c::Event<'static>)> {
    vec![
        (
            "opened",
            c::Event::Opened(c::Opened {
                opening: 1,
                customer: "c-1".into(),
                channel: "web".into(),
                tier: 2,
                display_name: Some("陈女士".into()),
                attributes: vec![("city".into(), "杭州".into())],
                language: Some("zh-CN".into()),
                group: "after-sales".into(),
                sticky: Some("lin".into()),
            }),
        ),
        (
            "opened_bare",
            c::Event::Opened(c::Opened {
                opening: 0,
                customer: "c-1".into(),
                channel: "web".into(),
                tier: 0,
                display_name: None,
                attributes: vec![],
                language: None,
                group: "after-sales".into(),
                sticky: None,
            }),
        ),
        (
            "edited",
            c::Event::Edited(c::Edited {
                of: 4,
                customer_of: 3,
                author: c::Author::Customer,
                id: MESSAGE,
                body: c::Body::Text("改".into()),
            }),
        ),
        (
            "recalled",
            c::Event::Recalled(c::Recalled {
                of: 4,
                customer_of: 3,
                author: c::Author::Customer,
                id: MESSAGE,
            }),
        ),
        (
            "whisper",
            c::Event::Whisper(c::Whisper {
                author: "wang".into(),
                id: MESSAGE,
                text: "给他包邮".into(),
            }),
        ),
        (
            "bot_turned",
            c::Event::BotTurned(c::BotTurned {
                turn: 3,
                misses: 1,
                topic: Some("deposit-refund".into()),
                candidates: vec!["deposit-refund".into()],
                answer: Some(c::Answer {
                    article: "deposit-refund".into(),
                    score_permille: 871,
                    runner_up: Some(("return-freight".into(), 312)),
                    knowledge_version: 17,
                }),
            }),
        ),
        (
            "offered",
            c::Event::Offered(c::Offered {
                offer: offer(),
                weight: 1,
                expires_at: AT + 30_000,
            }),
        ),
        (
            "accepted",
            c::Event::Accepted(c::Accepted { offer: offer() }),
        ),
        (
            "transfer_requested",
            c::Event::TransferRequested(c::TransferRequested {
                by: "lin".into(),
                to: "mei".into(),
                forced: true,
                note: Some("老客户".into()),
            }),
        ),
        (
            "transferred",
            c::Event::Transferred(c::Transferred {
                offer: offer(),
                weight: 2,
            }),
        ),
        (
            "transfer_failed",
            c::Event::TransferFailed(c::TransferFailed { position: 9 }),
        ),
        (
            "taken_over",
            c::Event::TakenOver(c::TakenOver {
                supervisor: "wang".into(),
            }),
        ),
        (
            "given_back",
            c::Event::GivenBack(c::TakenOver {
                supervisor: "wang".into(),
            }),
        ),
        (
            "rated",
            c::Event::Rated(c::Rated {
                level: 4,
                comment: Some("很快".into()),
                served_by: c::Author::Bot,
            }),
        ),
    ]
}

pub fn conversation() -> Vec<(String, Record<c::Event<'static>>)> {
    let mut events: Vec<(String, c::Event)> = plain_events()
        .into_iter()
        .map(|(name, event)| (name.to_owned(), event))
        .collect();
    for (n, author) in authors().into_iter().enumerate() {
        let body = c::Body::Text("你好".into());
        let id = matches!(author, c::Author::Customer).then_some(MESSAGE);
        let message = c::Message { author, id, body };
        events.push((format!("message_{n}"), c::Event::Message(message)));
    }
    for (n, body) in bodies().into_iter().enumerate() {
        let author = c::Author::Bot;
        let message = c::Message {
            author,
            id: None,
            body,
        };
        events.push((format!("message_body_{n}"), c::Event::Message(message)));
    }
    for (n, reason) in reasons().into_iter().enumerate() {
        events.push((format!("waiting_{n}"), c::Event::Waiting(waiting(reason))));
    }
    for (n, reason) in CLOSE_REASONS.into_iter().enumerate() {
        let until = AT + 60_000;
        events.push((
            format!("wrap_up_{n}"),
            c::Event::WrapUp(c::WrapUp { reason, until }),
        ));
        let closed = c::Closed {
            reason,
            code: (n == 0).then(|| "refund".into()),
            by: c::Author::System,
        };
        events.push((format!("closed_{n}"), c::Event::Closed(closed)));
    }
    let resumed = c::BotResumed {
        group: "after-sales".into(),
    };
    events.push(("bot_resumed".into(), c::Event::BotResumed(resumed)));
    record(events, |n| (n % 2 == 0).then_some(n as u64))
}

pub fn ledger() -> Vec<(String, Record<ledger::Event>)> {
    let reservation = ledger::Reservation {
        conversation: CONVERSATION,
        position: 7,
        weight: 1,
        forced: false,
    };
    let forced = ledger::Reservation {
        forced: true,
        ..reservation
    };
    let released = ledger::Released {
        conversation: CONVERSATION,
        position: 7,
    };
    let base = ledger::Base {
        reservations: vec![reservation, forced],
    };
    let events = vec![
        ("granted".to_owned(), ledger::Event::Granted(reservation)),
        ("granted_forced".to_owned(), ledger::Event::Granted(forced)),
        ("released".to_owned(), ledger::Event::Released(released)),
        ("base".to_owned(), ledger::Event::Base(base)),
    ];
    record(events, |_| None)
}

pub fn pointer() -> Vec<(String, Record<pointer::Event<'static>>)> {
    let pointer = |closed_at, agent, served| pointer::Pointer {
        channel: "web".into(),
        conversation: CONVERSATION,
        opening: 1,
        closed_at,
        agent,
        served,
    };
    let pointed = pointer::Pointed {
        channel: "web".into(),
        conversation: CONVERSATION,
        opening: 0,
    };
    let cleared = pointer::Cleared {
        channel: "web".into(),
        conversation: CONVERSATION,
        opening: 0,
        agent: Some("lin".into()),
        at: AT,
    };
    let base = pointer::Base {
        pointers: vec![
            pointer(None, None, None),
            pointer(Some(AT), None, None),
            pointer(Some(AT), Some("lin".into()), None),
        ],
    };
    let served = pointer::Base {
        pointers: vec![pointer(None, None, Some((AT, "mei".into())))],
    };
    let events = vec![
        ("pointed".to_owned(), pointer::Event::Pointed(pointed)),
        ("cleared".to_owned(), pointer::Event::Cleared(cleared)),
        ("base".to_owned(), pointer::Event::Base(base)),
        ("base_served".to_owned(), pointer::Event::Base(served)),
    ];
    record(events, |_| None)
}

fn record<E>(
    events: Vec<(String, E)>,
    customer_seq: impl Fn(usize) -> Option<u64>,
) -> Vec<(String, Record<E>)> {
    events
        .into_iter()
        .enumerate()
        .map(|(n, (name, event))| {
            let record = Record {
                at: AT,
                customer_seq: customer_seq(n),
                event,
            };
            (name, record)
        })
        .collect()
}
