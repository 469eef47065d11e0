//! Reading a conversation's log for a session: catching up, and `history`.

use std::rc::Rc;

use crest_actors::conversation::{CustomerEntry, Entry, Event, Opened, Refusal};
use crest_actors::ids::{ConversationKey, Seq, SessionId, TenantId};
use crest_actors::ports::{LogId, StoreFailure, Stored};
use crest_actors::runtime::{Hub, World};
use crest_schema::codes::Code;

use super::customer::CustomerSession;
use super::out::{Purpose, ReadPage, Reader, Turn};
use super::sessions::Sessions;
use super::staff::StaffSession;
use crate::translate;

/// What was read.
pub struct Page {
    read: ReadPage,
    /// The conversation is there, and the reader's own where that had to be looked up.
    found: bool,
    entries: Vec<Entry<Event>>,
    /// The store had more in the direction asked for.
    more: bool,
    failure: Option<Code>,
}

/// Reads a page on the store's threads; the session gets it as a turn of its own.
pub fn read(hub: &Rc<Hub>, session: SessionId, tenant: TenantId, read: ReadPage) {
    let log = LogId::Conversation(ConversationKey {
        tenant,
        id: read.conversation,
    });
    // Customers' numbers never run ahead of the log's: starting at theirs finds all that follows.
    let from = read.page.after;
    let stranger = match &read.reader {
        Reader::Stranger(customer) => Some(customer.clone()),
        Reader::Staff | Reader::Customer => None,
    };
    let page = Page {
        read,
        found: true,
        entries: Vec::new(),
        more: false,
        failure: None,
    };
    let reading = Reading {
        world: hub.world().clone(),
        session,
        log,
        page,
    };
    match stranger {
        Some(customer) => reading.first(move |opened| opened.customer == customer),
        None => reading.go_on(from),
    }
}

/// A page on its way through the store's threads.
struct Reading {
    world: World,
    session: SessionId,
    log: LogId,
    page: Page,
}

impl Reading {
    /// Looks at the first event, which tells whose conversation it is, and whether there is one.
    fn first(mut self, wanted: impl FnOnce(&Opened) -> bool + Send + 'static) {
        let (store, log) = (self.world.store.clone(), self.log.clone());
        let first = move |found: Result<Vec<Stored>, StoreFailure>| match self.decode(found) {
            Ok(entries) => {
                self.page.found = match entries.first().map(|entry| &entry.event) {
                    Some(Event::Opened(opened)) => wanted(opened),
                    _ => false,
                };
                match (&self.page.read.reader, self.page.found) {
                    (Reader::Stranger(_), true) => {
                        let from = self.page.read.page.after;
                        self.go_on(from);
                    }
                    _ => self.finish(None),
                }
            }
            Err(code) => self.finish(Some(code)),
        };
        store.read(log, Seq(0), 1, Box::new(first));
    }

    fn go_on(mut self, from: Seq) {
        let (store, log) = (self.world.store.clone(), self.log.clone());
        let limit = self.page.read.page.limit as usize;
        let next = move |found: Result<Vec<Stored>, StoreFailure>| match self.decode(found) {
            Ok(entries) => {
                self.page.more = entries.len() == limit;
                self.page.entries.extend(entries);
                match self.page.entries.last().map(|last| last.seq) {
                    Some(last) if self.page.more && !self.page.is_full() => self.go_on(last),
                    // Nothing after that position, or nothing at all? Rare enough to look.
                    None if self.page.read.reader == Reader::Staff => self.first(|_| true),
                    _ => self.finish(None),
                }
            }
            Err(code) => self.finish(Some(code)),
        };
        store.read(log, from, limit, Box::new(next));
    }

    fn decode(&self, found: Result<Vec<Stored>, StoreFailure>) -> Result<Vec<Entry<Event>>, Code> {
        let found = found.map_err(|failure| translate::code_of_store(&failure))?;
        let entries = found
            .iter()
            .map(|stored| self.world.codec.decode_conversation(stored));
        entries.collect::<Result<_, _>>().map_err(|what| {
            tracing::error!(%what, "a stored event cannot be read");
            Code::StorageCorrupt
        })
    }

