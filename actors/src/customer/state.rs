//! The customer's pure state: a fold of the pointer log, and the one place that opens conversations.

use std::sync::Arc;

use crate::aggregate::{Aggregate, Context, Turn};
use crate::conversation::{self, Entry, Opened, Refusal};
use crate::directory::Tenant;
use crate::effect::{Effect, Envelope, Push};
use crate::ids::{
    AgentId, ChannelId, ConversationId, ConversationKey, CustomerKey, Millis, Seq, SessionId,
};
use crate::limits::{BASE_EVERY, CUSTOMER_LINGER_MS, POINTERS_MAX};

use super::note::{Event, Identity, Note, Pointer};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// Owner of the pointers: only it mints, opens and reopens (rule 9).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Customer {
    key: CustomerKey,
    last: Seq,
    /// Events since the newest base.
    since_base: u64,
    /// One a channel, in the order in which the channels were first used.
    pointers: Vec<Pointer>,
}

impl Aggregate for Customer {
    type Key = CustomerKey;
    type Event = Event;
    type Note = Note;

    fn empty(key: CustomerKey) -> Self {
        Self {
            key,
            last: Seq(0),
            since_base: 0,
            pointers: Vec::new(),
        }
    }

    fn replay(&mut self, entry: &Arc<Entry<Event>>) {
        let base = matches!(entry.event, Event::Base(_));
        assert!(
            entry.seq == self.last.next() || (base && self.last == Seq(0)),
            "G2: a pointer log is dense"
        );
        self.last = entry.seq;
        self.since_base = if base { 0 } else { self.since_base + 1 };
        self.fold(&entry.event);
    }

    fn recovered(&mut self, _context: &Context, _turn: &mut Turn<Event>) {}

    fn apply(&mut self, context: &Context, note: Note, turn: &mut Turn<Event>) {
        match note {
            Note::Enter {
                session,
                identity,
                open,
            } => self.enter(context, session, &identity, open, turn),
            Note::Ended {
                channel,
                conversation,
                opening,
                agent,
                at,
            } => self.ended(context, channel, (conversation, opening), (agent, at), turn),
            Note::Wake => {}
        }
        if self.since_base >= BASE_EVERY {
            self.record(context, Event::Base(self.pointers.clone()), turn);
        }
    }

    fn wake() -> Note {
        Note::Wake
    }

    fn wake_at(&self) -> Option<Millis> {
        None
    }

    fn may_passivate(&self, _now: Millis) -> bool {
        // Nothing is held here that the log does not hold.
        true
    }

    fn linger_ms(&self) -> u64 {
        CUSTOMER_LINGER_MS
    }

    fn last(&self) -> Seq {
        self.last
    }
}

impl Customer {
    /// What stands in a channel, if it was ever used.
    pub fn pointer(&self, channel: &ChannelId) -> Option<&Pointer> {
        self.pointers.iter().find(|it| it.channel == *channel)
    }

    fn enter(
        &mut self,
        context: &Context,
        session: SessionId,
        identity: &Identity,
        open: bool,
        turn: &mut Turn<Event>,
    ) {
        let tenant = context.directory.tenant(&self.key.tenant);
        if let (true, Some(tenant)) = (open, tenant) {
            self.point(context, tenant, &identity.channel, turn);
        }
        if !turn.events.is_empty() {
            let refusal = refused(Refusal::StorageUnavailable);
            turn.on_failure.push(Effect::Push(session, refusal));
        }
        let pointer = self.pointer(&identity.channel).cloned();
        let stands = pointer.as_ref().is_some_and(|it| it.closed.is_none());
        let answer = match open && !stands {
            // The tenant is gone, or the customer came from too many channels.
            true => refused(Refusal::NotAllowed),
            false => routed(&pointer),
        };
        turn.effects.push(Effect::Push(session, answer));
        // Told again at every entrance: the first `Open` may have been lost.
        if let (true, Some(tenant), Some(pointer)) = (open && stands, tenant, pointer) {
            let opened = self.opened(context, tenant, identity, pointer.opening);
            turn.effects.push(Effect::Tell(Envelope::Conversation(
                ConversationKey {
                    tenant: self.key.tenant.clone(),
                    id: pointer.conversation,
                },
                conversation::Note::Open(opened),
            )));
        }
    }

