//! Frames of clients.

use crest_schema::ClientFrame as F;
use crest_schema::frame::Body;
use crest_schema::frame::client::*;
use crest_schema::frame::desk::{Offer, Presence};

use super::{CONVERSATION, MESSAGE};

pub fn bodies() -> Vec<(&'static str, Body<'static>)> {
    vec![
        ("text", Body::Text("这款有货吗？".into())),
        (
            "image",
            Body::Image {
                url: "https://cdn.example/a.jpg".into(),
                alt: "破损的包装".into(),
                bytes: 204_800,
            },
        ),
        (
            "file",
            Body::File {
                url: "https://cdn.example/i.pdf".into(),
                name: "发票.pdf".into(),
                media_type: "application/pdf".into(),
                bytes: 5_000_000_000,
            },
        ),
        (
            "card",
            Body::Card {
                title: "订单 8812".into(),
                text: "已发货".into(),
                url: Some("https://shop.example/o/8812".into()),
                image_url: Some("https://cdn.example/o.jpg".into()),
            },
        ),
        (
            "card_bare",
            Body::Card {
                title: "t".into(),
                text: "".into(),
                url: None,
                image_url: None,
            },
        ),
        (
            "choices",
            Body::Choices {
                text: "您想问哪一个？".into(),
                options: vec!["退定金".into(), "退运费".into()],
            },
        ),
    ]
}

pub fn frames() -> Vec<(String, Option<u32>, F)> {
    let named = Named {
        conversation: CONVERSATION,
    };
    let offer = OfferAnswer {
        offer: Offer {
            conversation: CONVERSATION,
            position: 7,
        },
    };
    let mut frames = vec![
        (
            "hello",
            Some(1),
            F::Hello(Hello {
                ticket: "t-4711".into(),
                client: Some(ClientSoftware {
                    name: "widget".into(),
                    version: "1.0.0".into(),
                }),
                language: Some("zh-CN".into()),
                group: Some("after-sales".into()),
                resume: vec![Resume {
                    conversation: CONVERSATION,
                    after: 41,
                }],
            }),
        ),
        (
            "hello_bare",
            Some(0),
            F::Hello(Hello {
                ticket: "t".into(),
                client: None,
                language: None,
                group: None,
                resume: vec![],
            }),
        ),
        ("ping", Some(2), F::Ping(Empty {})),
        ("ping_unasked", None, F::Ping(Empty {})),
        (
            "edit",
            Some(300),
            F::Edit(Edit {
                conversation: Some(CONVERSATION),
                id: MESSAGE,
                of: 70_000,
                body: Body::Text("改好了".into()),
            }),
        ),
        (
            "recall",
            Some(70_000),
            F::Recall(Recall {
                conversation: None,
                id: MESSAGE,
                of: 3,
            }),
        ),
        ("typing", None, F::Typing(Typing { conversation: None })),
        (
            "read",
            None,
            F::Read(Read {
                conversation: Some(CONVERSATION),
                up_to: 12,
            }),
        ),
        (
            "history",
            Some(4),
            F::History(History {
                conversation: Some(CONVERSATION),
                after: Some(0),
                before: Some(100),
                limit: Some(200),
            }),
        ),
        ("ask_human", Some(5), F::AskHuman(Empty {})),
        (
            "leave_message",
            Some(6),
            F::LeaveMessage(LeaveMessage {
                id: MESSAGE,
                text: "请明天联系我".into(),
            }),
        ),
        (
            "call_back",
            Some(7),
            F::CallBack(CallBack {
                contact: "138 0000 0000".into(),
            }),
        ),
        ("leave", Some(8), F::Leave(Empty {})),
        (
            "rate",
            Some(9),
            F::Rate(Rate {
                level: 4,
                comment: Some("很快".into()),
            }),
        ),
        (
            "attach",
            Some(10),
            F::Attach(Attach {
                conversation: CONVERSATION,
                after: 0,
            }),
        ),
        ("detach", Some(11), F::Detach(named)),
        (
            "set_presence",
            Some(12),
            F::SetPresence(SetPresence {
                agent: Some("lin".into()),
                presence: Presence::Ready,
                next: Some(Presence::NotReady("lunch".into())),
            }),
        ),
        (
            "set_presence_offline",
            Some(12),
            F::SetPresence(SetPresence {
                agent: None,
                presence: Presence::Offline,
                next: None,
            }),
        ),
        ("accept", Some(13), F::Accept(offer)),
        ("decline", Some(14), F::Decline(offer)),
        (
            "whisper",
            Some(15),
            F::Whisper(Whisper {
                conversation: CONVERSATION,
                id: MESSAGE,
                text: "给他包邮".into(),
            }),
        ),
        (
            "transfer_agent",
            Some(16),
            F::Transfer(Transfer {
                conversation: CONVERSATION,
                to: TransferTarget::Agent("mei".into()),
                forced: true,
                note: Some("老客户".into()),
            }),
        ),
        (
            "transfer_group",
            Some(16),
            F::Transfer(Transfer {
                conversation: CONVERSATION,
                to: TransferTarget::Group("vip".into()),
                forced: false,
                note: None,
            }),
        ),
        ("end", Some(17), F::End(named)),
        (
            "wrap_up_done",
            Some(18),
            F::WrapUpDone(WrapUpDone {
                conversation: CONVERSATION,
                code: Some("refund".into()),
            }),
        ),
        ("take_over", Some(19), F::TakeOver(named)),
        ("give_back", Some(20), F::GiveBack(named)),
        (
            "watch_board",
            Some(21),
            F::WatchBoard(WatchBoard {
                scope: Scope::Tenant,
            }),
        ),
        (
            "watch_board_group",
            Some(u32::MAX),
            F::WatchBoard(WatchBoard {
                scope: Scope::Group("vip".into()),
            }),
        ),
        ("unwatch_board", Some(22), F::UnwatchBoard(Empty {})),
    ]
    .into_iter()
    .map(|(name, reference, frame)| (name.to_owned(), reference, frame))
    .collect::<Vec<_>>();
    for (name, body) in bodies() {
        let send = Send {
            conversation: (name != "text").then_some(CONVERSATION),
            id: MESSAGE,
            body,
        };
        frames.push((format!("send_{name}"), Some(3), F::Send(send)));
    }
    frames
}
