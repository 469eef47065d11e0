//! Frames to their sockets: what happens while a client does not read, and how it is told goodbye.

use std::rc::Rc;

use bytes::Bytes;
use crest_actors::ids::SessionId;
use crest_schema::codes::Close;
use crest_schema::frame::{ServerFrame, server};

use super::entry::Session;
use super::limits::{HELD_FRAMES_MAX, REASON_BYTES};
use super::out::Keep;
use super::sessions::Sessions;
use crate::gateway::socket::{Flow, Kind, Sent};

impl Sessions {
    pub(super) fn send(self: &Rc<Self>, id: SessionId, bytes: Bytes, keep: Keep) {
        let muted = self.table.borrow().get(&id).is_none_or(|entry| entry.muted);
        if !muted {
            let kind = if keep == Keep::No {
                Kind::MayDrop
            } else {
                Kind::Must
            };
            match self.gate.send(id, bytes.clone(), kind) {
                Sent::Queued | Sent::Dropped | Sent::Gone => return,
                Sent::Gap => self.mute(id),
            }
        }
        let mut table = self.table.borrow_mut();
        let Some(entry) = table.get_mut(&id) else {
            return;
        };
        match keep {
            Keep::No => return,
            Keep::Replayed(conversation, seq) => {
                return entry.session.rewind(conversation, seq, self.hub.now());
            }
            Keep::Held => {}
        }
        entry.held.push(bytes);
        if entry.held.len() > HELD_FRAMES_MAX {
            drop(table);
            self.close(id, Close::SlowConsumer, Some(0));
        }
    }

    pub(super) fn mute(&self, id: SessionId) {
        if let Some(entry) = self.table.borrow_mut().get_mut(&id) {
            entry.muted = true;
            match &mut entry.session {
                Session::Customer(customer) => customer.mute(),
                Session::Staff(staff) => staff.mute(),
                Session::Greeting | Session::Moving => {}
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
