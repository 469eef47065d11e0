//! Frames to their sockets: what happens while a client does not read, and how it is told goodbye.

use std::rc::Rc;

use bytes::Bytes;
use crest_actors::ids::{ConversationId, Millis, Seq, SessionId};
use crest_schema::codes::Close;
use crest_schema::frame::{ServerFrame, server};

use super::entry::Session;
use super::limits::{HELD_FRAMES_MAX, REASON_BYTES};
use super::link::Arrival;
use super::out::Keep;
use super::sessions::Sessions;
use crate::gateway::socket::{Flow, Kind, Sent};

/// An event on its way to everybody who follows a conversation, encoded once for one kind of reader.
pub struct Live {
    pub conversation: ConversationId,
    /// In the readers' numbering.
    pub seq: Seq,
    pub bytes: Bytes,
    pub now: Millis,
}

impl Sessions {
    /// Shows a live event to one session: the shortest way there is, for a room may be full.
    pub(super) fn show(self: &Rc<Self>, id: SessionId, live: &Live) {
        let mut table = self.table.borrow_mut();
        let Some(entry) = table.get_mut(&id) else {
            return;
        };
        match entry.session.event(live.conversation, live.seq, live.now) {
            Arrival::Known => {}
            Arrival::Show => match self.gate.send(id, live.bytes.clone(), Kind::Must) {
                Sent::Queued | Sent::Dropped | Sent::Gone => {}
                Sent::Gap => {
                    entry.mute();
                    entry.session.rewind(live.conversation, live.seq, live.now);
                    self.reschedule(id, entry);
                }
            },
            Arrival::Gap => {
                drop(table);
                self.with(id, |session, turn| match session {
                    Session::Customer(customer) => customer.heal(live.conversation, turn),
                    Session::Staff(staff) => staff.heal(live.conversation, turn),
                    Session::Greeting | Session::Moving => {}
                });
            }
        }
    }

    /// Sends what only this session gets.
    pub(super) fn send(&self, id: SessionId, bytes: Bytes, keep: Keep) {
        let mut table = self.table.borrow_mut();
        let Some(entry) = table.get_mut(&id) else {
            return;
        };
        if !entry.muted {
            let kind = if keep == Keep::No {
                Kind::MayDrop
            } else {
                Kind::Must
            };
            match self.gate.send(id, bytes.clone(), kind) {
                Sent::Queued | Sent::Dropped | Sent::Gone => return,
                Sent::Gap => entry.mute(),
            }
        }
        match keep {
            Keep::No => {}
            Keep::Replayed(conversation, seq) => {
                entry.session.rewind(conversation, seq, self.hub.now());
                self.reschedule(id, entry);
            }
            Keep::Held => {
                entry.held.push(bytes);
                if entry.held.len() > HELD_FRAMES_MAX {
                    drop(table);
                    self.close(id, Close::SlowConsumer, Some(0));
                }
            }
        }
    }

    /// Says goodbye with the code's own words.
    pub(super) fn close(&self, id: SessionId, close: Close, retry_after_ms: Option<u32>) {
        let reason = close.meaning();
        let bye = bye(close, reason, retry_after_ms);
        self.gate.close(id, close.number(), reason, Some(bye));
    }
}

/// Ends a connection from within its own message. `reason` is for people, cut to what a Close frame
/// has room for.
pub fn goodbye(close: Close, reason: &str, retry_after_ms: Option<u32>) -> Flow {
    let reason = &reason[..reason.floor_char_boundary(REASON_BYTES)];
    Flow::Close {
        code: close.number(),
        reason: reason.to_owned().into(),
        bye: Some(bye(close, reason, retry_after_ms)),
    }
}

fn bye(close: Close, reason: &str, retry_after_ms: Option<u32>) -> Bytes {
    let bye = server::Bye {
        code: close.number(),
        reason: reason.into(),
        retry_after_ms,
    };
    ServerFrame::Bye(bye).encode(None)
}
