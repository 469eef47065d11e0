//! Ids and names.

use std::borrow::Cow;

use crest_actors::conversation::CloseReason;
use crest_actors::ids::{AgentId, ClientMsgId, ConversationId, Millis, OfferId, Seq, Skill};
use crest_schema::frame::desk::Offer;
use crest_schema::frame::{self, Id};

pub fn wire_id(conversation: ConversationId) -> Id {
    Id(conversation.0)
}

pub fn conversation_id(id: Id) -> ConversationId {
    ConversationId(id.0)
}

pub fn message_id(id: Id) -> ClientMsgId {
    ClientMsgId(id.0)
}

pub(super) fn wire_message_id(id: ClientMsgId) -> Id {
    Id(id.0)
}

pub(super) fn text(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

pub(super) fn option(text: &Option<String>) -> Option<Cow<'_, str>> {
    text.as_deref().map(Cow::Borrowed)
}

pub(super) fn texts(texts: &[String]) -> Vec<Cow<'_, str>> {
    texts
        .iter()
        .map(|text| Cow::Borrowed(text.as_str()))
        .collect()
}

pub(super) fn pairs(pairs: &[(String, String)]) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
    pairs
        .iter()
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}

pub(super) fn skills(skills: &[Skill]) -> Vec<Cow<'_, str>> {
    skills.iter().map(|skill| text(skill.as_str())).collect()
}

pub(super) fn agents(agents: &[AgentId]) -> Vec<Cow<'_, str>> {
    agents.iter().map(|agent| text(agent.as_str())).collect()
}

pub(super) fn hold(sticky: &Option<(AgentId, Millis)>) -> Option<(Cow<'_, str>, u64)> {
    sticky
        .as_ref()
        .map(|(agent, until)| (text(agent.as_str()), until.0))
}

/// An offer as the agent it was made to names it.
pub(super) fn offer(offer: &OfferId) -> Offer {
    Offer {
        conversation: wire_id(offer.conversation),
        position: offer.position.0,
    }
}

pub(super) fn offer_id(offer: Offer, agent: AgentId) -> OfferId {
    OfferId {
        conversation: conversation_id(offer.conversation),
        position: seq(offer.position),
        agent,
    }
}

/// A number from outside: none of ours exceeds 2^53 − 1, so a larger one means the same, and
/// arithmetic on it cannot overflow.
pub(super) fn seq(number: u64) -> Seq {
    Seq(number.min((1 << 53) - 1))
}

pub(super) fn close_reason(reason: CloseReason) -> frame::CloseReason {
    match reason {
        CloseReason::Resolved => frame::CloseReason::Resolved,
        CloseReason::CustomerLeft => frame::CloseReason::CustomerLeft,
        CloseReason::Silence => frame::CloseReason::Silence,
        CloseReason::Abandoned => frame::CloseReason::Abandoned,
        CloseReason::LeftMessage => frame::CloseReason::LeftMessage,
        CloseReason::CallBack => frame::CloseReason::CallBack,
        CloseReason::Overflow => frame::CloseReason::Overflow,
    }
}
