//! Client message ids seen so far, for the life of the conversation (G3).

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::ids::{AgentId, ClientMsgId, Millis, Seq};

use super::event::{Author, Body, Entry, Event};
use super::note::Command;

/// Where a client message id was first stored, in its author's numbering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct First {
    pub seq: Seq,
    pub at: Millis,
}

/// Sorted by author and id; one line a stored client message id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known(Vec<Line>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    voice: u64,
    id: ClientMsgId,
    content: u64,
    first: First,
}

/// Whose ids these are: the customer's are one space, each member of staff has its own.
#[derive(Clone, Copy, Hash)]
pub(super) enum Voice<'a> {
    Customer,
    Staff(&'a AgentId),
}

impl<'a> Voice<'a> {
    pub fn of(author: &'a Author) -> Option<Self> {
        match author {
            Author::Customer => Some(Voice::Customer),
            Author::Agent(agent) | Author::Supervisor(agent) => Some(Voice::Staff(agent)),
            Author::Bot | Author::System => None,
        }
    }
}

impl Known {
    /// Where this id was stored first, and whether with this content.
    pub fn find(&self, voice: Voice<'_>, id: ClientMsgId, content: u64) -> Option<(First, bool)> {
        let line = &self.0[self.place(digest(&voice), id).ok()?];
        Some((line.first, line.content == content))
    }

    /// Remembers the id an entry carries, if any.
    pub fn learn(&mut self, entry: &Entry<Event>) {
        let Some((voice, id, content)) = content_of_event(&entry.event) else {
            return;
        };
        let seq = match voice {
            Voice::Customer => entry.customer_seq.expect("a customer sees its own words"),
            Voice::Staff(_) => entry.seq,
        };
        let first = First { seq, at: entry.at };
        let voice = digest(&voice);
        if let Err(place) = self.place(voice, id) {
            if self.0.len() == self.0.capacity() && self.0.len() < 4 {
                self.0.reserve_exact(1);
            }
            let line = Line {
                voice,
                id,
                content,
                first,
            };
            self.0.insert(place, line);
        }
    }

    fn place(&self, voice: u64, id: ClientMsgId) -> Result<usize, usize> {
        self.0
            .binary_search_by_key(&(voice, id), |line| (line.voice, line.id))
    }
}

/// Id and content of a command that has an id. Equal to that of the event it becomes.
pub(super) fn content_of_command(command: &Command) -> Option<(ClientMsgId, u64)> {
    match command {
        Command::Say { id, body } => Some((*id, said(body))),
        Command::LeaveMessage { id, text } => Some((*id, said(&Body::Text(text.clone())))),
        Command::Edit { id, of, body } => Some((*id, digest(&("edit", of, body)))),
        Command::Recall { id, of } => Some((*id, digest(&("recall", of)))),
        Command::Whisper { id, text } => Some((*id, digest(&("whisper", text)))),
        Command::AskHuman
        | Command::CallBack { .. }
        | Command::Leave
        | Command::Rate { .. }
        | Command::Accept { .. }
        | Command::Decline { .. }
        | Command::TransferToAgent { .. }
        | Command::TransferToGroup { .. }
        | Command::TakeOver
        | Command::GiveBack
        | Command::End
        | Command::WrapUpDone { .. } => None,
    }
}

fn content_of_event(event: &Event) -> Option<(Voice<'_>, ClientMsgId, u64)> {
    let own = |voice, target: &super::event::Target| match voice {
        Voice::Customer => target.customer_seq,
        Voice::Staff(_) => target.seq,
    };
    match event {
        Event::Message(message) => Some((
            Voice::of(&message.author)?,
            message.id?,
            said(&message.body),
        )),
        Event::Edited {
            of,
            author,
            id,
            body,
        } => {
            let voice = Voice::of(author)?;
            Some((voice, *id, digest(&("edit", own(voice, of), body))))
        }
        Event::Recalled { of, author, id } => {
            let voice = Voice::of(author)?;
            Some((voice, *id, digest(&("recall", own(voice, of)))))
        }
        Event::Whisper { author, id, text } => {
            Some((Voice::Staff(author), *id, digest(&("whisper", text))))
        }
        _ => None,
    }
}

fn said(body: &Body) -> u64 {
    digest(&("say", body))
}

/// Only compared within one process, so it need not be stable between releases.
fn digest(content: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}

/// What one id costs.
#[cfg(test)]
pub(super) const LINE_BYTES: usize = size_of::<Line>();
