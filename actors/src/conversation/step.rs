//! One note's turn: what it looks at and what it decides, put in order at the end.

use std::borrow::Cow;
use std::sync::Arc;

use crate::aggregate::{Context, Turn};
use crate::directory::{Tenant, Timing};
use crate::effect::{Effect, Envelope, Publication, Push};
use crate::ids::{ClientMsgId, ConversationKey, Millis, SessionId};

use super::attachment::Links;
use super::event::{Entry, Event};
use super::note::Refusal;

pub(super) struct Step<'a> {
    pub now: Millis,
    /// `None` where the directory does not know the tenant.
    pub tenant: Option<&'a Tenant>,
    pub timing: Cow<'a, Timing>,
    pub random: [u8; 16],
    pub asked: Option<Asked>,
    key: ConversationKey,
    replies: Vec<Effect>,
    recorded: Vec<Arc<Entry<Event>>>,
    after: Vec<Effect>,
}

/// The command that is being answered.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub session: SessionId,
    pub number: u32,
    pub reference: u32,
    pub id: Option<ClientMsgId>,
}

impl<'a> Step<'a> {
    pub fn new(context: &'a Context, key: &ConversationKey) -> Self {
        let tenant = context.directory.tenant(&key.tenant);
        Self {
            now: context.now,
            tenant,
            timing: tenant.map_or_else(
                || Cow::Owned(Timing::default()),
                |tenant| Cow::Borrowed(&tenant.timing),
            ),
            random: context.random,
            asked: None,
            key: key.clone(),
            replies: Vec::new(),
            recorded: Vec::new(),
            after: Vec::new(),
        }
    }

    /// Tells a session before anything of this step is published.
    pub fn reply(&mut self, session: SessionId, push: Push) {
        self.replies.push(Effect::Push(session, push));
    }

    /// Tells a session after everything of this step is published.
    pub fn push(&mut self, session: SessionId, push: Push) {
        self.after.push(Effect::Push(session, push));
    }

    pub fn tell(&mut self, envelope: Envelope) {
        self.after.push(Effect::Tell(envelope));
    }

    pub fn then(&mut self, effect: Effect) {
        self.after.push(effect);
    }

    pub fn recorded(&mut self, entry: Arc<Entry<Event>>) {
        self.recorded.push(entry);
    }

    /// What was recorded so far.
    pub fn entries(&self) -> &[Arc<Entry<Event>>] {
        &self.recorded
    }

    /// Answers before publications before everything else; refusals where the append fails.
    pub fn finish(self, links: &Links, turn: &mut Turn<Event>) {
        turn.effects.extend(self.replies);
        for entry in &self.recorded {
            let publication = Publication {
                conversation: self.key.id,
                entry: entry.clone(),
                customers: match entry.customer_seq {
                    Some(_) => links.customers(),
                    None => Vec::new(),
                },
                staff: links.staff(),
            };
            if !publication.customers.is_empty() || !publication.staff.is_empty() {
                turn.effects.push(Effect::Publish(publication));
            }
        }
        turn.effects.extend(self.after);
        if let (Some(asked), false) = (self.asked, self.recorded.is_empty()) {
            turn.on_failure.push(Effect::Push(
                asked.session,
                Push::Refused {
                    reference: asked.reference,
                    conversation: Some(self.key.id),
                    number: Some(asked.number),
                    refusal: Refusal::StorageUnavailable,
                    id: asked.id,
                },
            ));
        }
        turn.events.extend(self.recorded);
    }
}
