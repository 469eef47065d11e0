//! Reading a conversation's log for a session: catching up, and `history`.

use std::rc::Rc;

use crest_actors::conversation::{CustomerEntry, Entry, Event, Refusal};
use crest_actors::ids::{ConversationKey, CustomerId, Seq, SessionId, TenantId};
use crest_actors::ports::{LogId, StoreFailure, Stored};
use crest_actors::runtime::{Hub, World};
use crest_schema::codes::Code;

use super::customer::CustomerSession;
use super::out::{Purpose, ReadPage, Turn};
use super::sessions::Sessions;
use super::staff::StaffSession;
use crate::translate;

/// What was read.
pub struct Page {
    read: ReadPage,
    /// Whose conversation it is, from its first event.
    owner: Option<CustomerId>,
    entries: Vec<Entry<Event>>,
    /// The store had more in the direction asked for.
    more: bool,
    failure: Option<Code>,
}

/// Reads a page on the store's threads; the session gets it as a turn of its own.
pub fn read(hub: &Rc<Hub>, session: SessionId, tenant: Option<TenantId>, read: ReadPage) {
    let Some(tenant) = tenant else { return };
    let log = LogId::Conversation(ConversationKey {
        tenant,
        id: read.conversation,
    });
    let page = Page {
        read,
        owner: None,
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
    reading.owner();
}

/// A page on its way through the store's threads.
struct Reading {
    world: World,
    session: SessionId,
    log: LogId,
    page: Page,
}

impl Reading {
    /// The first event says whose conversation it is: nobody reads another customer's.
    fn owner(mut self) {
        let (store, log) = (self.world.store.clone(), self.log.clone());
        let first = move |found: Result<Vec<Stored>, StoreFailure>| match self.decode(found) {
            Ok(entries) => {
                self.page.owner = entries.into_iter().find_map(|entry| match entry.event {
                    Event::Opened(opened) => Some(opened.customer),
                    _ => None,
                });
                // Customers' numbers never run ahead of the log's: starting at theirs finds all that follows.
                let from = self.page.read.page.after;
                self.go_on(from);
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
        return turn.error(reference, code.into());
    }
    if page.owner.as_ref() != Some(&session.key.customer) {
        return turn.error(reference, Refusal::NotOpen.into());
    }
    let conversation = page.read.conversation;
    let seen: Vec<_> = page.entries.iter().filter_map(CustomerEntry::of).collect();
    match page.read.purpose {
        Purpose::CatchUp => session.caught_up(conversation, &seen, page.next(), turn),
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
        return turn.error(reference, code.into());
    }
    if !session.may_read(page.read.conversation) {
        return turn.error(reference, Refusal::NotAllowed.into());
    }
    let conversation = page.read.conversation;
    match page.read.purpose {
        Purpose::CatchUp => session.caught_up(conversation, &page.entries, page.next(), turn),
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
        if !self.read.customer || self.read.purpose == Purpose::CatchUp {
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
            Purpose::CatchUp => None,
            Purpose::History { reference } => Some(reference),
        }
    }
}
