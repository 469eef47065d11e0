//! A conversation's events out of bytes.

use std::borrow::Cow;

use crest_actors::conversation::{
    Answer, Author, Body, BotContext, CloseReason, Event, Message, Opened, Target, WaitReason,
    Waiting,
};
use crest_actors::ids::{AgentId, ChannelId, CustomerId, GroupId, Millis, OfferId, Seq, Skill};
use crest_schema::stored::conversation as wire;

use crate::translate::names::{conversation_id, message_id};

pub(in crate::translate) fn event(event: wire::Event<'_>) -> Event {
    match event {
        wire::Event::Opened(fields) => Event::Opened(opened(fields)),
        wire::Event::Message(said) => Event::Message(Message {
            author: author(said.author),
            id: said.id.map(message_id),
            body: body(said.body),
        }),
        wire::Event::Edited(edited) => Event::Edited {
            of: target(edited.of, edited.customer_of),
            author: author(edited.author),
            id: message_id(edited.id),
            body: body(edited.body),
        },
        wire::Event::Recalled(recalled) => Event::Recalled {
            of: target(recalled.of, recalled.customer_of),
            author: author(recalled.author),
            id: message_id(recalled.id),
        },
        wire::Event::Whisper(whisper) => Event::Whisper {
            author: AgentId::new(whisper.author),
            id: message_id(whisper.id),
            text: whisper.text.into_owned(),
        },
        wire::Event::BotTurned(turned) => Event::BotTurned(bot_context(turned)),
        wire::Event::Waiting(fields) => Event::Waiting(waiting(fields)),
        wire::Event::Offered(offered) => Event::Offered {
            offer: offer(offered.offer),
            weight: offered.weight,
            expires_at: Millis(offered.expires_at),
        },
        wire::Event::Accepted(accepted) => Event::Accepted {
            offer: offer(accepted.offer),
        },
        wire::Event::TransferRequested(asked) => Event::TransferRequested {
            by: AgentId::new(asked.by),
            to: AgentId::new(asked.to),
            forced: asked.forced,
            note: asked.note.map(Cow::into_owned),
        },
        wire::Event::Transferred(transferred) => Event::Transferred {
            offer: offer(transferred.offer),
            weight: transferred.weight,
        },
        wire::Event::TransferFailed(failed) => Event::TransferFailed {
            position: Seq(failed.position),
        },
        wire::Event::TakenOver(taken) => Event::TakenOver {
            supervisor: AgentId::new(taken.supervisor),
        },
        wire::Event::GivenBack(given) => Event::GivenBack {
            supervisor: AgentId::new(given.supervisor),
        },
        wire::Event::BotResumed(resumed) => Event::BotResumed {
            from: GroupId::new(resumed.group),
        },
        wire::Event::WrapUp(wrap_up) => Event::WrapUp {
            reason: close_reason(wrap_up.reason),
            until: Millis(wrap_up.until),
        },
        wire::Event::Closed(closed) => Event::Closed {
            reason: close_reason(closed.reason),
            code: closed.code.map(Cow::into_owned),
            by: author(closed.by),
        },
        wire::Event::Rated(rated) => Event::Rated {
            level: rated.level,
            comment: rated.comment.map(Cow::into_owned),
            served_by: author(rated.served_by),
        },
    }
}

pub(in crate::translate) fn opened(opened: wire::Opened<'_>) -> Opened {
    Opened {
        opening: opened.opening,
        customer: CustomerId::new(opened.customer),
        channel: ChannelId::new(opened.channel),
        tier: opened.tier,
        display_name: opened.display_name.map(Cow::into_owned),
        attributes: opened
            .attributes
            .into_iter()
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect(),
        language: opened.language.map(Cow::into_owned),
        group: GroupId::new(opened.group),
        sticky: opened.sticky.map(AgentId::new),
    }
}

fn author(author: wire::Author<'_>) -> Author {
    match author {
        wire::Author::Customer => Author::Customer,
        wire::Author::Bot => Author::Bot,
        wire::Author::Agent(agent) => Author::Agent(AgentId::new(agent)),
        wire::Author::Supervisor(supervisor) => Author::Supervisor(AgentId::new(supervisor)),
        wire::Author::System => Author::System,
    }
}

