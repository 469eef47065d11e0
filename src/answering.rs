//! The bot's threads: a bounded intake of turns, the tenants' bots as one value swapped whole, and
//! the way back to the conversation.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use crest_actors::conversation::{Answer, Note};
use crest_actors::effect::Envelope;
use crest_actors::ids::{GroupId, TenantId};
use crest_actors::ports::{BotPort, BotReply, BotTurn, HandOffReason};
use crest_actors::runtime::Post;
use crossbeam::channel::{Receiver, Sender, TrySendError, bounded};

use crate::bot::{Bot, HandoffReason, Language, Outcome, Reply, Turn};

/// Turns waiting for a bot thread; at 1 ms a turn a full queue is half a second of work. Beyond it
/// the conversation is told at once that the bot is unavailable, and goes to a person.
const WAITING_MAX: usize = 512;

/// Every tenant's bot as served now.
#[derive(Clone, Default)]
pub struct Bots {
    by_tenant: Arc<ArcSwap<HashMap<TenantId, Arc<Bot>>>>,
}

impl Bots {
    /// Serves new knowledge from the next turn on.
    pub fn publish(&self, tenant: &TenantId, bot: Bot) {
        let bot = Arc::new(bot);
        self.by_tenant.rcu(|bots| {
            let mut bots = HashMap::clone(bots);
            bots.insert(tenant.clone(), bot.clone());
            bots
        });
    }

    pub fn of(&self, tenant: &TenantId) -> Option<Arc<Bot>> {
        self.by_tenant.load().get(tenant).cloned()
    }
}

/// Asks bots on threads of its own.
pub struct Answering {
    intake: Sender<BotTurn>,
    post: Post,
}

impl Answering {
    /// Starts `threads` of them; they end when this value is dropped.
    pub fn start(bots: Bots, post: Post, threads: usize) -> std::io::Result<Self> {
        let (intake, turns) = bounded(WAITING_MAX);
        for number in 0..threads.max(1) {
            let (bots, post, turns) = (bots.clone(), post.clone(), turns.clone());
            std::thread::Builder::new()
                .name(format!("bot-{number}"))
                .spawn(move || answer_all(&bots, &post, &turns))?;
        }
        Ok(Self { intake, post })
    }
}

impl BotPort for Answering {
    fn ask(&self, turn: BotTurn) {
        if let Err(TrySendError::Full(turn) | TrySendError::Disconnected(turn)) =
            self.intake.try_send(turn)
        {
            metrics::counter!("crest_bot_refused_total").increment(1);
            reply(&self.post, &turn, BotReply::Unavailable);
        }
    }
}

fn answer_all(bots: &Bots, post: &Post, turns: &Receiver<BotTurn>) {
    for turn in turns {
        let asked = std::panic::AssertUnwindSafe(|| answer(bots, &turn));
        let answered = std::panic::catch_unwind(asked).unwrap_or(BotReply::Unavailable);
        reply(post, &turn, answered);
    }
}

fn reply(post: &Post, turn: &BotTurn, reply: BotReply) {
    let note = Note::BotReplied {
        opening: turn.opening,
        turn: turn.turn,
        reply,
    };
    post.tell(Envelope::Conversation(turn.conversation.clone(), note));
}

/// Decides one turn with the tenant's bot.
fn answer(bots: &Bots, turn: &BotTurn) -> BotReply {
    let Some(bot) = bots.of(&turn.conversation.tenant) else {
        return BotReply::Unavailable;
    };
    let decided = bot.answer(&Turn {
        text: &turn.text,
        language: turn.language.as_deref().and_then(language),
        misses: turn.context.misses,
        topic: turn.context.topic.as_deref(),
        offered: &turn.context.candidates,
        now_ms: turn.now.0,
    });
    translate(decided)
}

fn translate(reply: Reply) -> BotReply {
    let permille = |share: f32| (share.clamp(0.0, 1.0) * 1000.0).round() as u16;
    match reply.outcome {
        Outcome::Answer { key, text } => BotReply::Answer {
            text,
            answer: Answer {
                article: key,
                score_permille: permille(reply.score),
                runner_up: reply.runner_up.map(|(key, share)| (key, permille(share))),
                knowledge_version: reply.knowledge_version,
            },
        },
        Outcome::Clarify { candidates, text } => {
            let (candidates, options) = candidates.into_iter().unzip();
            BotReply::Clarify {
                text,
                options,
                candidates,
            }
        }
        Outcome::Courtesy { text } => BotReply::Smalltalk { text },
        Outcome::Fallback { text } => BotReply::Fallback { text },
        Outcome::Handoff {
            reason,
            group,
            text,
        } => BotReply::HandOff {
            text,
            why: match reason {
                HandoffReason::Asked => HandOffReason::Asked,
                HandoffReason::Misses => HandOffReason::Missed,
                HandoffReason::ArticleSays => HandOffReason::ArticleSays,
            },
            group: group.map(GroupId::new),
        },
    }
}

/// The language of a BCP 47 tag, as far as the bot speaks it.
fn language(tag: &str) -> Option<Language> {
    match tag.split('-').next()? {
        "zh" => Some(Language::Zh),
        "en" => Some(Language::En),
        "ja" => Some(Language::Ja),
        _ => None,
    }
}
