//! Messages, their edits and recalls, whispers; and what nobody stores: typing and read marks.

use crate::directory::Timing;
use crate::effect::Push;
use crate::ids::{AgentId, ClientMsgId, Seq, SessionId};
use crate::limits;

use super::customer_event::Speaker;
use super::event::{Author, Body, Event, Message, Target, WaitReason};
use super::note::{Ephemeral, Refusal, Role};
use super::phase::Phase;
use super::state::Conversation;
use super::step::Step;

impl Conversation {
    pub(super) fn say(
        &mut self,
        step: &mut Step<'_>,
        author: Author,
        id: ClientMsgId,
        body: Body,
    ) -> Result<(), Refusal> {
        body.check()?;
        let message = Message {
            author,
            id: Some(id),
            body,
        };
        self.record(step, Event::Message(message));
        // With the bot switched off nothing is worth waiting for: a person is asked for at once.
        let bot = step.tenant.is_some_and(|tenant| tenant.bot_enabled);
        if matches!(self.phase(), Phase::BotServing) && !bot {
            self.wait_for_agent(step, WaitReason::NoBot, None);
        }
        Ok(())
    }

    pub(super) fn edit(
        &mut self,
        step: &mut Step<'_>,
        author: Author,
        id: ClientMsgId,
        of: Seq,
        body: Body,
    ) -> Result<(), Refusal> {
        body.check()?;
        let window_ms = |timing: &Timing| timing.edit_window_ms;
        let of = self.own_message(step, &author, of, window_ms)?;
        let edited = Event::Edited {
            of,
            author,
            id,
            body,
        };
        self.record(step, edited);
        Ok(())
    }

    pub(super) fn recall(
        &mut self,
        step: &mut Step<'_>,
        author: Author,
        id: ClientMsgId,
        of: Seq,
    ) -> Result<(), Refusal> {
        let window_ms = |timing: &Timing| timing.recall_window_ms;
        let of = self.own_message(step, &author, of, window_ms)?;
        self.record(step, Event::Recalled { of, author, id });
        Ok(())
    }

    pub(super) fn whisper(
        &mut self,
        step: &mut Step<'_>,
        author: &AgentId,
        id: ClientMsgId,
        text: String,
    ) -> Result<(), Refusal> {
        if text.len() > limits::TEXT_MAX_BYTES {
            return Err(Refusal::TooLong);
        }
        let author = author.clone();
        self.record(step, Event::Whisper { author, id, text });
        Ok(())
    }

    /// The author's message numbered `of` in the author's numbering, while it may be changed.
    fn own_message(
        &self,
        step: &Step<'_>,
        author: &Author,
        of: Seq,
        window_ms: impl Fn(&Timing) -> u64,
    ) -> Result<Target, Refusal> {
        let customer = *author == Author::Customer;
        if of > Seq(0) && of <= self.fold.forgotten(customer) {
            return Err(Refusal::TooLate);
        }
        let mut tail = self.fold.tail.iter();
        let entry = tail.find(|entry| match customer {
            true => entry.customer_seq == Some(of),
            false => entry.seq == of,
        });
        let entry = entry.ok_or(Refusal::NoSuchMessage)?;
        let recalled = |it: &Event| matches!(it, Event::Recalled { of, .. } if of.seq == entry.seq);
        let theirs = matches!(&entry.event, Event::Message(message) if message.author == *author);
        if !theirs || tail.any(|it| recalled(&it.event)) {
            return Err(Refusal::NoSuchMessage);
        }
        if step.now.since(entry.at) > window_ms(&step.timing) {
            return Err(Refusal::TooLate);
        }
        Ok(Target {
            seq: entry.seq,
            customer_seq: entry.customer_seq.expect("customers see messages"),
        })
    }

    /// To the other sides only. A customer hears only of whoever speaks to it now, as the desk
    /// where that is a supervisor.
    pub(super) fn ephemeral(&mut self, step: &mut Step<'_>, from: SessionId, what: Ephemeral) {
        let Some(link) = self.links.of_session(from) else {
            return;
        };
        let Some(matter) = &self.fold.matter else {
            return;
        };
        if matter.phase.ended() {
            return;
        }
        let role = link.role.clone();
        let conversation = self.key.id;
        for session in self.links.staff_but(from) {
            let ephemeral = Push::Ephemeral {
                conversation,
                from: role.clone(),
                ephemeral: what.clone(),
            };
            step.push(session, ephemeral);
        }
        let speaker = match &role {
            Role::Customer => return,
            Role::Agent(agent) => Speaker::Agent(agent.clone()),
            Role::Supervisor(_) => Speaker::Desk,
        };
        let Some(what) = self
            .for_customers(what)
            .filter(|_| self.may_speak(&role).is_ok())
        else {
            return;
        };
        for session in self.links.customers() {
            let ephemeral = Push::CustomerEphemeral {
                conversation,
                from: speaker.clone(),
                ephemeral: what.clone(),
            };
            step.push(session, ephemeral);
        }
    }

    /// In the customers' numbering; `None` where it says nothing they know of.
    fn for_customers(&self, what: Ephemeral) -> Option<Ephemeral> {
        match what {
            Ephemeral::Typing => Some(Ephemeral::Typing),
            Ephemeral::Read { up_to } => {
                let read = self.fold.tail.iter().rev().filter(|it| it.seq <= up_to);
                let up_to = read.filter_map(|entry| entry.customer_seq).next()?;
                Some(Ephemeral::Read { up_to })
            }
        }
    }
}

impl Body {
    /// Within the limits?
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let text = |text: &str| text.len() <= limits::TEXT_MAX_BYTES;
        let field = |text: &str| text.len() <= limits::FIELD_MAX_BYTES;
        let maybe = |text: &Option<String>| text.as_deref().is_none_or(field);
        let fits = match self {
            Body::Text(it) => text(it),
            Body::Image { url, alt, .. } => field(url) && field(alt),
            Body::File {
                url,
                name,
                media_type,
                ..
            } => field(url) && field(name) && field(media_type),
            Body::Card {
                title,
                text: words,
                url,
                image_url,
            } => field(title) && text(words) && maybe(url) && maybe(image_url),
            Body::Choices {
                text: words,
                options,
            } => {
                let few = options.len() <= limits::CHOICES_MAX;
                text(words) && few && options.iter().all(|option| field(option))
            }
        };
        if fits { Ok(()) } else { Err(Refusal::TooLong) }
    }
}
