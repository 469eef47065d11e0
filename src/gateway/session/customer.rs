//! A customer's connection: which conversation is its own, and holding on to it.

use crest_actors::conversation::{Command, CustomerEntry, Ephemeral, Note, Refusal};
use crest_actors::customer::Identity;
use crest_actors::effect::Push;
use crest_actors::ids::{ConversationId, CustomerKey, Millis, Seq, Shard};
use crest_schema::codes::{Close, Code};
use crest_schema::frame::{Class, ClientFrame};

mod routing;

use super::follow;
use super::limits::{ASK_AGAIN_MS, LOOK_MAX_MS, LOOK_MS};
use super::link::{Arrival, Link};
use super::out::{Error, Out, Purpose, ReadPage, Reader, Turn};
use crate::translate::{self, Request};

/// One authenticated connection of a customer.
pub struct CustomerSession {
    pub key: CustomerKey,
    identity: Box<Identity>,
    /// Where the client said it stands.
    resume: Vec<(ConversationId, Seq)>,
    link: Option<Box<Link>>,
    /// The linked conversation takes messages.
    open: bool,
    entering: Option<Entering>,
    /// When the customer's actor was asked last, and how long to leave it alone.
    asked_at: Millis,
    look_after_ms: u64,
    /// Commands that wait for a conversation to be found or opened.
    unrouted: Vec<(u32, Command)>,
    /// The outbox was full: events are not shown until it is empty again.
    muted: bool,
}

#[derive(Clone, Copy)]
struct Entering {
    open: bool,
    /// The answer is of interest only where it is another than before.
    again: bool,
}

impl CustomerSession {
    /// Asks at once where this customer stands.
    pub fn new(
        key: CustomerKey,
        identity: Identity,
        resume: Vec<(ConversationId, Seq)>,
        turn: &mut Turn<'_>,
    ) -> Self {
        let mut session = Self {
            key,
            identity: Box::new(identity),
            resume,
            link: None,
            open: false,
            entering: None,
            asked_at: turn.now,
            look_after_ms: LOOK_MS,
            unrouted: Vec::new(),
            muted: false,
        };
        session.enter(false, turn);
        session
    }

    pub fn unanswered(&self) -> usize {
        self.unrouted.len() + self.link.as_ref().map_or(0, |link| link.unanswered())
    }

    /// A frame of this customer's, allowed to its role.
    pub fn frame(&mut self, reference: Option<u32>, frame: ClientFrame, turn: &mut Turn<'_>) {
        let kind = frame.kind();
        let class = if self.would_open(kind) {
            Class::NewConversations
        } else {
            kind.class()
        };
        if turn.shed(reference, class) {
            return;
        }
        let request = match translate::request(frame, None) {
            Ok(request) => request,
            Err(code) => return turn.error(reference, code.into()),
        };
        match request {
            Request::Ping => turn.pong(reference),
            Request::Command {
                conversation,
                command,
            } => {
                if self.is_elsewhere(conversation) {
                    let id = command.client_id();
                    return turn.error(
                        reference,
                        Error {
                            id,
                            conversation,
                            ..Refusal::NotOpen.into()
                        },
                    );
                }
                self.command(reference.unwrap_or(0), command, turn);
            }
            Request::Ephemeral {
                conversation,
                ephemeral,
            } => {
                if !self.is_elsewhere(conversation) {
                    self.ephemeral(ephemeral, turn);
                }
            }
            Request::History { conversation, page } => {
                let own = self.link.as_ref().map(|link| link.conversation);
                let Some(conversation) = conversation.or(own) else {
                    self.look(turn);
                    return turn.error(reference, Refusal::NotOpen.into());
                };
                let reader = match self.follows(conversation) {
                    true => Reader::Customer,
                    false => Reader::Stranger(self.key.customer.clone()),
                };
                let purpose = Purpose::History {
                    reference: reference.unwrap_or(0),
                };
                turn.out.push(Out::Read(ReadPage {
                    conversation,
                    page,
                    purpose,
                    reader,
                }));
            }
            Request::Hello(_) => turn.error(reference, Code::HelloRepeated.into()),
            Request::Attach { .. }
            | Request::Detach { .. }
            | Request::SetPresence { .. }
            | Request::WatchBoard(_)
            | Request::UnwatchBoard => turn.error(reference, Code::Forbidden.into()),
        }
    }

    pub fn push(&mut self, push: Push, turn: &mut Turn<'_>) {
        if self.muted && follow::is_history(&push) {
            return;
        }
        if let Some(link) = follow::followed(&push).and_then(|id| self.own(id)) {
            link.told(&push, turn);
            return;
        }
        match &push {
            Push::Routed {
                conversation, open, ..
            } => self.routed(&push, *conversation, *open, turn),
            Push::Evicted { .. } => turn.out.push(Out::Close {
                close: Close::TooManySessions,
                retry_after_ms: None,
            }),
            Push::Refused {
                conversation: Some(conversation),
                refusal: Refusal::NoSuchEvent,
                number: None,
                ..
            } => self.begin_anew(*conversation, turn),
            Push::Refused {
                conversation,
                refusal,
                number: None,
                ..
            } => self.refused(*conversation, *refusal, turn),
            Push::Ended { conversation, .. } => self.ended(&push, *conversation, turn),
            Push::CustomerEphemeral { .. } | Push::Place { .. } => turn.show(&push),
            // About a conversation that is no longer followed.
            Push::AttachedCustomer { .. }
            | Push::Behind { .. }
            | Push::Unknown { .. }
            | Push::Tail { .. }
            | Push::Resend { .. }
            | Push::Ack { .. }
            | Push::Done { .. }
            | Push::Refused { .. } => {}
            // Staff's own pushes never go to a customer's connection; were one misdirected, it ends here.
            Push::AttachedStaff { .. }
            | Push::Ephemeral { .. }
            | Push::Offer { .. }
            | Push::OfferGone { .. }
            | Push::Assigned { .. }
            | Push::Unassigned { .. }
            | Push::Presence { .. }
            | Push::Board(_) => {
                tracing::error!(session = ?turn.id, "a push for staff reached a customer's session")
            }
        }
    }

