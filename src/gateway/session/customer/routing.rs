//! Finding or opening the conversation a customer's commands are for.

use crest_actors::conversation::{Command, Refusal, Role};
use crest_actors::customer::Note;
use crest_actors::effect::{Envelope, Push};
use crest_actors::ids::{ConversationId, Millis, Seq};
use crest_schema::codes::Code;
use crest_schema::frame::ClientKind;

use super::{CustomerSession, Entering};
use crate::gateway::session::limits::{LOOK_MS, LOOKED_MS, UNACKED_MAX};
use crate::gateway::session::link::Link;
use crate::gateway::session::out::{Error, Turn};

impl CustomerSession {
    pub(super) fn would_open(&self, kind: ClientKind) -> bool {
        !self.open
            && matches!(
                kind,
                ClientKind::Send | ClientKind::AskHuman | ClientKind::LeaveMessage
            )
    }

    pub(super) fn command(&mut self, reference: u32, command: Command, turn: &mut Turn<'_>) {
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
                link.tell(notes, turn);
            }
            None if self.entering.is_some() => self.unrouted.push((reference, command)),
            // Another connection may have opened what this one has not heard of.
            None if turn.now.since(self.asked_at) >= LOOKED_MS => {
                self.unrouted.push((reference, command));
                self.look(turn);
            }
            None => turn.error(
                Some(reference),
                Error {
                    id: command.client_id(),
                    ..Refusal::NotOpen.into()
                },
            ),
        }
    }

    pub(super) fn enter(&mut self, open: bool, turn: &mut Turn<'_>) {
        self.ask(open, false, turn);
    }

    /// Asks whether something is open by now.
    pub(super) fn look(&mut self, turn: &mut Turn<'_>) {
        if self.entering.is_none() {
            self.ask(false, true, turn);
        }
    }

    /// When to look again: only where nothing is open and nothing is asked.
    pub(super) fn looks_at(&self) -> Option<Millis> {
        let idle = !self.open && self.entering.is_none();
        idle.then(|| self.asked_at.plus(self.look_after_ms))
    }

    pub(super) fn ask(&mut self, open: bool, again: bool, turn: &mut Turn<'_>) {
        self.asked_at = turn.now;
        self.entering = Some(Entering { open, again });
        let identity = (*self.identity).clone();
        let note = Note::Enter {
            session: turn.id,
            identity,
            open,
        };
        turn.tell(Envelope::Customer(self.key.clone(), note));
    }

    pub(super) fn routed(
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
        let linked = self.link.as_ref().map(|link| link.conversation);
        let unchanged = entering.again && (linked, self.open) == (conversation, open);
        if !unchanged {
            self.open = open;
            self.look_after_ms = LOOK_MS;
            turn.show(push);
            if let Some(conversation) = conversation {
                self.link_to(conversation, turn);
            }
        }
        for (reference, command) in std::mem::take(&mut self.unrouted) {
            self.command(reference, command, turn);
        }
    }

    /// The opening is over. What would open another waits for one; the rest is refused.
    pub(super) fn ended(&mut self, push: &Push, conversation: ConversationId, turn: &mut Turn<'_>) {
        let Some(link) = self.own(conversation) else {
            return;
        };
        let held = link.take_window();
        self.open = false;
        if self.entering.is_none() {
            self.asked_at = turn.now; // an end that is known is as good as an answer
        }
        self.look_after_ms = LOOK_MS;
        turn.show(push);
        for (reference, command) in held {
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

    /// The client claims events that were never there: it is told so and shown what there is.
    pub(super) fn begin_anew(&mut self, conversation: ConversationId, turn: &mut Turn<'_>) {
        if let Some(link) = self.own(conversation) {
            let error = Error {
                conversation: Some(conversation),
                ..Refusal::NoSuchEvent.into()
            };
            turn.error(None, error);
            link.restart(Seq(0));
            link.heal(turn);
        }
    }

    /// The customer or the attachment could not be served: whoever waits for it is told.
    pub(super) fn refused(
        &mut self,
        conversation: Option<ConversationId>,
        refusal: Refusal,
        turn: &mut Turn<'_>,
    ) {
        let held = match conversation.map(|id| self.own(id)) {
            None => self.link.as_mut().map(|link| link.take_window()),
            Some(Some(link)) => Some(link.take_window()),
            Some(None) => return,
        };
        self.entering = None;
        let unrouted = std::mem::take(&mut self.unrouted);
        for (reference, command) in unrouted.into_iter().chain(held.unwrap_or_default()) {
            let error = Error {
                id: command.client_id(),
                conversation,
                ..refusal.into()
            };
            turn.error(Some(reference), error);
        }
    }

    fn link_to(&mut self, conversation: ConversationId, turn: &mut Turn<'_>) {
        let kept = self.link.take();
        if let Some(other) = kept
            .as_ref()
            .filter(|link| link.conversation != conversation)
        {
            other.leave(turn);
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
        link.heal(turn);
        self.link = Some(link);
    }
}

/// Does this command begin a matter where none is open?
fn opens(command: &Command) -> bool {
    matches!(
        command,
        Command::Say { .. } | Command::AskHuman | Command::LeaveMessage { .. }
    )
}
