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

/// One line a stored client message id. Whole lots of [`LOT`] are sorted by author and id, the rest
/// is as it came: ids are random, and each in its place would move half of the lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known(Vec<Line>);

const LOT: usize = 16;

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
    pub fn find(
        &self,
        voice: Voice<'_>,
        id: ClientMsgId,
        content: impl FnOnce() -> u64,
    ) -> Option<(First, bool)> {
        let line = self.line(digest(&voice), id)?;
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
        let voice = digest(&voice);
        if self.line(voice, id).is_some() {
            return;
        }
        if self.0.len() == self.0.capacity() && self.0.len() < 4 {
            self.0.reserve_exact(1);
        }
        self.0.push(Line {
            voice,
            id,
            content,
            first,
        });
        if self.0.len().is_multiple_of(LOT) {
            self.0.sort_by_key(Line::key);
        }
    }

    fn line(&self, voice: u64, id: ClientMsgId) -> Option<&Line> {
        let (sorted, newest) = self.0.split_at(self.0.len() - self.0.len() % LOT);
        let key = (voice, id);
        let newest = newest.iter().find(|line| line.key() == key);
        newest.or_else(|| Some(&sorted[sorted.binary_search_by_key(&key, Line::key).ok()?]))
    }
}

impl Line {
    fn key(&self) -> (u64, ClientMsgId) {
        (self.voice, self.id)
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
pub(super) const LINE_BYTES: usize = size_of::<Line>();

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