    /// Points to a conversation to be opened, unless one is open.
    fn point(
        &mut self,
        context: &Context,
        tenant: &Tenant,
        channel: &ChannelId,
        turn: &mut Turn<Event>,
    ) {
        let (conversation, opening) = match self.pointer(channel) {
            Some(pointer) => match pointer.closed {
                None => return,
                Some((at, _)) if context.now.since(at) < tenant.timing.reopen_window_ms => {
                    (pointer.conversation, pointer.opening + 1)
                }
                Some(_) => (self.mint(context), 0),
            },
            None if self.pointers.len() >= POINTERS_MAX => return,
            None => (self.mint(context), 0),
        };
        let channel = channel.clone();
        self.record(
            context,
            Event::Pointed {
                channel,
                conversation,
                opening,
            },
            turn,
        );
    }

    fn mint(&self, context: &Context) -> ConversationId {
        let mut random = [0; 9];
        random.copy_from_slice(&context.random[..9]);
        ConversationId::mint(context.now, random, self.key.shard())
    }

    fn ended(
        &mut self,
        context: &Context,
        channel: ChannelId,
        (conversation, opening): (ConversationId, u32),
        (agent, at): (Option<AgentId>, Millis),
        turn: &mut Turn<Event>,
    ) {
        let open = self.pointer(&channel).is_some_and(|it| {
            it.closed.is_none() && (it.conversation, it.opening) == (conversation, opening)
        });
        if open {
            self.record(
                context,
                Event::Cleared {
                    channel,
                    conversation,
                    opening,
                    agent,
                    at,
                },
                turn,
            );
        }
    }

    fn opened(
        &self,
        context: &Context,
        tenant: &Tenant,
        identity: &Identity,
        opening: u32,
    ) -> Opened {
        let asked = identity.group.clone();
        let group = asked.filter(|group| tenant.groups.contains_key(group));
        Opened {
            opening,
            customer: self.key.customer.clone(),
            channel: identity.channel.clone(),
            tier: identity.tier,
            display_name: identity.display_name.clone(),
            attributes: identity.attributes.clone(),
            language: identity.language.clone(),
            group: group.unwrap_or_else(|| tenant.default_group.clone()),
            sticky: self.sticky(context.now, tenant.timing.sticky_days),
        }
    }

    /// Who served this customer last, in whichever channel, within so many days.
    fn sticky(&self, now: Millis, days: u32) -> Option<AgentId> {
        let served = self.pointers.iter().filter_map(|it| it.served.as_ref());
        let (at, agent) = served.max_by_key(|(at, _)| *at)?;
        (now.since(*at) < u64::from(days) * DAY_MS).then(|| agent.clone())
    }

    fn record(&mut self, context: &Context, event: Event, turn: &mut Turn<Event>) {
        let entry = Arc::new(Entry {
            seq: self.last.next(),
            at: context.now,
            customer_seq: None,
            event,
        });
        self.replay(&entry);
        turn.events.push(entry);
    }

    fn fold(&mut self, event: &Event) {
        match event {
            Event::Pointed {
                channel,
                conversation,
                opening,
            } => {
                let known = self.pointers.iter_mut().find(|it| it.channel == *channel);
                if let Some(pointer) = known {
                    assert!(pointer.closed.is_some(), "G5: one open a channel");
                    pointer.conversation = *conversation;
                    pointer.opening = *opening;
                    pointer.closed = None;
                } else {
                    self.pointers.reserve_exact(1); // most use one channel for life
                    self.pointers.push(Pointer {
                        channel: channel.clone(),
                        conversation: *conversation,
                        opening: *opening,
                        closed: None,
                        served: None,
                    });
                }
            }
            Event::Cleared {
                channel, agent, at, ..
            } => {
                let known = self.pointers.iter_mut().find(|it| it.channel == *channel);
                let pointer = known.expect("only what was pointed to is cleared");
                pointer.closed = Some((*at, agent.clone()));
                if let Some(agent) = agent {
                    pointer.served = Some((*at, agent.clone()));
                }
            }
            Event::Base(pointers) => self.pointers.clone_from(pointers),
        }
    }
}

/// Of what the session asked, whatever it waits to say.
fn refused(refusal: Refusal) -> Push {
    Push::Refused {
        reference: 0,
        conversation: None,
        number: None,
        refusal,
        id: None,
    }
}

fn routed(pointer: &Option<Pointer>) -> Push {
    Push::Routed {
        conversation: pointer.as_ref().map(|it| it.conversation),
        opening: pointer.as_ref().map_or(0, |it| it.opening),
        open: pointer.as_ref().is_some_and(|it| it.closed.is_none()),
    }
}