    /// A live event, encoded by the publisher: is it to be shown?
    pub fn event(&mut self, conversation: ConversationId, seq: Seq, now: Millis) -> Arrival {
        let muted = self.muted;
        match self.own(conversation) {
            Some(link) if !muted => link.event(seq, now),
            _ => Arrival::Known,
        }
    }

    /// Asks the conversation again for what comes after what was shown of it.
    pub fn heal(&mut self, conversation: ConversationId, turn: &mut Turn<'_>) {
        if let Some(link) = self.own(conversation) {
            link.heal(turn);
        }
    }

    /// A page of [`Purpose::CatchUp`].
    pub fn caught_up(
        &mut self,
        conversation: ConversationId,
        link: u32,
        seen: &[CustomerEntry],
        next: Option<Seq>,
        turn: &mut Turn<'_>,
    ) {
        if self.muted {
            return;
        }
        let frames = seen.iter().map(|entry| {
            let frame = translate::customer_event(conversation, entry);
            (entry.seq, frame)
        });
        if let Some(own) = self.own(conversation) {
            own.caught_up(link, frames, next, turn);
        }
    }

    /// A page of [`Purpose::CatchUp`] that could not be read.
    pub fn unread(
        &mut self,
        conversation: ConversationId,
        link: u32,
        code: Code,
        turn: &mut Turn<'_>,
    ) {
        if let Some(own) = self.own(conversation) {
            own.unread(link, code, turn);
        }
    }

    /// Is this the conversation that the customer's own actor routed this session to?
    pub fn follows(&self, conversation: ConversationId) -> bool {
        let link = self.link.as_ref();
        link.is_some_and(|link| link.conversation == conversation)
    }

    /// An event found no room in the outbox.
    pub fn rewind(&mut self, conversation: ConversationId, seq: Seq, now: Millis) {
        if let Some(link) = self.own(conversation) {
            link.rewind(seq, now);
        }
    }

    /// The outbox is full: acknowledgements still go through, events wait in the log.
    pub fn mute(&mut self) {
        self.muted = true;
    }

    /// The outbox is empty again: the log fills what was not shown.
    pub fn unmute(&mut self, turn: &mut Turn<'_>) {
        if std::mem::take(&mut self.muted)
            && let Some(link) = &mut self.link
        {
            link.heal(turn);
        }
    }

    /// These shards have other owners now: what this session hangs on to there is asked for again.
    pub fn moved(&mut self, shards: &dyn Fn(Shard) -> bool, turn: &mut Turn<'_>) {
        // A customer and its conversations share a shard.
        if !shards(self.key.shard()) {
            return;
        }
        if let Some(entering) = self.entering {
            self.ask(entering.open, entering.again, turn);
        }
        if let Some(link) = &mut self.link {
            link.heal(turn);
        }
    }

    pub fn beat(&mut self, turn: &mut Turn<'_>) {
        if let Some(entering) = self.entering
            && turn.now.since(self.asked_at) >= ASK_AGAIN_MS
        {
            self.ask(entering.open, entering.again, turn);
        }
        if self.looks_at().is_some_and(|at| at <= turn.now) {
            self.look_after_ms = (2 * self.look_after_ms).min(LOOK_MAX_MS);
            self.look(turn);
        }
        if let Some(link) = &mut self.link {
            link.repeat(turn);
        }
    }

    pub fn beat_at(&self) -> Option<Millis> {
        let entering = self.entering.map(|_| self.asked_at.plus(ASK_AGAIN_MS));
        let link = self.link.as_ref().map(|link| link.beat_at());
        entering
            .into_iter()
            .chain(link)
            .chain(self.looks_at())
            .min()
    }

    pub fn close(&mut self, turn: &mut Turn<'_>) {
        if let Some(link) = self.link.take() {
            link.leave(turn);
        }
    }

    /// The link to this conversation, if that is the one followed.
    fn own(&mut self, conversation: ConversationId) -> Option<&mut Link> {
        let link = self.link.as_deref_mut();
        link.filter(|link| link.conversation == conversation)
    }

    fn ephemeral(&mut self, ephemeral: Ephemeral, turn: &mut Turn<'_>) {
        if let Some(link) = self
            .link
            .as_ref()
            .filter(|link| link.is_live() && self.open)
        {
            turn.tell_conversation(
                link.conversation,
                Note::Ephemeral {
                    session: turn.id,
                    ephemeral,
                },
            );
        }
    }

    /// Does the frame name another conversation than this session's own?
    fn is_elsewhere(&self, named: Option<ConversationId>) -> bool {
        named.is_some_and(|named| !self.follows(named))
    }
}
