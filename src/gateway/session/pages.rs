//! Reading a conversation's log for a session: catching up, and `history`.

use std::rc::Rc;
use std::sync::Arc;

use crest_actors::conversation::{CustomerEntry, Entry, Event, Refusal};
use crest_actors::ids::{ConversationKey, CustomerId, Seq, SessionId, TenantId};
use crest_actors::ports::{LogId, StoreFailure, Stored};
use crest_actors::runtime::Hub;
use crest_schema::codes::Code;
use crest_schema::frame::{Id, ServerFrame, server};

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
    entries: Vec<Arc<Entry<Event>>>,
    /// The store had more in the direction asked for.
    more: bool,
    failure: Option<Code>,
}

/// Reads a page on the store's threads; the session gets it as a turn of its own.
pub fn read(hub: &Rc<Hub>, session: SessionId, tenant: Option<TenantId>, read: ReadPage) {
    let Some(tenant) = tenant else { return };
    let log = LogId::Conversation(ConversationKey { tenant, id: read.conversation });
    let world = hub.world().clone();
    let first = log.clone();
    // The first event says whose conversation it is: nobody reads another customer's.
    world.clone().store.read(
        first,
        Seq(0),
        1,
        Box::new(move |opened| {
            let (from, limit) = window(&read);
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

/// Where reading starts, and how many records. Customers' numbers never run ahead of the log's, so
/// starting at theirs finds everything after it.
fn window(read: &ReadPage) -> (Seq, usize) {
    match read.before {
        Some(before) if read.after == Seq(0) => {
            let from = before.0.saturating_sub(1 + read.limit as u64);
            (Seq(from), (before.0.saturating_sub(1) - from) as usize)
        }
        _ => (read.after, read.limit),
    }
}

fn page(
    world: &crest_actors::runtime::World,
    read: ReadPage,
    opened: Result<Vec<Stored>, StoreFailure>,
    found: Result<Vec<Stored>, StoreFailure>,
    limit: usize,
) -> Page {
    let decode = |stored: &Stored| world.codec.decode_conversation(stored).map(Arc::new);
    let both = opened.and_then(|opened| found.map(|found| (opened, found)));
    let (opened, found) = match both {
        Ok(both) => both,
        Err(failure) => {
            let code = match failure {
                StoreFailure::Unavailable(_) => Code::StorageUnavailable,
                StoreFailure::Corrupt(_) => Code::StorageCorrupt,
            };
            return Page { read, owner: None, entries: Vec::new(), more: false, failure: Some(code) };
        }
    };
    let more = found.len() == limit;
    let owner = opened.first().and_then(|stored| decode(stored).ok()).and_then(|entry| match &entry.event {
        Event::Opened(opened) => Some(opened.customer.clone()),
        _ => None,
    });
    match found.iter().map(decode).collect::<Result<Vec<_>, _>>() {
        Ok(entries) => Page { read, owner, entries, more, failure: None },
        Err(what) => {
            tracing::error!(%what, "a stored event cannot be read");
            Page { read, owner, entries: Vec::new(), more: false, failure: Some(Code::StorageCorrupt) }
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
    let read_to = page.entries.last().map_or(page.read.after, |entry| entry.seq);
    let seen: Vec<_> = page.entries.iter().filter_map(|entry| CustomerEntry::of(entry)).collect();
    match page.read.purpose {
        Purpose::CatchUp => session.caught_up(page.read.conversation, &seen, page.more, read_to, turn),
        Purpose::History { reference } => {
            let within = |entry: &&CustomerEntry| {
                entry.seq > page.read.after && page.read.before.is_none_or(|before| entry.seq < before)
            };
            let events = seen.iter().filter(within).map(translate::customer_entry).collect();
            let conversation = Id(page.read.conversation.0);
            let frame = server::HistoryPage { conversation, events, more: page.more };
            turn.frame(Some(reference), &ServerFrame::HistoryPage(frame));
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
    match page.read.purpose {
        Purpose::CatchUp => session.caught_up(page.read.conversation, &page.entries, page.more, turn),
        Purpose::History { reference } => {
            let within = |entry: &&Arc<Entry<Event>>| page.read.before.is_none_or(|before| entry.seq < before);
            let events = page.entries.iter().filter(within).map(|entry| translate::staff_entry(entry)).collect();
            let conversation = Id(page.read.conversation.0);
            let frame = server::StaffHistoryPage { conversation, events, more: page.more };
            turn.frame(Some(reference), &ServerFrame::StaffHistoryPage(frame));
        }
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
