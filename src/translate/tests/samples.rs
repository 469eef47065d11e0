//! Every event, with `secret` wherever a customer must not look.

use crest_actors::conversation::{
    Answer, Author, Body, BotContext, CloseReason, Entry, Event, Message, Opened, PhaseKind,
    Summary, Target, WaitReason, Waiting,
};
use crest_actors::ids::{
    AgentId, ChannelId, ClientMsgId, ConversationId, ConversationKey, CustomerId, GroupId, Millis,
    OfferId, Seq, Skill, TenantId,
};

pub const CONVERSATION: ConversationId = ConversationId([7; 16]);
pub const MESSAGE: ClientMsgId = ClientMsgId([9; 16]);
const AT: Millis = Millis(1_762_787_696_123);

pub fn entry<E>(seq: u64, event: E) -> Entry<E> {
    Entry {
        seq: Seq(seq),
        at: AT,
        customer_seq: Some(Seq(seq)),
        event,
    }
}

pub fn summary(name: &str) -> Summary {
    Summary {
        key: ConversationKey {
            tenant: TenantId::new("demo"),
            id: CONVERSATION,
        },
        customer: CustomerId::new(name),
        channel: ChannelId::new(name),
        tier: 2,
        phase: PhaseKind::Active,
        position: Seq(u64::MAX),
        group: GroupId::new(name),
        agent: Some(AgentId::new(name)),
        taken_over: true,
        opened_at: AT,
        phase_since: AT,
        enqueued_at: Some(AT),
        closed_at: Some(AT),
        close_reason: Some(CloseReason::CustomerLeft),
        rating: Some(4),
        awake: true,
    }
}

pub fn bodies() -> Vec<Body> {
    vec![
        Body::Text("你好".into()),
        Body::Image {
            url: "u".into(),
            alt: "a".into(),
            bytes: 1,
        },
        Body::File {
            url: "u".into(),
            name: "n".into(),
            media_type: "m".into(),
            bytes: 2,
        },
        Body::Card {
            title: "t".into(),
            text: "x".into(),
            url: Some("u".into()),
            image_url: None,
        },
        Body::Choices {
            text: "t".into(),
            options: vec!["a".into(), "b".into()],
        },
    ]
}

fn offer(agent: &str) -> OfferId {
    OfferId {
        conversation: CONVERSATION,
        position: Seq(7),
        agent: AgentId::new(agent),
    }
}

pub fn bot(secret: &str) -> BotContext {
    BotContext {
        turn: 2,
        misses: 1,
        topic: Some(secret.into()),
        candidates: vec![secret.into()],
        answer: Some(Answer {
            article: secret.into(),
            score_permille: 900,
            runner_up: Some((secret.into(), 100)),
            knowledge_version: 3,
        }),
    }
}

fn waits(secret: &str) -> Vec<Event> {
    let agent = AgentId::new(secret);
    let reasons = [
        WaitReason::Asked,
        WaitReason::BotMissed,
        WaitReason::ArticleSays,
        WaitReason::NoBot,
        WaitReason::Missed(agent.clone()),
        WaitReason::Declined(agent.clone()),
        WaitReason::AgentLost(agent.clone()),
        WaitReason::Transfer(agent.clone()),
        WaitReason::Overflow(GroupId::new(secret)),
        WaitReason::GivenBack(agent.clone()),
        WaitReason::Reopened,
    ];
    let waiting = |reason| {
        Event::Waiting(Waiting {
            group: GroupId::new(secret),
            reason,
            enqueued_at: AT,
            boost_ms: 60_000,
            required: vec![Skill::new(secret)],
            preferred: vec![Skill::new(secret)],
            preferred_until: AT,
            sticky: Some((agent.clone(), AT)),
            excluded: vec![agent.clone()],
            weight: 1,
        })
    };
    reasons.into_iter().map(waiting).collect()
}

