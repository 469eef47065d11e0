//! Every kind of event has its word, and a customer's eyes are not what staff views are made for.

use std::collections::HashSet;

use crest_actors::conversation::{
    Author, Body, BotContext, CloseReason, Entry, Event, Target, WaitReason, Waiting,
};
use crest_actors::ids::{AgentId, ClientMsgId, ConversationId, GroupId, Millis, OfferId, Seq};
use serde_json::json;

use super::support::entries;
use crate::http::transcript;

fn every_other_event() -> Vec<Event> {
    let agent = || AgentId::new("lin");
    let offer = || OfferId {
        conversation: ConversationId([0; 16]),
        position: Seq(4),
        agent: agent(),
    };
    let of = Target {
        seq: Seq(2),
        customer_seq: Seq(2),
    };
    let id = ClientMsgId([3; 16]);
    let (author, body) = (Author::Agent(agent()), Body::Text("x".into()));
    vec![
        Event::Edited {
            of,
            author: author.clone(),
            id,
            body,
        },
        Event::Recalled {
            of,
            author: author.clone(),
            id,
        },
        Event::BotTurned(BotContext::default()),
        Event::Waiting(Waiting {
            group: GroupId::new("vip"),
            reason: WaitReason::Overflow(GroupId::new("presale")),
            enqueued_at: Millis(1),
            boost_ms: 2,
            required: Vec::new(),
            preferred: Vec::new(),
            preferred_until: Millis(0),
            sticky: None,
            excluded: Vec::new(),
            weight: 1,
        }),
        Event::BotResumed {
            from: GroupId::new("vip"),
        },
        Event::Offered {
            offer: offer(),
            weight: 1,
            expires_at: Millis(9),
        },
        Event::Accepted { offer: offer() },
        Event::TransferRequested {
            by: agent(),
            to: agent(),
            forced: true,
            note: None,
        },
        Event::Transferred {
            offer: offer(),
            weight: 1,
        },
        Event::TransferFailed { position: Seq(7) },
        Event::TakenOver {
            supervisor: agent(),
        },
        Event::GivenBack {
            supervisor: agent(),
        },
        Event::WrapUp {
            reason: CloseReason::Resolved,
            until: Millis(8),
        },
        Event::Closed {
            reason: CloseReason::Silence,
            code: None,
            by: Author::System,
        },
        Event::Rated {
            level: 4,
            comment: None,
            served_by: author,
        },
    ]
}

#[test]
fn every_event_has_a_word_of_its_own() {
    let others = every_other_event()
        .into_iter()
        .enumerate()
        .map(|(number, event)| Entry {
            seq: Seq(number as u64 + 4),
            at: Millis(0),
            customer_seq: None,
            event,
        });
    let all: Vec<_> = entries().into_iter().chain(others).collect();
    let shown: Vec<_> = all.iter().map(transcript::entry).collect();
    let words: HashSet<_> = shown
        .iter()
        .map(|entry| entry["type"].as_str().unwrap())
        .collect();
    assert_eq!((words.len(), all.len()), (18, 18));
    for (entry, shown) in all.iter().zip(&shown) {
        assert_eq!(shown["seq"], entry.seq.0);
        let hidden = entry.customer_seq.is_none();
        assert_eq!(shown.get("customer_seq").is_none(), hidden);
        assert!(!shown.to_string().contains("null"), "{shown}");
    }
    let waiting = shown
        .iter()
        .find(|entry| entry["type"] == "waiting")
        .unwrap();
    assert_eq!(
        (&waiting["reason"], &waiting["of"]),
        (&json!("overflow"), &json!("presale"))
    );
}
