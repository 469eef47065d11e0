//! Events as JSON for staff. Every variant is named: a new one does not compile without its words.

use crest_actors::conversation::{
    Author, Body, CloseReason, Entry, Event, Message, Opened, PhaseKind, WaitReason, Waiting,
};
use crest_actors::ids::{ClientMsgId, OfferId};
use serde_json::{Map, Value, json};

/// One event with its place and time.
pub(super) fn entry(entry: &Entry<Event>) -> Value {
    let (word, rest) = event(&entry.event);
    let mut object = Map::new();
    object.insert("seq".to_owned(), json!(entry.seq.0));
    object.insert("at".to_owned(), json!(entry.at.0));
    if let Some(seq) = entry.customer_seq {
        object.insert("customer_seq".to_owned(), json!(seq.0));
    }
    object.insert("type".to_owned(), json!(word));
    if let Value::Object(rest) = rest {
        // What is absent is left out, so that null never has to be told from nothing.
        object.extend(rest.into_iter().filter(|(_, value)| !value.is_null()));
    }
    Value::Object(object)
}

fn event(event: &Event) -> (&'static str, Value) {
    match event {
        Event::Opened(opened) => ("opened", self::opened(opened)),
        Event::Message(Message {
            author,
            id,
            body: content,
        }) => (
            "message",
            json!({"author": self::author(author), "id": id.map(hex), "body": body(content)}),
        ),
        Event::Edited {
            of,
            author,
            id,
            body: content,
        } => (
            "edited",
            json!({"of": of.seq.0, "author": self::author(author), "id": hex(*id), "body": body(content)}),
        ),
        Event::Recalled { of, author, id } => (
            "recalled",
            json!({"of": of.seq.0, "author": self::author(author), "id": hex(*id)}),
        ),
        Event::Whisper { author, id, text } => (
            "whisper",
            json!({"author": author.as_str(), "id": hex(*id), "text": text}),
        ),
        Event::BotTurned(context) => (
            "bot_turned",
            json!({
                "turn": context.turn,
                "misses": context.misses,
                "topic": context.topic,
                "candidates": context.candidates,
                "answer": context.answer.as_ref().map(|answer| json!({
                    "article": answer.article,
                    "score_permille": answer.score_permille,
                    "runner_up": answer.runner_up.as_ref().map(|(article, score)| json!({
                        "article": article, "score_permille": score,
                    })),
                    "knowledge_version": answer.knowledge_version,
                })),
            }),
        ),
        Event::Waiting(waiting) => ("waiting", self::waiting(waiting)),
        Event::BotResumed { from } => ("bot_resumed", json!({"from": from.as_str()})),
        Event::Offered {
            offer,
            weight,
            expires_at,
        } => (
            "offered",
            json!({"agent": agent(offer), "weight": weight, "expires_at": expires_at.0}),
        ),
        Event::Accepted { offer } => ("accepted", json!({"agent": agent(offer)})),
        Event::TransferRequested {
            by,
            to,
            forced,
            note,
        } => (
            "transfer_requested",
            json!({"by": by.as_str(), "to": to.as_str(), "forced": forced, "note": note}),
        ),
        Event::Transferred { offer, weight } => (
            "transferred",
            json!({"agent": agent(offer), "weight": weight}),
        ),
        Event::TransferFailed { position } => ("transfer_failed", json!({"position": position.0})),
        Event::TakenOver { supervisor } => {
            ("taken_over", json!({"supervisor": supervisor.as_str()}))
        }
        Event::GivenBack { supervisor } => {
            ("given_back", json!({"supervisor": supervisor.as_str()}))
        }
        Event::WrapUp { reason, until } => (
            "wrap_up",
            json!({"reason": close_word(*reason), "until": until.0}),
        ),
        Event::Closed { reason, code, by } => (
            "closed",
            json!({"reason": close_word(*reason), "code": code, "by": self::author(by)}),
        ),
        Event::Rated {
            level,
            comment,
            served_by,
        } => (
            "rated",
            json!({"level": level, "comment": comment, "served_by": self::author(served_by)}),
        ),
    }
}

