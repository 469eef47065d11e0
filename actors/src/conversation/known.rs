//! Client message ids seen so far, for the life of the conversation (G3).

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use foldhash::fast::RandomState;

use crate::ids::{AgentId, ClientMsgId, Millis, Seq};

use super::event::{Author, Body, Entry, Event};
use super::note::Command;

/// Where a client message id was first stored, in its author's numbering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct First {
    pub seq: Seq,
    pub at: Millis,
}

/// What is known of each stored client message id, by whose it is. A conversation of people has a
/// few, which take no more than their own room; a long one is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Few(Vec<(Key, Line)>),
    #[expect(clippy::box_collection, reason = "millions of conversations have few")]
    Many(Box<HashMap<Key, Line, RandomState>>),
}

type Key = (u64, ClientMsgId);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    content: u64,
    first: First,
}

const FEW: usize = 32;

impl Default for Known {
    fn default() -> Self {
        Known::Few(Vec::new())
    }
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
    pub fn find(
        &self,
        voice: Voice<'_>,
        id: ClientMsgId,
        content: impl FnOnce() -> u64,
    ) -> Option<(First, bool)> {
        let line = self.line(&(digest(&voice), id))?;
        Some((line.first, line.content == content()))
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
        let key = (digest(&voice), id);
        if self.line(&key).is_none() {
            self.add(key, Line { content, first });
        }
    }

    fn line(&self, key: &Key) -> Option<&Line> {
        match self {
            Known::Few(lines) => lines.iter().find(|(of, _)| of == key).map(|(_, line)| line),
            Known::Many(lines) => lines.get(key),
        }
    }

    fn add(&mut self, key: Key, line: Line) {
        match self {
            Known::Few(lines) if lines.len() < FEW => {
                if lines.len() == lines.capacity() && lines.len() < 4 {
                    lines.reserve_exact(1);
                }
                lines.push((key, line));
            }
            Known::Few(lines) => {
                let mut many: HashMap<_, _, _> = lines.drain(..).collect();
                many.insert(key, line);
                *self = Known::Many(Box::new(many));
            }
            Known::Many(lines) => {
                lines.insert(key, line);
            }
        }
    }
}

/// Content of a command that has an id. Equal to that of the event it becomes.
pub(super) fn content_of_command(command: &Command) -> u64 {
    match command {
        Command::Say { body, .. } => said(body),
        Command::LeaveMessage { text, .. } => said(&Body::Text(text.as_str().into())),
        Command::Edit { of, body, .. } => digest(&("edit", of, body)),
        Command::Recall { of, .. } => digest(&("recall", of)),
        Command::Whisper { text, .. } => digest(&("whisper", text)),
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
        | Command::WrapUpDone { .. } => digest(command),
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
pub(super) const LINE_BYTES: usize = size_of::<(Key, Line)>();

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> ClientMsgId {
        ClientMsgId([number.wrapping_mul(151); 16])
    }

    fn whisper(number: u8) -> Entry<Event> {
        Entry {
            seq: Seq(u64::from(number) + 1),
            customer_seq: None,
            at: Millis(1),
            event: Event::Whisper {
                author: AgentId::new("sue"),
                id: id(number),
                text: number.to_string(),
            },
        }
    }

    #[test]
    fn every_id_is_found_where_it_was_first_stored_however_many_there_are() {
        let mut known = Known::default();
        let sue = AgentId::new("sue");
        for number in 0..=u8::MAX {
            let voice = Voice::Staff(&sue);
            assert_eq!(known.find(voice, id(number), || 0), None, "{number}");
            known.learn(&whisper(number));
            known.learn(&whisper(number));
            for earlier in 0..=number {
                let content = || digest(&("whisper", earlier.to_string()));
                let (first, same) = known.find(voice, id(earlier), content).expect("learned");
                assert_eq!((first.seq, same), (Seq(u64::from(earlier) + 1), true));
            }
        }
        let other = known.find(Voice::Customer, id(3), || 0);
        assert_eq!(other, None, "ids of another voice");
    }
}
