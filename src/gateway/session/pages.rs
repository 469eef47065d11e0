//! Reading a conversation's log for a session: catching up, and `history`.

use std::rc::Rc;

use crest_actors::conversation::{CustomerEntry, Entry, Event, Refusal};
use crest_actors::ids::{ConversationKey, CustomerId, Seq, SessionId, TenantId};
use crest_actors::ports::{LogId, StoreFailure, Stored};
use crest_actors::runtime::Hub;
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
    let world = hub.world().clone();
    let first = log.clone();
    // Customers' numbers never run ahead of the log's, so starting at theirs finds all that follows.
    let (from, limit) = (read.page.after, read.page.limit as usize);
    // The first event says whose conversation it is: nobody reads another customer's.
    world.clone().store.read(
        first,
        Seq(0),
        1,
        Box::new(move |opened| {
            let again = world.clone();
            world.store.read(
                log,
                from,
                limit,
                Box::new(move |found| {
                    let page = page(&again, read, opened, found, limit);
                    let post = again.post.clone();
                    post.run_on(session.arbiter, move |_| {
                        if let Some(sessions) = Sessions::here() {
                            sessions.page(session, page);
                        }
                    });
                }),
            );
        }),
    );
}

fn page(
    world: &crest_actors::runtime::World,
    read: ReadPage,
    opened: Result<Vec<Stored>, StoreFailure>,
    found: Result<Vec<Stored>, StoreFailure>,
    limit: usize,
) -> Page {
    let decode = |stored: &Stored| world.codec.decode_conversation(stored);
    let both = opened.and_then(|opened| found.map(|found| (opened, found)));
    let (opened, found) = match both {
        Ok(both) => both,
        Err(failure) => {
            let failure = Some(translate::code_of_store(&failure));
            return Page {
                read,
                owner: None,
                entries: Vec::new(),
                more: false,
                failure,
            };
        }
    };
    let more = found.len() == limit;
    let owner = opened
        .first()
        .and_then(|stored| decode(stored).ok())
        .and_then(|entry| match &entry.event {
            Event::Opened(opened) => Some(opened.customer.clone()),
            _ => None,
        });
    match found.iter().map(decode).collect::<Result<Vec<_>, _>>() {
        Ok(entries) => Page {
            read,
            owner,
            entries,
            more,
            failure: None,
        },
        Err(what) => {
            tracing::error!(%what, "a stored event cannot be read");
            Page {
                read,
                owner,
                entries: Vec::new(),
                more: false,
                failure: Some(Code::StorageCorrupt),
            }
        }
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
            let seen: Vec<_> = seen.into_iter().filter(within).collect();
            let frame = translate::customer_page(conversation, &seen, asked.backward, page.more);
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
