//! Sessions as the gate and the hub call them.

use std::ops::Deref;
use std::rc::Rc;
use std::time::Duration;

use crest_actors::conversation::CustomerEntry;
use crest_actors::effect::{Publication, Push};
use crest_actors::ids::{SessionId, TenantId};
use crest_actors::ports::Outlet;
use crest_schema::codes::{Close, Code};
use crest_schema::frame::{ClientFrame, server};

use super::delivery::{Live, goodbye};
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
        let mut full = false;
        self.with(id, |session, turn| {
            match session {
                _ if !audited => turn.error(reference, Code::StorageUnavailable.into()),
                Session::Customer(customer) => {
                    if doors.allows(Role::Customer, frame.kind()) {
                        customer.frame(reference, frame, turn);
                    } else {
                        turn.error(reference, Code::Forbidden.into());
                    }
                }
                Session::Staff(staff) => {
                    match doors.refusal(staff, &frame, || self.hub.directory()) {
                        None => staff.frame(reference, frame, turn),
                        Some(code) => turn.error(reference, code.into()),
                    }
                }
                Session::Greeting | Session::Moving => {}
            }
            full = session.unanswered() >= UNACKED_MAX;
        });
        if !full {
            return Flow::Continue;
        }
        match self.table.borrow_mut().get_mut(&id) {
            Some(entry) => {
                entry.paused = true;
                Flow::Pause
            }
            None => Flow::Continue,
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
        let now = self.hub.now();
        if let Some(seen) = CustomerEntry::of(&entry).filter(|_| !customers.is_empty()) {
            let bytes = translate::customer_event(conversation, &seen).encode(None);
            let live = Live {
                conversation,
                seq: seen.seq,
                bytes,
                now,
            };
            customers.iter().for_each(|id| self.show(*id, &live));
        }
        if !staff.is_empty() {
            let bytes = translate::staff_event(conversation, &entry).encode(None);
            let live = Live {
                conversation,
                seq: entry.seq,
                bytes,
                now,
            };
            for id in staff {
                fault_point("during_fan_out");
                self.show(id, &live);
            }
        }
    }
}
