//! Sessions as the gate and the hub call them.

use std::ops::Deref;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use crest_actors::conversation::CustomerEntry;
use crest_actors::effect::{Publication, Push};
use crest_actors::ids::{ConversationId, Seq, SessionId, TenantId};
use crest_actors::ports::Outlet;
use crest_schema::codes::{Close, Code};
use crest_schema::frame::{ClientFrame, server};

use super::delivery::goodbye;
use super::entry::{Entry, Session};
use super::limits::{HELLO_MS, UNACKED_MAX};
use super::out::{Error, Keep};
use super::sessions::Sessions;
use crate::auth::Role;
use crate::fault::fault_point;
use crate::gateway::socket::{Closed, Flow, Handler};
use crate::translate;

/// What both sides hold: the table can be called by either, from its arbiter only.
pub struct Front(pub Rc<Sessions>);

impl Deref for Front {
    type Target = Rc<Sessions>;

    fn deref(&self) -> &Rc<Sessions> {
        &self.0
    }
}

impl Front {
    fn refuse_malformed(&self, id: SessionId, malformed: &crest_schema::codec::Malformed) -> Flow {
        let Some(error) = server::Error::of_malformed(malformed) else {
            return goodbye(Close::BadProtocol, &malformed.to_string(), None);
        };
        self.with(id, |_, turn| {
            turn.frame(malformed.reference(), &error.into())
        });
        Flow::Continue
    }

    fn event(&self, id: SessionId, conversation: ConversationId, seq: Seq, bytes: &Bytes) {
        self.with(id, |session, turn| match session {
            Session::Customer(customer) => customer.event(conversation, seq, bytes, turn),
            Session::Staff(staff) => staff.event(conversation, seq, bytes, turn),
            Session::Greeting | Session::Moving => {}
        });
    }
}

impl Handler for Front {
    fn opened(&self, id: SessionId) {
        if self.table.borrow().contains_key(&id) {
            return; // came from another arbiter, known already
        }
        let at = self.hub.now().plus(HELLO_MS);
        let entry = Entry::greeting(TenantId::new(""), Some(at));
        self.table.borrow_mut().insert(id, Box::new(entry));
        self.beats.borrow_mut().add(at, id);
    }

    fn message(&self, id: SessionId, payload: &[u8]) -> Flow {
        if self.is_greeting(id) {
            return self.greet(id, payload);
        }
        let (reference, frame) = match ClientFrame::decode(payload) {
            Ok(decoded) => decoded,
            Err(malformed) => return self.refuse_malformed(id, &malformed),
        };
        let audited = match self.audit(id, &frame) {
            Ok(audited) => audited,
            Err(flow) => return flow,
        };
        let doors = &self.doors;
        self.with(id, |session, turn| match session {
            _ if !audited => turn.error(reference, Code::StorageUnavailable.into()),
            Session::Customer(customer) => {
                if doors.allows(Role::Customer, frame.kind()) {
                    customer.frame(reference, frame, turn);
                } else {
                    turn.error(reference, Code::Forbidden.into());
                }
            }
            Session::Staff(staff) => match doors.refusal(staff, &frame, || self.hub.directory()) {
                None => staff.frame(reference, frame, turn),
                Some(code) => turn.error(reference, code.into()),
            },
            Session::Greeting | Session::Moving => {}
        });
        let mut table = self.table.borrow_mut();
        match table.get_mut(&id) {
            Some(entry) if entry.session.unanswered() >= UNACKED_MAX => {
                entry.paused = true;
                Flow::Pause
            }
            _ => Flow::Continue,
        }
    }

    fn drained(&self, id: SessionId) {
        let held = match self.table.borrow_mut().get_mut(&id) {
            Some(entry) => {
                entry.muted = false;
                std::mem::take(&mut entry.held)
            }
            None => return,
        };
        for bytes in held {
            self.send(id, bytes, Keep::Held);
        }
        self.with(id, |session, turn| match session {
            Session::Customer(customer) => customer.unmute(turn),
            Session::Staff(staff) => staff.unmute(turn),
            Session::Greeting | Session::Moving => {}
        });
    }

    fn rate_limited(&self, id: SessionId, retry_after: Duration) {
        let retry_after_ms = Some(retry_after.as_millis() as u32);
        self.with(id, |_, turn| {
            turn.error(
                None,
                Error {
                    retry_after_ms,
                    ..Code::RateLimited.into()
                },
            )
        });
    }

    fn closed(&self, id: SessionId, _: Closed) {
        self.with(id, |session, turn| match session {
            Session::Customer(customer) => customer.close(turn),
            Session::Staff(staff) => staff.close(turn),
            Session::Greeting | Session::Moving => {}
        });
        self.forget(id);
    }
}

impl Outlet for Front {
    fn push(&self, session: SessionId, push: Push) {
        self.with(session, |session, turn| match session {
            Session::Customer(customer) => customer.push(push, turn),
            Session::Staff(staff) => staff.push(push, turn),
            Session::Greeting | Session::Moving => {}
        });
    }

    fn publish(&self, publication: Publication) {
        let Publication {
            conversation,
            entry,
            customers,
            staff,
        } = publication;
        if let Some(seen) = CustomerEntry::of(&entry).filter(|_| !customers.is_empty()) {
            let bytes = translate::customer_event(conversation, &seen).encode(None);
            for id in customers {
                self.event(id, conversation, seen.seq, &bytes);
            }
        }
        if !staff.is_empty() {
            let bytes = translate::staff_event(conversation, &entry).encode(None);
            for id in staff {
                fault_point("during_fan_out");
                self.event(id, conversation, entry.seq, &bytes);
            }
        }
    }
}