fn said() -> Vec<Event> {
    let authors = [
        Author::Customer,
        Author::Bot,
        Author::Agent(AgentId::new("lin")),
        Author::System,
    ];
    let mut events = Vec::new();
    for body in bodies() {
        for author in authors.clone() {
            let id = matches!(author, Author::Customer).then_some(MESSAGE);
            let body = body.clone();
            events.push(Event::Message(Message { author, id, body }));
        }
    }
    events
}

fn ends(secret: &str) -> Vec<Event> {
    let reasons = [
        CloseReason::Resolved,
        CloseReason::CustomerLeft,
        CloseReason::Silence,
        CloseReason::Abandoned,
        CloseReason::LeftMessage,
        CloseReason::CallBack,
        CloseReason::Overflow,
    ];
    let mut events = Vec::new();
    for reason in reasons {
        events.push(Event::WrapUp { reason, until: AT });
        events.push(Event::Closed {
            reason,
            code: Some(secret.into()),
            by: Author::Supervisor(AgentId::new(secret)),
        });
    }
    events
}

/// Every variant; agents that a customer may know are `lin` and `mei`.
pub fn events(secret: &str) -> Vec<Event> {
    let supervisor = AgentId::new(secret);
    let of = Target {
        seq: Seq(4),
        customer_seq: Seq(3),
    };
    let mut events = vec![
        Event::Opened(Opened {
            opening: 1,
            customer: CustomerId::new(secret),
            channel: ChannelId::new(secret),
            tier: 2,
            display_name: Some(secret.into()),
            attributes: vec![(secret.into(), secret.into())],
            language: Some("zh".into()),
            group: GroupId::new(secret),
            sticky: Some(supervisor.clone()),
        }),
        Event::Message(Message {
            author: Author::Supervisor(supervisor.clone()),
            id: Some(MESSAGE),
            body: Body::Text("您好".into()),
        }),
        Event::Edited {
            of,
            author: Author::Supervisor(supervisor.clone()),
            id: MESSAGE,
            body: Body::Text("您好！".into()),
        },
        Event::Recalled {
            of,
            author: Author::Supervisor(supervisor.clone()),
            id: MESSAGE,
        },
        Event::Whisper {
            author: supervisor.clone(),
            id: MESSAGE,
            text: secret.into(),
        },
        Event::BotTurned(bot(secret)),
        Event::Offered {
            offer: offer(secret),
            weight: 1,
            expires_at: AT,
        },
        Event::Accepted {
            offer: offer("lin"),
        },
        Event::TransferRequested {
            by: supervisor.clone(),
            to: supervisor.clone(),
            forced: true,
            note: Some(secret.into()),
        },
        Event::Transferred {
            offer: offer("mei"),
            weight: 2,
        },
        Event::TransferFailed { position: Seq(8) },
        Event::BotResumed {
            from: GroupId::new(secret),
        },
        Event::TakenOver {
            supervisor: supervisor.clone(),
        },
        Event::GivenBack { supervisor },
        Event::Rated {
            level: 2,
            comment: Some(secret.into()),
            served_by: Author::Supervisor(AgentId::new(secret)),
        },
    ];
    events.extend(said());
    events.extend(waits(secret));
    events.extend(ends(secret));
    events
}

/// A new variant must be given its number here, and with it a sample.
pub fn variant(event: &Event) -> usize {
    match event {
        Event::Opened(_) => 0,
        Event::Message(_) => 1,
        Event::Edited { .. } => 2,
        Event::Recalled { .. } => 3,
        Event::Whisper { .. } => 4,
        Event::BotTurned(_) => 5,
        Event::Waiting(_) => 6,
        Event::Offered { .. } => 7,
        Event::Accepted { .. } => 8,
        Event::TransferRequested { .. } => 9,
        Event::Transferred { .. } => 10,
        Event::TransferFailed { .. } => 11,
        Event::TakenOver { .. } => 12,
        Event::GivenBack { .. } => 13,
        Event::WrapUp { .. } => 14,
        Event::Closed { .. } => 15,
        Event::Rated { .. } => 16,
        Event::BotResumed { .. } => 17,
    }
}

pub const VARIANTS: usize = 18;
