//! A conversation's events into bytes; `from_store` has the way back.

use crest_actors::conversation::{
    Answer, Author, Body, BotContext, CloseReason, Entry, Event, Message, Opened, WaitReason,
    Waiting,
};
use crest_actors::ids::OfferId;
use crest_actors::ports::{Record, Stored};
use crest_schema::stored::{Unreadable, conversation as wire};

use super::from_store;
use crate::translate::names::{
    agents, hold, option, pairs, skills, text, texts, wire_id, wire_message_id,
};

pub fn encode_conversation(entry: &Entry<Event>) -> Record {
    Record {
        body: super::encode(entry, event(&entry.event)),
        base: false,
    }
}

pub fn decode_conversation(stored: &Stored) -> Result<Entry<Event>, Unreadable> {
    super::decode(stored, from_store::event)
}

pub(in crate::translate) fn event(event: &Event) -> wire::Event<'_> {
    match event {
        Event::Opened(fields) => wire::Event::Opened(opened(fields)),
        Event::Message(said) => wire::Event::Message(message(said)),
        Event::Edited {
            of,
            author: by,
            id,
            body: now,
        } => wire::Event::Edited(wire::Edited {
            of: of.seq.0,
            customer_of: of.customer_seq.0,
            author: author(by),
            id: wire_message_id(*id),
            body: body(now),
        }),
        Event::Recalled { of, author: by, id } => wire::Event::Recalled(wire::Recalled {
            of: of.seq.0,
            customer_of: of.customer_seq.0,
            author: author(by),
            id: wire_message_id(*id),
        }),
        Event::Whisper {
            author,
            id,
            text: words,
        } => wire::Event::Whisper(wire::Whisper {
            author: text(author.as_str()),
            id: wire_message_id(*id),
            text: text(words),
        }),
        Event::BotTurned(context) => wire::Event::BotTurned(bot_turned(context)),
        Event::Waiting(fields) => wire::Event::Waiting(waiting(fields)),
        Event::Offered {
            offer: held,
            weight,
            expires_at,
        } => wire::Event::Offered(wire::Offered {
            offer: offer(held),
            weight: *weight,
            expires_at: expires_at.0,
        }),
        Event::Accepted { offer: held } => {
            wire::Event::Accepted(wire::Accepted { offer: offer(held) })
        }
        Event::TransferRequested {
            by,
            to,
            forced,
            note,
        } => wire::Event::TransferRequested(wire::TransferRequested {
            by: text(by.as_str()),
            to: text(to.as_str()),
            forced: *forced,
            note: option(note),
        }),
        Event::Transferred {
            offer: held,
            weight,
        } => wire::Event::Transferred(wire::Transferred {
            offer: offer(held),
            weight: *weight,
        }),
        Event::TransferFailed { position } => wire::Event::TransferFailed(wire::TransferFailed {
            position: position.0,
        }),
        Event::TakenOver { supervisor } => wire::Event::TakenOver(wire::TakenOver {
            supervisor: text(supervisor.as_str()),
        }),
        Event::GivenBack { supervisor } => wire::Event::GivenBack(wire::TakenOver {
            supervisor: text(supervisor.as_str()),
        }),
        Event::BotResumed { from } => wire::Event::BotResumed(wire::BotResumed {
            group: text(from.as_str()),
        }),
        Event::WrapUp { reason, until } => wire::Event::WrapUp(wire::WrapUp {
            reason: close_reason(*reason),
            until: until.0,
        }),
        Event::Closed { reason, code, by } => wire::Event::Closed(wire::Closed {
            reason: close_reason(*reason),
            code: option(code),
            by: author(by),
        }),
        Event::Rated {
            level,
            comment,
            served_by,
        } => wire::Event::Rated(wire::Rated {
            level: *level,
            comment: option(comment),
            served_by: author(served_by),
        }),
    }
}

pub(in crate::translate) fn opened(opened: &Opened) -> wire::Opened<'_> {
    wire::Opened {
        opening: opened.opening,
        customer: text(opened.customer.as_str()),
        channel: text(opened.channel.as_str()),
        tier: opened.tier,
        display_name: option(&opened.display_name),
        attributes: pairs(&opened.attributes),
        language: option(&opened.language),
        group: text(opened.group.as_str()),
        sticky: opened.sticky.as_ref().map(|agent| text(agent.as_str())),
    }
}

fn message(message: &Message) -> wire::Message<'_> {
    wire::Message {
        author: author(&message.author),
        id: message.id.map(wire_message_id),
        body: body(&message.body),
    }
}

