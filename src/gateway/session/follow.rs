//! Following a conversation: what its owner says to a link, and what the link does about it. One
//! piece for customers and staff, who differ in what they see, not in how they hold on.

use crest_actors::conversation::{Note, Role};
use crest_actors::effect::Push;
use crest_actors::ids::{ConversationId, Seq};
use crest_schema::codes::Code;
use crest_schema::frame::ServerFrame;
use crest_schema::frame::server::{Gap, GapReason};

use super::limits::WATCH_BEHIND_MAX;
use super::link::Link;
use super::out::{Out, ReadPage, Reader, Turn};
use crate::translate;

/// The conversation whose link a push is for; `None` for what is not a link's to answer.
pub fn followed(push: &Push) -> Option<ConversationId> {
    match push {
        Push::AttachedCustomer { conversation, .. }
        | Push::AttachedStaff { conversation, .. }
        | Push::Behind { conversation, .. }
        | Push::Unknown { conversation }
        | Push::Tail { conversation, .. }
        | Push::Resend { conversation, .. }
        | Push::Ack { conversation, .. }
        | Push::Done {
            conversation: Some(conversation),
            ..
        }
        | Push::Refused {
            conversation: Some(conversation),
            number: Some(_),
            ..
        } => Some(*conversation),
        Push::Routed { .. }
        | Push::Evicted { .. }
        | Push::Done {
            conversation: None, ..
        }
        | Push::Refused { .. }
        | Push::Ended { .. }
        | Push::Ephemeral { .. }
        | Push::CustomerEphemeral { .. }
        | Push::Place { .. }
        | Push::Offer { .. }
        | Push::OfferGone { .. }
        | Push::Assigned { .. }
        | Push::Unassigned { .. }
        | Push::Presence { .. }
        | Push::Board(_) => None,
    }
}

/// Does this push carry what there is no room for while a client does not read? It is asked for
/// again once there is.
pub fn is_history(push: &Push) -> bool {
    matches!(
        push,
        Push::AttachedCustomer { .. } | Push::AttachedStaff { .. } | Push::Behind { .. }
    )
}

impl Link {
    /// Does what a [`followed`] push asks. True where it shows that the owner has let this link in.
    pub fn told(&mut self, push: &Push, turn: &mut Turn<'_>) -> bool {
        match push {
            Push::AttachedCustomer { link, last, .. } | Push::AttachedStaff { link, last, .. }
                if self.awaits(*link) =>
            {
                turn.show(push);
                let notes = self.attached(turn.id, *last, turn.now);
                self.tell(notes, turn);
                return true;
            }
            Push::Behind { link, tail, .. } if self.awaits(*link) => {
                self.behind(*tail, turn);
                return true;
            }
            Push::Unknown { .. } => self.heal(turn),
            Push::Tail { last, .. } if self.is_live() && self.last < *last => self.heal(turn),
            Push::Resend { link, from, .. } => {
                let notes = self.resend(turn.id, *link, *from, turn.now);
                self.tell(notes, turn);
            }
            Push::Ack {
                number, reference, ..
            }
            | Push::Done {
                number, reference, ..
            }
            | Push::Refused {
                number, reference, ..
            } => {
                self.settle(*number, *reference, push, turn);
            }
            _ => {} // for an older link, or nothing that concerns one
        }
        false
    }

    /// Shows the answer of a command that still waits for it.
    fn settle(&mut self, number: Option<u32>, reference: u32, answer: &Push, turn: &mut Turn<'_>) {
        if self.answered(number, reference) {
            turn.show(answer);
        }
    }

    /// Events read from the store on the way to the owner's tail, in this link's numbering: shown;
    /// then further ones from `next` on, or the owner again.
    pub fn caught_up<'a>(
        &mut self,
        link: u32,
        events: impl Iterator<Item = (Seq, ServerFrame<'a>)>,
        next: Option<Seq>,
        turn: &mut Turn<'_>,
    ) {
        if !self.is_reading(link) {
            return;
        }
        for (seq, frame) in events {
            if seq > self.last {
                turn.frame(None, &frame);
                self.last = seq;
            }
        }
        match next {
            Some(from) => self.read(from, turn),
            None => self.heal(turn),
        }
    }

    /// The way to the owner's tail cannot be read now. Who only watches goes on without it; whose
    /// conversation it is waits until it can be read.
    pub fn unread(&mut self, link: u32, code: Code, turn: &mut Turn<'_>) {
        if !self.is_reading(link) {
            return;
        }
        if self.watches() {
            self.unreadable();
            self.heal(turn);
        } else {
            // It stays attached, so the conversation is not named: that would say that it is not.
            turn.error(None, code.into());
        }
    }

    /// Asks the owner again for what comes after what was shown.
    pub fn heal(&mut self, turn: &mut Turn<'_>) {
        let note = self.attach(turn.id, turn.now);
        turn.tell_conversation(self.conversation, note);
    }

    /// Repeats what is due by now.
    pub fn repeat(&mut self, turn: &mut Turn<'_>) {
        let notes = self.beat(turn.id, turn.now);
        self.tell(notes, turn);
    }

    pub fn leave(&self, turn: &mut Turn<'_>) {
        turn.tell_conversation(self.conversation, self.detach(turn.id));
    }

    pub fn tell(&self, notes: Vec<Note>, turn: &mut Turn<'_>) {
        for note in notes {
            turn.tell_conversation(self.conversation, note);
        }
    }

    fn watches(&self) -> bool {
        matches!(self.role(), Role::Supervisor(_))
    }

    fn behind(&mut self, tail: Seq, turn: &mut Turn<'_>) {
        let far = self.watches() && tail.0.saturating_sub(self.last.0) > WATCH_BEHIND_MAX;
        let reason = match (self.is_skipping(), far) {
            (true, _) => GapReason::Unavailable,
            (false, true) => GapReason::Far,
            (false, false) => return self.read(self.last, turn),
        };
        let gap = Gap {
            conversation: translate::wire_id(self.conversation),
            from: self.last.next().0,
            to: tail.0,
            reason,
        };
        turn.frame(None, &ServerFrame::Gap(gap));
        self.skip(tail);
        self.heal(turn);
    }

    fn read(&mut self, from: Seq, turn: &mut Turn<'_>) {
        self.reading(turn.now);
        let reader = match self.role() {
            Role::Customer => Reader::Customer,
            Role::Agent(_) | Role::Supervisor(_) => Reader::Staff,
        };
        let page = ReadPage::catch_up(self.conversation, self.number(), from, reader);
        turn.out.push(Out::Read(page));
    }
}
