//! The bot's turns: a burst is asked as one, a late or outdated answer is discarded.

use crate::effect::Effect;
use crate::ids::{GroupId, Seq};
use crate::limits;
use crate::ports::{BotReply, BotTurn, HandOffReason};

use super::event::{Answer, Author, Body, BotContext, Event, Message, WaitReason};
use super::phase::Phase;
use super::state::Conversation;
use super::step::Step;

impl Conversation {
    /// Gives the bot what the customer said since it last spoke. A turn's number is the count of
    /// the customer's messages by then: it grows with every message and survives a restart.
    pub(super) fn ask_bot(&mut self, step: &mut Step<'_>) {
        if !step.tenant.is_some_and(|tenant| tenant.bot_enabled) {
            return self.wait_for_agent(step, WaitReason::NoBot, None);
        }
        let Some(matter) = &self.fold.matter else {
            return;
        };
        let turn = matter.questions;
        let identity = matter.identity();
        step.then(Effect::AskBot(BotTurn {
            conversation: self.key.clone(),
            opening: identity.opening,
            turn,
            text: self.question(),
            language: identity.language.clone(),
            context: matter.bot_context(),
            now: step.now,
        }));
        self.beats.get_or_insert_default().asked = Some((turn, step.now));
    }

    pub(super) fn bot_replied(
        &mut self,
        step: &mut Step<'_>,
        opening: u32,
        turn: u32,
        reply: BotReply,
    ) {
        let Some(matter) = &self.fold.matter else {
            return;
        };
        let awaited = matches!(matter.phase, Phase::BotServing)
            && matter.unanswered.is_some()
            && matter.identity().opening == opening
            && matter.questions == turn;
        if !awaited {
            return;
        }
        let context = BotContext {
            turn,
            ..matter.bot_context()
        };
        self.carry_out_reply(step, context, reply);
    }

    fn carry_out_reply(&mut self, step: &mut Step<'_>, context: BotContext, reply: BotReply) {
        match reply {
            BotReply::Answer { text, answer } => {
                self.bot_speaks(step, Body::Text(text.into()), context.answered(answer));
            }
            BotReply::Clarify {
                text,
                mut options,
                candidates,
            } => {
                options.truncate(limits::CHOICES_MAX);
                let context = BotContext {
                    candidates,
                    ..context
                };
                self.bot_speaks(step, Body::Choices { text, options }, context);
            }
            BotReply::Fallback { text } => {
                self.bot_speaks(step, Body::Text(text.into()), context.missed());
            }
            BotReply::Smalltalk { text } => self.bot_speaks(step, Body::Text(text.into()), context),
            BotReply::HandOff { text, why, group } => {
                self.bot_speaks(step, Body::Text(text.into()), context);
                self.hand_off(step, why, group.as_ref());
            }
            BotReply::Unavailable => self.wait_for_agent(step, WaitReason::NoBot, None),
        }
    }

    fn hand_off(&mut self, step: &mut Step<'_>, why: HandOffReason, group: Option<&GroupId>) {
        let reason = match why {
            HandOffReason::Asked => WaitReason::Asked,
            HandOffReason::Missed => WaitReason::BotMissed,
            HandOffReason::ArticleSays => WaitReason::ArticleSays,
        };
        self.wait_for_agent(step, reason, group);
    }

    fn bot_speaks(&mut self, step: &mut Step<'_>, body: Body, context: BotContext) {
        if !body.words().is_empty() {
            let message = Message {
                author: Author::Bot,
                id: None,
                body,
            };
            self.record(step, Event::Message(message));
        }
        self.record(step, Event::BotTurned(context));
    }

    /// The customer's words since the bot's last turn, as they read now: edited, without what was
    /// recalled, the newest first to stay where there are too many.
    fn question(&self) -> String {
        let mut said: Vec<(Seq, &str)> = Vec::new();
        for entry in &self.fold.tail {
            match &entry.event {
                Event::BotTurned(_) | Event::Opened(_) | Event::BotResumed { .. } => said.clear(),
                Event::Message(message) if message.author == Author::Customer => {
                    said.push((entry.seq, message.body.words()));
                }
                Event::Edited { of, body, .. } => {
                    let edited = said.iter_mut().find(|(seq, _)| *seq == of.seq);
                    if let Some((_, words)) = edited {
                        *words = body.words();
                    }
                }
                Event::Recalled { of, .. } => said.retain(|(seq, _)| *seq != of.seq),
                _ => {}
            }
        }
        let mut room = limits::TEXT_MAX_BYTES;
        let newest = said.iter().rev().take_while(|(_, words)| {
            let fits = words.len() <= room;
            room = room.saturating_sub(words.len() + 1);
            fits
        });
        let mut newest: Vec<&str> = newest.map(|(_, words)| *words).collect();
        newest.reverse();
        newest.join("\n")
    }
}

impl BotContext {
    fn answered(self, answer: Answer) -> Self {
        Self {
            misses: 0,
            topic: Some(answer.article.clone()),
            candidates: Vec::new(),
            answer: Some(answer),
            ..self
        }
    }

    fn missed(self) -> Self {
        Self {
            misses: self.misses.saturating_add(1),
            candidates: Vec::new(),
            ..self
        }
    }
}

impl Body {
    /// What can be read of it.
    pub(super) fn words(&self) -> &str {
        match self {
            Body::Text(text) => text,
            Body::Choices { text, .. } => text,
            Body::Image { alt, .. } => alt,
            Body::File { name, .. } => name,
            Body::Card { title, .. } => title,
        }
    }
}
