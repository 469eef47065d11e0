//! What staff see of a conversation: every event, whole.

use crest_actors::conversation::{
    Answer, Author, BotContext, Entry, Event, Opened, Role, Summary, WaitReason, Waiting,
};
use crest_actors::ids::{ConversationId, Seq};
use crest_schema::ServerFrame;
use crest_schema::frame::{server, staff_view as wire};

use super::body::wire_body;
use super::names::{
    agents, close_reason, hold, option, pairs, skills, text, texts, wire_id, wire_message_id,
};

/// One event, as a live frame.
pub fn staff_event(conversation: ConversationId, entry: &Entry<Event>) -> ServerFrame<'_> {
    ServerFrame::StaffEvent(server::StaffEventFrame {
        conversation: wire_id(conversation),
        seq: entry.seq.0,
        at: entry.at.0,
        customer_seq: entry.customer_seq.map(|seq| seq.0),
        event: event(&entry.event),
    })
}

pub fn staff_attached(conversation: ConversationId, last: Seq, state: &Summary) -> ServerFrame<'_> {
    ServerFrame::StaffAttached(server::StaffAttached {
        conversation: wire_id(conversation),
        last: last.0,
        state: super::summary(state),
    })
}

pub(super) fn entry(entry: &Entry<Event>) -> wire::StaffEntry<'_> {
    wire::StaffEntry {
        seq: entry.seq.0,
        at: entry.at.0,
        customer_seq: entry.customer_seq.map(|seq| seq.0),
        event: event(&entry.event),
    }
}

pub(super) fn role(role: &Role) -> wire::Author<'_> {
    match role {
        Role::Customer => wire::Author::Customer,
        Role::Agent(agent) => wire::Author::Agent(text(agent.as_str())),
        Role::Supervisor(supervisor) => wire::Author::Supervisor(text(supervisor.as_str())),
    }
}

pub(super) fn bot_context(context: &BotContext) -> wire::BotContext<'_> {
    wire::BotContext {
        turn: context.turn,
        misses: context.misses,
        topic: option(&context.topic),
        candidates: texts(&context.candidates),
        answer: context.answer.as_ref().map(answer),
    }
}

pub(super) fn wait_reason(reason: &WaitReason) -> wire::WaitReason<'_> {
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

fn event(event: &Event) -> wire::StaffEvent<'_> {
    match event {
        Event::Opened(fields) => wire::StaffEvent::Opened(opened(fields)),
        Event::Message(message) => wire::StaffEvent::Message {
            author: author(&message.author),
            id: message.id.map(wire_message_id),
            body: wire_body(&message.body),
        },
        Event::Edited {
            of,
            author: by,
            id,
            body,
        } => wire::StaffEvent::Edited {
            of: of.seq.0,
            author: author(by),
            id: wire_message_id(*id),
            body: wire_body(body),
        },
        Event::Recalled { of, author: by, id } => wire::StaffEvent::Recalled {
            of: of.seq.0,
            author: author(by),
            id: wire_message_id(*id),
        },
        Event::Whisper {
            author,
            id,
            text: words,
        } => wire::StaffEvent::Whisper {
            author: text(author.as_str()),
            id: wire_message_id(*id),
            text: text(words),
        },
        Event::BotTurned(context) => wire::StaffEvent::BotTurned(bot_context(context)),
        Event::Waiting(fields) => wire::StaffEvent::Waiting(waiting(fields)),
        Event::Offered {
            offer,
            weight,
            expires_at,
        } => wire::StaffEvent::Offered {
            position: offer.position.0,
            agent: text(offer.agent.as_str()),
            weight: *weight,
            expires_at: expires_at.0,
        },
        Event::Accepted { offer } => wire::StaffEvent::Accepted {
            position: offer.position.0,
            agent: text(offer.agent.as_str()),
        },
        Event::TransferRequested {
            by,
            to,
            forced,
            note,
        } => wire::StaffEvent::TransferRequested {
            by: text(by.as_str()),
            to: text(to.as_str()),
            forced: *forced,
            note: option(note),
        },
        Event::Transferred { offer, weight } => wire::StaffEvent::Transferred {
            position: offer.position.0,
            agent: text(offer.agent.as_str()),
            weight: *weight,
        },
        Event::TransferFailed { position } => wire::StaffEvent::TransferFailed {
            position: position.0,
        },
        Event::TakenOver { supervisor } => wire::StaffEvent::TakenOver {
            supervisor: text(supervisor.as_str()),
        },
        Event::GivenBack { supervisor } => wire::StaffEvent::GivenBack {
            supervisor: text(supervisor.as_str()),
        },
        Event::BotResumed { from } => wire::StaffEvent::BotResumed {
            from: text(from.as_str()),
        },
        Event::WrapUp { reason, until } => wire::StaffEvent::WrapUp {
            reason: close_reason(*reason),
            until: until.0,
        },
        Event::Closed { reason, code, by } => wire::StaffEvent::Closed {
            reason: close_reason(*reason),
            code: option(code),
            by: author(by),
        },
        Event::Rated {
            level,
            comment,
            served_by,
        } => wire::StaffEvent::Rated {
            level: *level,
            comment: option(comment),
            served_by: author(served_by),
        },
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

fn opened(opened: &Opened) -> wire::Opened<'_> {
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

fn answer(answer: &Answer) -> wire::Answer<'_> {
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

fn waiting(waiting: &Waiting) -> wire::Waiting<'_> {
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