fn author(author: &Author) -> wire::Author<'_> {
    match author {
        Author::Customer => wire::Author::Customer,
        Author::Bot => wire::Author::Bot,
        Author::Agent(agent) => wire::Author::Agent(text(agent.as_str())),
        Author::Supervisor(supervisor) => wire::Author::Supervisor(text(supervisor.as_str())),
        Author::System => wire::Author::System,
    }
}

pub(in crate::translate) fn body(body: &Body) -> wire::Body<'_> {
    match body {
        Body::Text(words) => wire::Body::Text(text(words)),
        Body::Image { url, alt, bytes } => wire::Body::Image {
            url: text(url),
            alt: text(alt),
            bytes: *bytes,
        },
        Body::File {
            url,
            name,
            media_type,
            bytes,
        } => wire::Body::File {
            url: text(url),
            name: text(name),
            media_type: text(media_type),
            bytes: *bytes,
        },
        Body::Card {
            title,
            text: words,
            url,
            image_url,
        } => wire::Body::Card {
            title: text(title),
            text: text(words),
            url: option(url),
            image_url: option(image_url),
        },
        Body::Choices {
            text: words,
            options,
        } => wire::Body::Choices {
            text: text(words),
            options: texts(options),
        },
    }
}

pub(in crate::translate) fn bot_turned(context: &BotContext) -> wire::BotTurned<'_> {
    wire::BotTurned {
        turn: context.turn,
        misses: context.misses,
        topic: option(&context.topic),
        candidates: texts(&context.candidates),
        answer: context.answer.as_ref().map(answer),
    }
}

pub(in crate::translate) fn answer(answer: &Answer) -> wire::Answer<'_> {
    wire::Answer {
        article: text(&answer.article),
        score_permille: answer.score_permille,
        runner_up: answer
            .runner_up
            .as_ref()
            .map(|(article, score)| (text(article), *score)),
        knowledge_version: answer.knowledge_version,
    }
}

pub(in crate::translate) fn waiting(waiting: &Waiting) -> wire::Waiting<'_> {
    wire::Waiting {
        group: text(waiting.group.as_str()),
        reason: wait_reason(&waiting.reason),
        enqueued_at: waiting.enqueued_at.0,
        boost_ms: waiting.boost_ms,
        required: skills(&waiting.required),
        preferred: skills(&waiting.preferred),
        preferred_until: waiting.preferred_until.0,
        sticky: hold(&waiting.sticky),
        excluded: agents(&waiting.excluded),
        weight: waiting.weight,
    }
}

pub(in crate::translate) fn wait_reason(reason: &WaitReason) -> wire::WaitReason<'_> {
    match reason {
        WaitReason::Asked => wire::WaitReason::Asked,
        WaitReason::BotMissed => wire::WaitReason::BotMissed,
        WaitReason::ArticleSays => wire::WaitReason::ArticleSays,
        WaitReason::NoBot => wire::WaitReason::NoBot,
        WaitReason::Missed(agent) => wire::WaitReason::Missed(text(agent.as_str())),
        WaitReason::Declined(agent) => wire::WaitReason::Declined(text(agent.as_str())),
        WaitReason::AgentLost(agent) => wire::WaitReason::AgentLost(text(agent.as_str())),
        WaitReason::Transfer(agent) => wire::WaitReason::Transfer(text(agent.as_str())),
        WaitReason::Overflow(group) => wire::WaitReason::Overflow(text(group.as_str())),
        WaitReason::GivenBack(agent) => wire::WaitReason::GivenBack(text(agent.as_str())),
        WaitReason::Reopened => wire::WaitReason::Reopened,
    }
}

pub(in crate::translate) fn offer(offer: &OfferId) -> wire::Offer<'_> {
    wire::Offer {
        conversation: wire_id(offer.conversation),
        position: offer.position.0,
        agent: text(offer.agent.as_str()),
    }
}

pub(in crate::translate) fn close_reason(reason: CloseReason) -> wire::CloseReason {
    match reason {
        CloseReason::Resolved => wire::CloseReason::Resolved,
        CloseReason::CustomerLeft => wire::CloseReason::CustomerLeft,
        CloseReason::Silence => wire::CloseReason::Silence,
        CloseReason::Abandoned => wire::CloseReason::Abandoned,
        CloseReason::LeftMessage => wire::CloseReason::LeftMessage,
        CloseReason::CallBack => wire::CloseReason::CallBack,
        CloseReason::Overflow => wire::CloseReason::Overflow,
    }
}