fn opened(opened: &Opened) -> Value {
    let attributes: Map<String, Value> = opened
        .attributes
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    json!({
        "opening": opened.opening,
        "customer": opened.customer.as_str(),
        "channel": opened.channel.as_str(),
        "tier": opened.tier,
        "display_name": opened.display_name,
        "attributes": attributes,
        "language": opened.language,
        "group": opened.group.as_str(),
        "sticky": opened.sticky.as_ref().map(|agent| agent.as_str()),
    })
}

fn waiting(waiting: &Waiting) -> Value {
    let (reason, of) = wait_reason(&waiting.reason);
    json!({
        "group": waiting.group.as_str(),
        "reason": reason,
        "of": of,
        "enqueued_at": waiting.enqueued_at.0,
        "boost_ms": waiting.boost_ms,
        "weight": waiting.weight,
    })
}

fn wait_reason(reason: &WaitReason) -> (&'static str, Option<&str>) {
    match reason {
        WaitReason::Asked => ("asked", None),
        WaitReason::BotMissed => ("bot_missed", None),
        WaitReason::ArticleSays => ("article_says", None),
        WaitReason::NoBot => ("no_bot", None),
        WaitReason::Missed(agent) => ("missed", Some(agent.as_str())),
        WaitReason::Declined(agent) => ("declined", Some(agent.as_str())),
        WaitReason::AgentLost(agent) => ("agent_lost", Some(agent.as_str())),
        WaitReason::Transfer(agent) => ("transfer", Some(agent.as_str())),
        WaitReason::Overflow(group) => ("overflow", Some(group.as_str())),
        WaitReason::GivenBack(agent) => ("given_back", Some(agent.as_str())),
        WaitReason::Reopened => ("reopened", None),
    }
}

fn author(author: &Author) -> Value {
    match author {
        Author::Customer => json!({"kind": "customer"}),
        Author::Bot => json!({"kind": "bot"}),
        Author::Agent(agent) => json!({"kind": "agent", "id": agent.as_str()}),
        Author::Supervisor(agent) => json!({"kind": "supervisor", "id": agent.as_str()}),
        Author::System => json!({"kind": "system"}),
    }
}

fn body(body: &Body) -> Value {
    match body {
        Body::Text(text) => json!({"kind": "text", "text": text}),
        Body::Image { url, alt, bytes } => {
            json!({"kind": "image", "url": url, "alt": alt, "bytes": bytes})
        }
        Body::File {
            url,
            name,
            media_type,
            bytes,
        } => {
            json!({"kind": "file", "url": url, "name": name, "media_type": media_type, "bytes": bytes})
        }
        Body::Card {
            title,
            text,
            url,
            image_url,
        } => {
            json!({"kind": "card", "title": title, "text": text, "url": url, "image_url": image_url})
        }
        Body::Choices { text, options } => {
            json!({"kind": "choices", "text": text, "options": options})
        }
    }
}

pub(super) fn phase_word(phase: PhaseKind) -> &'static str {
    match phase {
        PhaseKind::BotServing => "bot_serving",
        PhaseKind::Waiting => "waiting",
        PhaseKind::Offered => "offered",
        PhaseKind::Active => "active",
        PhaseKind::WrapUp => "wrap_up",
        PhaseKind::Closed => "closed",
    }
}

pub(super) fn close_word(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::Resolved => "resolved",
        CloseReason::CustomerLeft => "customer_left",
        CloseReason::Silence => "silence",
        CloseReason::Abandoned => "abandoned",
        CloseReason::LeftMessage => "left_message",
        CloseReason::CallBack => "call_back",
        CloseReason::Overflow => "overflow",
    }
}

fn agent(offer: &OfferId) -> &str {
    offer.agent.as_str()
}

fn hex(id: ClientMsgId) -> String {
    format!("{:032x}", u128::from_be_bytes(id.0))
}
