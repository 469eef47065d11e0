//! One conversation as a session holds on to it: attached by position, commands numbered and kept
//! until answered. Pure; the session carries out what it returns.

use std::collections::VecDeque;

use crest_actors::conversation::{Command, Note, Role};
use crest_actors::ids::{ConversationId, Millis, Seq, SessionId};

use super::limits::{ASK_AGAIN_MS, BEAT_MS, RESEND_AFTER_MS};

/// A session's end of one attachment. Holds no truth: whatever is lost on the way is asked for again.
#[derive(Debug)]
pub struct Link {
    pub conversation: ConversationId,
    role: Role,
    /// Counts attachments; the owner ignores what belongs to an older one.
    number: u32,
    stage: Stage,
    /// Newest seq shown, in the session's numbering.
    pub last: Seq,
    window: VecDeque<Sent>,
    next_number: u32,
    touched_at: Millis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Asked to be attached.
    Attaching,
    /// Too far behind: reading the store first.
    Reading,
    /// The store could not be read: what it holds is skipped once the owner says up to where.
    Skipping,
    Live,
}

#[derive(Debug)]
struct Sent {
    reference: u32,
    command: Command,
    /// `None` until it could be sent on this link.
    number: Option<u32>,
    sent_at: Millis,
}

/// What to do with an event that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    Show,
    /// Shown before.
    Known,
    /// Something before it is missing: attach again.
    Gap,
}

impl Link {
    pub fn new(conversation: ConversationId, role: Role, after: Seq) -> Self {
        Self {
            conversation,
            role,
            number: 0,
            stage: Stage::Attaching,
            last: after,
            window: VecDeque::new(),
            next_number: 0,
            touched_at: Millis(0),
        }
    }

    /// Asks to be attached after what was shown last.
    pub fn attach(&mut self, session: SessionId, now: Millis) -> Note {
        self.number += 1;
        if self.stage != Stage::Skipping {
            self.stage = Stage::Attaching;
        }
        self.touched_at = now;
        Note::Attach {
            session,
            link: self.number,
            role: self.role.clone(),
            after: self.last,
        }
    }

    pub fn is_current(&self, link: u32) -> bool {
        self.number == link
    }

    /// Does it wait for the owner's word on this attachment? A word that comes twice is of no use: its
    /// history was shown, and commands count on.
    pub fn awaits(&self, link: u32) -> bool {
        self.is_current(link) && matches!(self.stage, Stage::Attaching | Stage::Skipping)
    }

    /// Which attachment this is.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Is a page waited for that was read for this attachment?
    pub fn is_reading(&self, link: u32) -> bool {
        self.stage == Stage::Reading && self.is_current(link)
    }

    pub fn is_live(&self) -> bool {
        self.stage == Stage::Live
    }

    pub fn role(&self) -> &Role {
        &self.role
    }

    pub fn unanswered(&self) -> usize {
        self.window.len()
    }

    /// The owner is too far ahead of `last`: the store is read first.
    pub fn reading(&mut self, now: Millis) {
        self.stage = Stage::Reading;
        self.touched_at = now;
    }

    /// What lies before the owner's tail will not be read.
    pub fn unreadable(&mut self) {
        self.stage = Stage::Skipping;
    }

    /// Leaves out everything up to `to`.
    pub fn skip(&mut self, to: Seq) {
        self.stage = Stage::Attaching;
        self.last = to;
    }

    pub fn is_skipping(&self) -> bool {
        self.stage == Stage::Skipping
    }

    /// Attached; everything up to `last` was shown. Returns every unanswered command, numbered anew.
    pub fn attached(&mut self, session: SessionId, last: Seq, now: Millis) -> Vec<Note> {
        self.stage = Stage::Live;
        self.last = last;
        self.touched_at = now;
        self.next_number = 0;
        for sent in &mut self.window {
            sent.number = None;
        }
        self.send_waiting(session, now)
    }

    /// Takes a command. Returned notes are to be told to the owner now.
    pub fn command(
        &mut self,
        session: SessionId,
        reference: u32,
        command: Command,
        now: Millis,
    ) -> Vec<Note> {
        self.window.push_back(Sent {
            reference,
            command,
            number: None,
            sent_at: now,
        });
        if self.is_live() {
            self.send_waiting(session, now)
        } else {
            Vec::new()
        }
    }