pub(in crate::translate) fn body(body: wire::Body<'_>) -> Body {
    match body {
        wire::Body::Text(text) => Body::Text(text.into()),
        wire::Body::Image { url, alt, bytes } => Body::Image {
            url: url.into_owned(),
            alt: alt.into_owned(),
            bytes,
        },
        wire::Body::File {
            url,
            name,
            media_type,
            bytes,
        } => Body::File {
            url: url.into_owned(),
            name: name.into_owned(),
            media_type: media_type.into_owned(),
            bytes,
        },
        wire::Body::Card {
            title,
            text,
            url,
            image_url,
        } => Body::Card {
            title: title.into_owned(),
            text: text.into_owned(),
            url: url.map(Cow::into_owned),
            image_url: image_url.map(Cow::into_owned),
        },
        wire::Body::Choices { text, options } => Body::Choices {
            text: text.into_owned(),
            options: owned(options),
        },
    }
}

pub(in crate::translate) fn bot_context(turned: wire::BotTurned<'_>) -> BotContext {
    BotContext {
        turn: turned.turn,
        misses: turned.misses,
        topic: turned.topic.map(Cow::into_owned),
        candidates: owned(turned.candidates),
        answer: turned.answer.map(answer),
    }
}

pub(in crate::translate) fn answer(answer: wire::Answer<'_>) -> Answer {
    Answer {
        article: answer.article.into_owned(),
        score_permille: answer.score_permille,
        runner_up: answer
            .runner_up
            .map(|(article, score)| (article.into_owned(), score)),
        knowledge_version: answer.knowledge_version,
    }
}

pub(in crate::translate) fn waiting(waiting: wire::Waiting<'_>) -> Waiting {
    Waiting {
        group: GroupId::new(waiting.group),
        reason: wait_reason(waiting.reason),
        enqueued_at: Millis(waiting.enqueued_at),
        boost_ms: waiting.boost_ms,
        required: waiting.required.into_iter().map(Skill::new).collect(),
        preferred: waiting.preferred.into_iter().map(Skill::new).collect(),
        preferred_until: Millis(waiting.preferred_until),
        sticky: waiting
            .sticky
            .map(|(agent, until)| (AgentId::new(agent), Millis(until))),
        excluded: waiting.excluded.into_iter().map(AgentId::new).collect(),
        weight: waiting.weight,
    }
}

pub(in crate::translate) fn wait_reason(reason: wire::WaitReason<'_>) -> WaitReason {
    match reason {
        wire::WaitReason::Asked => WaitReason::Asked,
        wire::WaitReason::BotMissed => WaitReason::BotMissed,
        wire::WaitReason::ArticleSays => WaitReason::ArticleSays,
        wire::WaitReason::NoBot => WaitReason::NoBot,
        wire::WaitReason::Missed(agent) => WaitReason::Missed(AgentId::new(agent)),
        wire::WaitReason::Declined(agent) => WaitReason::Declined(AgentId::new(agent)),
        wire::WaitReason::AgentLost(agent) => WaitReason::AgentLost(AgentId::new(agent)),
        wire::WaitReason::Transfer(agent) => WaitReason::Transfer(AgentId::new(agent)),
        wire::WaitReason::Overflow(group) => WaitReason::Overflow(GroupId::new(group)),
        wire::WaitReason::GivenBack(agent) => WaitReason::GivenBack(AgentId::new(agent)),
        wire::WaitReason::Reopened => WaitReason::Reopened,
    }
}

pub(in crate::translate) fn offer(offer: wire::Offer<'_>) -> OfferId {
    OfferId {
        conversation: conversation_id(offer.conversation),
        position: Seq(offer.position),
        agent: AgentId::new(offer.agent),
    }
}

fn target(seq: u64, customer_seq: u64) -> Target {
    Target {
        seq: Seq(seq),
        customer_seq: Seq(customer_seq),
    }
}

pub(in crate::translate) fn close_reason(reason: wire::CloseReason) -> CloseReason {
    match reason {
        wire::CloseReason::Resolved => CloseReason::Resolved,
        wire::CloseReason::CustomerLeft => CloseReason::CustomerLeft,
        wire::CloseReason::Silence => CloseReason::Silence,
        wire::CloseReason::Abandoned => CloseReason::Abandoned,
        wire::CloseReason::LeftMessage => CloseReason::LeftMessage,
        wire::CloseReason::CallBack => CloseReason::CallBack,
        wire::CloseReason::Overflow => CloseReason::Overflow,
    }
}

fn owned(texts: Vec<Cow<'_, str>>) -> Vec<String> {
    texts.into_iter().map(Cow::into_owned).collect()
}