    fn finish(mut self, failure: Option<Code>) {
        self.page.failure = failure;
        let (session, page) = (self.session, self.page);
        self.world.post.run_on(session.arbiter, move |_| {
            if let Some(sessions) = Sessions::here() {
                sessions.page(session, page);
            }
        });
    }
}

/// Gives a page to the customer whose conversation it is.
pub fn to_customer(session: &mut CustomerSession, page: Page, turn: &mut Turn<'_>) {
    let reference = page.read.purpose.reference();
    if let Some(code) = page.failure {
        return match page.read.purpose {
            Purpose::CatchUp { link } => {
                session.unread(page.read.conversation, link, code, turn);
            }
            Purpose::History { .. } => turn.error(reference, code.into()),
        };
    }
    if !page.found {
        return turn.error(reference, Refusal::NotOpen.into());
    }
    let conversation = page.read.conversation;
    let seen: Vec<_> = page.entries.iter().filter_map(CustomerEntry::of).collect();
    match page.read.purpose {
        Purpose::CatchUp { link } => {
            session.caught_up(conversation, link, &seen, page.next(), turn);
        }
        Purpose::History { reference } => {
            let asked = page.read.page;
            let within = |entry: &CustomerEntry| {
                entry.seq > asked.after && asked.before.is_none_or(|before| entry.seq < before)
            };
            let mut seen: Vec<_> = seen.into_iter().filter(within).collect();
            // What is hidden from customers must not show in what is left of a page.
            let more = if asked.backward {
                asked.after > Seq(0)
            } else {
                seen.len() > asked.limit as usize
            };
            seen.truncate(asked.limit as usize);
            let frame = translate::customer_page(conversation, &seen, asked.backward, more);
            turn.frame(Some(reference), &frame);
        }
    }
}

/// Gives a page to a member of staff who may see it.
pub fn to_staff(session: &mut StaffSession, page: Page, turn: &mut Turn<'_>) {
    let reference = page.read.purpose.reference();
    if let Some(code) = page.failure {
        return match page.read.purpose {
            Purpose::CatchUp { link } => {
                session.unread(page.read.conversation, link, code, turn);
            }
            Purpose::History { .. } => turn.error(reference, code.into()),
        };
    }
    if !session.may_read(page.read.conversation) {
        return turn.error(reference, Refusal::NotAllowed.into());
    }
    if !page.found {
        return turn.error(reference, Refusal::NotOpen.into());
    }
    let conversation = page.read.conversation;
    match page.read.purpose {
        Purpose::CatchUp { link } => {
            session.caught_up(conversation, link, &page.entries, page.next(), turn);
        }
        Purpose::History { reference } => {
            let asked = page.read.page;
            let within =
                |entry: &&Entry<Event>| asked.before.is_none_or(|before| entry.seq < before);
            let count = page.entries.iter().take_while(within).count();
            let frame = translate::staff_page(
                conversation,
                &page.entries[..count],
                asked.backward,
                page.more,
            );
            turn.frame(Some(reference), &frame);
        }
    }
}

impl Page {
    /// Has it what was asked for? A customer's page holds one more event than it shows, so that it
    /// knows whether there are others.
    fn is_full(&self) -> bool {
        let asked = self.read.page;
        if self.read.reader == Reader::Staff || matches!(self.read.purpose, Purpose::CatchUp { .. })
        {
            return true;
        }
        let numbers = || self.entries.iter().filter_map(|entry| entry.customer_seq);
        let reached = asked
            .before
            .is_some_and(|before| numbers().any(|seq| seq.next() >= before));
        reached || numbers().filter(|seq| *seq > asked.after).count() > asked.limit as usize
    }

    /// Where the next page begins, while there is one.
    fn next(&self) -> Option<Seq> {
        self.entries
            .last()
            .filter(|_| self.more)
            .map(|last| last.seq)
    }
}

impl Purpose {
    fn reference(self) -> Option<u32> {
        match self {
            Purpose::CatchUp { .. } => None,
            Purpose::History { reference } => Some(reference),
        }
    }
}