    pub fn event(&mut self, seq: Seq, now: Millis) -> Arrival {
        if seq <= self.last {
            return Arrival::Known;
        }
        if seq > self.last.next() || !self.is_live() {
            return if self.is_live() {
                Arrival::Gap
            } else {
                Arrival::Known
            };
        }
        self.last = seq;
        self.touched_at = now;
        Arrival::Show
    }

    /// Begins anew after `after`, which the client says it has.
    pub fn restart(&mut self, after: Seq) {
        self.last = after;
    }

    /// An event that was to be shown found no room: it and all after it are asked for again, once
    /// there is room.
    pub fn rewind(&mut self, to: Seq, now: Millis) {
        self.last = self.last.min(Seq(to.0.saturating_sub(1)));
        self.stage = Stage::Attaching;
        self.touched_at = now;
    }

    /// A command was answered; false where it is not waited for (any more): numbers begin anew with each
    /// attachment, and a late answer to an earlier one names another command by its own number.
    pub fn answered(&mut self, number: Option<u32>, reference: u32) -> bool {
        let place = self.window.iter().position(|sent| {
            sent.number.is_some() && sent.number == number && sent.reference == reference
        });
        let found = place.and_then(|place| self.window.remove(place)).is_some();
        if self.window.is_empty() {
            self.window = VecDeque::new(); // an idle link keeps no room for commands
        }
        found
    }

    /// The owner misses everything from `from` on.
    pub fn resend(&mut self, session: SessionId, link: u32, from: u32, now: Millis) -> Vec<Note> {
        if !self.is_current(link) || !self.is_live() {
            return Vec::new();
        }
        let number = self.number;
        let missing = self
            .window
            .iter_mut()
            .filter(|sent| sent.number.is_some_and(|n| n >= from));
        missing
            .map(|sent| sent.note(session, number, now))
            .collect()
    }

    /// What to repeat now that some time has passed.
    pub fn beat(&mut self, session: SessionId, now: Millis) -> Vec<Note> {
        let quiet_ms = now.since(self.touched_at);
        match self.stage {
            Stage::Attaching | Stage::Reading | Stage::Skipping if quiet_ms >= ASK_AGAIN_MS => {
                vec![self.attach(session, now)]
            }
            Stage::Attaching | Stage::Reading | Stage::Skipping => Vec::new(),
            Stage::Live => {
                let mut notes = Vec::new();
                if quiet_ms >= BEAT_MS {
                    self.touched_at = now;
                    notes.push(Note::Beat {
                        session,
                        link: self.number,
                        last: self.last,
                    });
                }
                let number = self.number;
                let overdue = |sent: &&mut Sent| now.since(sent.sent_at) >= RESEND_AFTER_MS;
                notes.extend(
                    self.window
                        .iter_mut()
                        .filter(overdue)
                        .map(|sent| sent.note(session, number, now)),
                );
                notes
            }
        }
    }

    /// When [`Link::beat`] has something to say.
    pub fn beat_at(&self) -> Millis {
        let own = match self.stage {
            Stage::Attaching | Stage::Reading | Stage::Skipping => {
                self.touched_at.plus(ASK_AGAIN_MS)
            }
            Stage::Live => self.touched_at.plus(BEAT_MS),
        };
        let resend = self.window.front().filter(|_| self.is_live());
        resend.map_or(own, |sent| own.min(sent.sent_at.plus(RESEND_AFTER_MS)))
    }

    pub fn detach(&self, session: SessionId) -> Note {
        Note::Detach {
            session,
            link: self.number,
        }
    }

    /// Everything unanswered, for another link or to be refused.
    pub fn take_window(&mut self) -> Vec<(u32, Command)> {
        std::mem::take(&mut self.window)
            .into_iter()
            .map(|sent| (sent.reference, sent.command))
            .collect()
    }

    fn send_waiting(&mut self, session: SessionId, now: Millis) -> Vec<Note> {
        let mut notes = Vec::new();
        for sent in self.window.iter_mut().filter(|sent| sent.number.is_none()) {
            sent.number = Some(self.next_number);
            self.next_number += 1;
            notes.push(sent.note(session, self.number, now));
        }
        notes
    }
}

impl Sent {
    fn note(&mut self, session: SessionId, link: u32, now: Millis) -> Note {
        self.sent_at = now;
        Note::Command {
            session,
            link,
            number: self.number.expect("only numbered commands are sent"),
            reference: self.reference,
            command: self.command.clone(),
        }
    }
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
