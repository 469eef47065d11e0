//! History pages that fit a frame.

use crest_actors::conversation::{CustomerEntry, Entry, Event};
use crest_actors::ids::ConversationId;
use crest_schema::ServerFrame;
use crest_schema::frame::server::{HistoryPage, StaffHistoryPage};
use crest_schema::limits::SERVER_FRAME_BYTES;

use super::names::wire_id;
use super::{customer_event, customer_view, staff_event, staff_view};

/// A page of as many entries as fit one frame: the first ones, or the last ones where it is read
/// `backward`. `more` tells of others beyond `entries`.
pub fn customer_page(
    conversation: ConversationId,
    entries: &[CustomerEntry],
    backward: bool,
    more: bool,
) -> ServerFrame<'_> {
    let fits = fitting(entries, backward, |entry| {
        customer_event(conversation, entry)
    });
    ServerFrame::HistoryPage(HistoryPage {
        conversation: wire_id(conversation),
        events: fits.iter().map(customer_view::entry).collect(),
        more: more || fits.len() < entries.len(),
    })
}

/// [`customer_page`] for staff.
pub fn staff_page(
    conversation: ConversationId,
    entries: &[Entry<Event>],
    backward: bool,
    more: bool,
) -> ServerFrame<'_> {
    let fits = fitting(entries, backward, |entry| staff_event(conversation, entry));
    ServerFrame::StaffHistoryPage(StaffHistoryPage {
        conversation: wire_id(conversation),
        events: fits.iter().map(staff_view::entry).collect(),
        more: more || fits.len() < entries.len(),
    })
}

/// An entry alone in a frame is a little larger than in a page, so the sum is an upper bound.
fn fitting<'a, E>(
    entries: &'a [E],
    backward: bool,
    alone: impl Fn(&'a E) -> ServerFrame<'a>,
) -> &'a [E] {
    const ENVELOPE: usize = 128;
    let mut scratch = Vec::new();
    let mut bytes = ENVELOPE;
    let mut count = 0;
    let mut takes = |entry: &'a E| {
        scratch.clear();
        alone(entry).encode_into(None, &mut scratch);
        bytes += scratch.len();
        if bytes > SERVER_FRAME_BYTES {
            return false;
        }
        count += 1;
        true
    };
    if backward {
        let _ = entries.iter().rev().all(&mut takes);
        &entries[entries.len() - count..]
    } else {
        let _ = entries.iter().all(&mut takes);
        &entries[..count]
    }
}
