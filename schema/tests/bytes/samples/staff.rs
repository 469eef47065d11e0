//! Staff events, and pictures of the desk.

use crest_schema::frame::desk::*;
use crest_schema::frame::staff_view::*;
use crest_schema::frame::{Body, CloseReason};

use super::{AT, CONVERSATION, MESSAGE};

pub fn authors() -> Vec<Author<'static>> {
    vec![
        Author::Customer,
        Author::Bot,
        Author::Agent("lin".into()),
        Author::Supervisor("wang".into()),
        Author::System,
    ]
}

pub fn reasons() -> Vec<WaitReason<'static>> {
    vec![
        WaitReason::Asked,
        WaitReason::BotMissed,
        WaitReason::ArticleSays,
        WaitReason::NoBot,
        WaitReason::Missed("lin".into()),
        WaitReason::Declined("lin".into()),
        WaitReason::AgentLost("lin".into()),
        WaitReason::Transfer("lin".into()),
        WaitReason::Overflow("vip".into()),
        WaitReason::GivenBack("wang".into()),
        WaitReason::Reopened,
    ]
}

pub fn bot() -> BotContext<'static> {
    BotContext {
        turn: 3,
        misses: 1,
        topic: Some("deposit-refund".into()),
        candidates: vec!["deposit-refund".into(), "return-freight".into()],
        answer: Some(Answer {
            article: "deposit-refund".into(),
            score_permille: 871,
            runner_up: Some(("return-freight".into(), 312)),
            knowledge_version: 17,
        }),
    }
}

pub fn bot_bare() -> BotContext<'static> {
    BotContext {
        turn: 1,
        misses: 0,
        topic: None,
        candidates: vec![],
        answer: None,
    }
}

pub fn waiting(reason: WaitReason<'static>) -> Waiting<'static> {
    let full = matches!(reason, WaitReason::Asked);
    Waiting {
        group: "after-sales".into(),
        reason,
        enqueued_at: AT,
        boost_ms: 180_000,
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

pub fn events() -> Vec<(String, StaffEvent<'static>)> {
    let mut events = vec![
        (
            "opened",
            StaffEvent::Opened(Opened {
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
            "edited",
            StaffEvent::Edited {
                of: 4,
                author: Author::Agent("lin".into()),
                id: MESSAGE,
                body: Body::Text("有货".into()),
            },
        ),
        (
            "recalled",
            StaffEvent::Recalled {
                of: 4,
                author: Author::Customer,
                id: MESSAGE,
            },
        ),
        (
            "whisper",
            StaffEvent::Whisper {
                author: "wang".into(),
                id: MESSAGE,
                text: "给他包邮".into(),
            },
        ),
        ("bot_turned", StaffEvent::BotTurned(bot())),
        ("bot_turned_bare", StaffEvent::BotTurned(bot_bare())),
        (
            "offered",
            StaffEvent::Offered {
                position: 7,
                agent: "lin".into(),
                weight: 1,
                expires_at: AT + 30_000,
            },
        ),
        (
            "accepted",
            StaffEvent::Accepted {
                position: 7,
                agent: "lin".into(),
            },
        ),
        (
            "transfer_requested",
            StaffEvent::TransferRequested {
                by: "lin".into(),
                to: "mei".into(),
                forced: true,
                note: Some("老客户".into()),
            },
        ),
        (
            "transferred",
            StaffEvent::Transferred {
                position: 9,
                agent: "mei".into(),
                weight: 2,
            },
        ),
        (
            "transfer_failed",
            StaffEvent::TransferFailed { position: 9 },
        ),
        (
            "taken_over",
            StaffEvent::TakenOver {
                supervisor: "wang".into(),
            },
        ),
        (
            "given_back",
            StaffEvent::GivenBack {
                supervisor: "wang".into(),
            },
        ),
        (
            "wrap_up",
            StaffEvent::WrapUp {
                reason: CloseReason::Resolved,
                until: AT + 60_000,
            },
        ),
        (
            "closed",
            StaffEvent::Closed {
                reason: CloseReason::Silence,
                code: Some("refund".into()),
                by: Author::System,
            },
        ),
        (
            "rated",
            StaffEvent::Rated {
                level: 1,
                comment: Some("太慢".into()),
                served_by: Author::Bot,
            },
        ),
    ]
    .into_iter()
    .map(|(name, event)| (name.to_owned(), event))
    .collect::<Vec<_>>();
    for (n, author) in authors().into_iter().enumerate() {
        let id = matches!(author, Author::Customer).then_some(MESSAGE);
        let body = Body::Text("你好".into());
        events.push((
            format!("message_{n}"),
            StaffEvent::Message { author, id, body },
        ));
    }
    for (n, reason) in reasons().into_iter().enumerate() {
        events.push((format!("waiting_{n}"), StaffEvent::Waiting(waiting(reason))));
    }
    let from = "after-sales".into();
    events.push(("bot_resumed".into(), StaffEvent::BotResumed { from }));
    events
}

pub fn summary() -> Summary<'static> {
    Summary {
        conversation: CONVERSATION,
        customer: "c-1".into(),
        channel: "web".into(),
        tier: 1,
        phase: Phase::Closed,
        position: 12,
        group: "after-sales".into(),
        agent: Some("lin".into()),
        taken_over: false,
        opened_at: AT,
        phase_since: AT + 1,
        enqueued_at: Some(AT + 2),
        closed_at: Some(AT + 3),
        close_reason: Some(CloseReason::CustomerLeft),
        rating: Some(3),
    }
}

pub fn summary_of(phase: Phase) -> Summary<'static> {
    Summary {
        conversation: CONVERSATION,
        customer: "c-2".into(),
        channel: "app".into(),
        tier: 0,
        phase,
        position: 1,
        group: "pre-sales".into(),
        agent: None,
        taken_over: true,
        opened_at: AT,
        phase_since: AT,
        enqueued_at: None,
        closed_at: None,
        close_reason: None,
        rating: None,
    }
}

pub fn agent_row(presence: Presence<'static>) -> AgentRow<'static> {
    AgentRow {
        agent: "lin".into(),
        presence,
        load: 2,
        capacity: 3,
        idle_since: AT,
        offerable: true,
    }
}
