//! A customer's connection: which conversation is its own, and holding on to it.

use crest_actors::conversation::{Command, CustomerEntry, Ephemeral, Note, Refusal, Role};
use crest_actors::customer::{self, Identity};
use crest_actors::effect::{Envelope, Push};
use crest_actors::ids::{ConversationId, CustomerKey, Millis, Seq};
use crest_schema::codes::{Close, Code};
use crest_schema::frame::{Class, ClientFrame, ClientKind};

use super::limits::{ASK_AGAIN_MS, UNACKED_MAX};
use super::link::{Arrival, Link};
use super::out::{Error, Keep, Out, Purpose, ReadPage, Turn};
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
    /// Commands that wait for a conversation to be found or opened.
    unrouted: Vec<(u32, Command)>,
    /// The outbox was full: events are not shown until it is empty again.
    muted: bool,
}

#[derive(Clone, Copy)]
struct Entering {
    open: bool,
    asked_at: Millis,
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
                    return turn.error(reference, Refusal::NotOpen.into());
                };
                let purpose = Purpose::History {
                    reference: reference.unwrap_or(0),
                };
                turn.out.push(Out::Read(ReadPage {
                    conversation,
                    page,
                    purpose,
                    customer: true,
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
        let history = matches!(push, Push::AttachedCustomer { .. } | Push::Behind { .. });
        if self.muted && history {
            return; // there is no room for it; asked for again once there is
        }
        match &push {
            Push::Routed {
                conversation,
                opening: _,
                open,
            } => self.routed(&push, *conversation, *open, turn),
            Push::AttachedCustomer {
                link,
                conversation,
                last,
                ..
            } => {
                let current = |own: &&mut Box<Link>| {
                    own.conversation == *conversation && own.is_current(*link)
                };
                if let Some(own) = self.link.as_mut().filter(current) {
                    turn.show(&push);
                    let notes = own.attached(turn.id, *last, turn.now);
                    self.tell_all(notes, turn);
                }
            }
            Push::Behind {
                link,
                conversation,
                tail: _,
            } => {
                let current = |own: &&mut Box<Link>| {
                    own.conversation == *conversation && own.is_current(*link)
                };
                if let Some(own) = self.link.as_mut().filter(current) {
                    own.reading(turn.now);
                    turn.out
                        .push(Out::Read(ReadPage::catch_up(*conversation, own.last, true)));
                }
            }
            Push::Unknown { conversation } => self.heal(*conversation, turn),
            Push::Evicted { .. } => turn.out.push(Out::Close {
                close: Close::TooManySessions,
                retry_after_ms: None,
            }),
            Push::Tail { conversation, last } => {
                if self
                    .link
                    .as_ref()
                    .is_some_and(|link| link.is_live() && link.last < *last)
                {
                    self.heal(*conversation, turn);
                }
            }
            Push::Resend {
                conversation,
                link,
                from,
            } => {
                let own = self
                    .link
                    .as_mut()
                    .filter(|own| own.conversation == *conversation);
                let notes =
                    own.map_or_else(Vec::new, |own| own.resend(turn.id, *link, *from, turn.now));
                self.tell_all(notes, turn);
            }
            Push::Ack {
                conversation,
                number,
                ..
            } => {
                if self.answered(*conversation, *number) {
                    turn.show(&push);
                }
            }
            Push::Done {
                conversation,
                number,
                ..
            } => {
                if conversation.is_none_or(|conversation| self.answered(conversation, *number)) {
                    turn.show(&push);
                }
            }
            Push::Refused {
                reference,
                conversation,
                number,
                refusal,
                id,
            } => {
                let error = Error {
                    id: *id,
                    conversation: *conversation,
                    ..(*refusal).into()
                };
                self.refused(*reference, *conversation, *number, error, turn);
            }
            Push::Ended {
                conversation,
                opening: _,
            } => self.ended(&push, *conversation, turn),
            Push::CustomerEphemeral { .. } | Push::Place { .. } => turn.show(&push),
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

    /// A live event, encoded by the publisher.
    pub fn event(
        &mut self,
        conversation: ConversationId,
        seq: Seq,
        bytes: &bytes::Bytes,
        turn: &mut Turn<'_>,
    ) {
        if self.muted {
            return;
        }
        let Some(link) = self
            .link
            .as_mut()
            .filter(|link| link.conversation == conversation)
        else {
            return;
        };
        match link.event(seq, turn.now) {
            Arrival::Show => turn.out.push(Out::Frame {
                bytes: bytes.clone(),
                keep: Keep::Replayed(conversation, seq),
            }),
            Arrival::Known => {}
            Arrival::Gap => self.heal(conversation, turn),
        }
    }

    /// A page of [`Purpose::CatchUp`] up to the log's `read_to`: shown, then the next, then the owner again.
    pub fn caught_up(
        &mut self,
        conversation: ConversationId,
        seen: &[CustomerEntry],
        next: Option<Seq>,
        turn: &mut Turn<'_>,
    ) {
        if self.muted {
            return;
        }
        let reading = |link: &&mut Box<Link>| link.conversation == conversation && !link.is_live();
        let Some(link) = self.link.as_mut().filter(reading) else {
            return;
        };
        for entry in seen.iter().filter(|entry| entry.seq > link.last) {
            turn.frame(None, &translate::customer_event(conversation, entry));
        }
        link.last = seen
            .last()
            .map_or(link.last, |entry| link.last.max(entry.seq));
        match next {
            Some(after) => {
                link.reading(turn.now);
                turn.out
                    .push(Out::Read(ReadPage::catch_up(conversation, after, true)));
            }
            None => self.heal(conversation, turn),
        }
    }

    /// An event found no room in the outbox.
    pub fn rewind(&mut self, conversation: ConversationId, seq: Seq, now: Millis) {
        if let Some(link) = self
            .link
            .as_mut()
            .filter(|link| link.conversation == conversation)
        {
            link.rewind(seq, now);
        }
    }

    /// The outbox is full: acknowledgements still go through, events wait in the log.
    pub fn mute(&mut self) {
        self.muted = true;
    }

    /// The outbox is empty again: the log fills what was not shown.
    pub fn unmute(&mut self, turn: &mut Turn<'_>) {
        let conversation = self.link.as_ref().map(|link| link.conversation);
        if std::mem::take(&mut self.muted)
            && let Some(conversation) = conversation
        {
            self.heal(conversation, turn);
        }
    }

    pub fn beat(&mut self, turn: &mut Turn<'_>) {
        if let Some(entering) = self
            .entering
            .filter(|e| turn.now.since(e.asked_at) >= ASK_AGAIN_MS)
        {
            self.enter(entering.open, turn);
        }
        let notes = self
            .link
            .as_mut()
            .map_or_else(Vec::new, |link| link.beat(turn.id, turn.now));
        self.tell_all(notes, turn);
    }

    pub fn beat_at(&self) -> Option<Millis> {
        let entering = self
            .entering
            .map(|entering| entering.asked_at.plus(ASK_AGAIN_MS));
        let link = self.link.as_ref().map(|link| link.beat_at());
        entering.into_iter().chain(link).min()
    }

    pub fn close(&mut self, turn: &mut Turn<'_>) {
        if let Some(link) = self.link.take() {
            turn.tell_conversation(link.conversation, link.detach(turn.id));
        }
    }

    fn would_open(&self, kind: ClientKind) -> bool {
        !self.open
            && matches!(
                kind,
                ClientKind::Send | ClientKind::AskHuman | ClientKind::LeaveMessage
            )
    }

    fn command(&mut self, reference: u32, command: Command, turn: &mut Turn<'_>) {
        if self.unanswered() >= UNACKED_MAX {
            return turn.error(
                Some(reference),
                Error {
                    id: command.client_id(),
                    ..Code::TooManyUnacked.into()
                },
            );
        }
        if opens(&command) && !self.open {
            self.unrouted.push((reference, command));
            if self.entering.is_none_or(|entering| !entering.open) {
                self.enter(true, turn);
            }
            return;
        }
        match &mut self.link {
            Some(link) => {
                let notes = link.command(turn.id, reference, command, turn.now);
                self.tell_all(notes, turn);
            }
            None if self.entering.is_some() => self.unrouted.push((reference, command)),
            None => turn.error(
                Some(reference),
                Error {
                    id: command.client_id(),
                    ..Refusal::NotOpen.into()
                },
            ),
        }
    }

    fn enter(&mut self, open: bool, turn: &mut Turn<'_>) {
        self.entering = Some(Entering {
            open,
            asked_at: turn.now,
        });
        let identity = (*self.identity).clone();
        let note = customer::Note::Enter {
            session: turn.id,
            identity,
            open,
        };
        turn.tell(Envelope::Customer(self.key.clone(), note));
    }

    fn routed(
        &mut self,
        push: &Push,
        conversation: Option<ConversationId>,
        open: bool,
        turn: &mut Turn<'_>,
    ) {
        let Some(entering) = self.entering else {
            return;
        };
        if entering.open && !open {
            return; // an answer to an earlier question; ours is on its way
        }
        self.entering = None;
        self.open = open;
        turn.show(push);
        if let Some(conversation) = conversation {
            self.link_to(conversation, turn);
        }
        for (reference, command) in std::mem::take(&mut self.unrouted) {
            self.command(reference, command, turn);
        }
    }

    fn link_to(&mut self, conversation: ConversationId, turn: &mut Turn<'_>) {
        let kept = self.link.take();
        if let Some(other) = kept
            .as_ref()
            .filter(|link| link.conversation != conversation)
        {
            turn.tell_conversation(other.conversation, other.detach(turn.id));
        }
        let mut link = kept
            .filter(|link| link.conversation == conversation)
            .unwrap_or_else(|| {
                let resumed = self
                    .resume
                    .iter()
                    .find(|(resumed, _)| *resumed == conversation);
                Box::new(Link::new(
                    conversation,
                    Role::Customer,
                    resumed.map_or(Seq(0), |(_, after)| *after),
                ))
            });
        let note = link.attach(turn.id, turn.now);
        self.link = Some(link);
        turn.tell_conversation(conversation, note);
    }

    /// The opening is over. What would open another waits for one; the rest is refused.
    fn ended(&mut self, push: &Push, conversation: ConversationId, turn: &mut Turn<'_>) {
        let Some(link) = self
            .link
            .as_mut()
            .filter(|link| link.conversation == conversation)
        else {
            return;
        };
        self.open = false;
        turn.show(push);
        for (reference, command) in link.take_window() {
            if opens(&command) {
                self.unrouted.push((reference, command));
            } else {
                let id = command.client_id();
                turn.error(
                    Some(reference),
                    Error {
                        id,
                        conversation: Some(conversation),
                        ..Refusal::Closed.into()
                    },
                );
            }
        }
        if !self.unrouted.is_empty() {
            self.enter(true, turn);
        }
    }

    fn refused(
        &mut self,
        reference: u32,
        conversation: Option<ConversationId>,
        number: Option<u32>,
        error: Error,
        turn: &mut Turn<'_>,
    ) {
        let own = self
            .link
            .as_mut()
            .filter(|link| conversation.is_none_or(|id| link.conversation == id));
        match (number, own) {
            (Some(_), Some(link)) => {
                if link.answered(number) {
                    turn.error(Some(reference), error);
                }
            }
            // The customer or the attachment could not be served: whoever waits for it is told.
            (None, own) if conversation.is_none() || own.is_some() => {
                self.entering = None;
                let held = own.map_or_else(Vec::new, |link| link.take_window());
                for (reference, command) in
                    std::mem::take(&mut self.unrouted).into_iter().chain(held)
                {
                    turn.error(
                        Some(reference),
                        Error {
                            id: command.client_id(),
                            ..error.clone()
                        },
                    );
                }
            }
            (Some(_), None) | (None, _) => {}
        }
    }

    fn answered(&mut self, conversation: ConversationId, number: Option<u32>) -> bool {
        let own = self
            .link
            .as_mut()
            .filter(|link| link.conversation == conversation);
        own.is_some_and(|link| link.answered(number))
    }

    fn heal(&mut self, conversation: ConversationId, turn: &mut Turn<'_>) {
        if let Some(link) = self
            .link
            .as_mut()
            .filter(|link| link.conversation == conversation)
        {
            let note = link.attach(turn.id, turn.now);
            turn.tell_conversation(conversation, note);
        }
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
        named.is_some_and(|named| {
            self.link
                .as_ref()
                .is_none_or(|link| link.conversation != named)
        })
    }

    fn tell_all(&self, notes: Vec<Note>, turn: &mut Turn<'_>) {
        if let Some(link) = &self.link {
            for note in notes {
                turn.tell_conversation(link.conversation, note);
            }
        }
    }
}

/// Does this command begin a matter where none is open?
fn opens(command: &Command) -> bool {
    matches!(
        command,
        Command::Say { .. } | Command::AskHuman | Command::LeaveMessage { .. }
    )
}
