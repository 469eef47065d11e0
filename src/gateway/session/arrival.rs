//! From the first frame of a connection to its session, on the arbiter where its actors live.

use std::rc::Rc;

use crest_actors::ids::SessionId;
use crest_schema::codes::Close;
use crest_schema::frame::client::Hello;
use crest_schema::frame::{ClientFrame, ServerFrame};

use super::delivery::goodbye;
use super::departure::return_after;
use super::doors::{Guest, Vouched};
use super::entry::{Entry, Session};
use super::sessions::Sessions;
use crate::gateway::socket::Flow;

impl Sessions {
    /// The first frame of a connection: who is it, and where does it belong?
    pub(super) fn greet(self: &Rc<Self>, id: SessionId, payload: &[u8]) -> Flow {
        let (reference, hello) = match ClientFrame::decode(payload) {
            Ok((Some(reference), ClientFrame::Hello(hello))) => (reference, hello),
            Ok(_) => return goodbye(Close::BadProtocol, "The first frame must be hello.", None),
            Err(malformed) => {
                return goodbye(Close::BadProtocol, &malformed.to_string(), None);
            }
        };
        // Before the ticket is used up: it is as good for another node.
        if self.draining.get() {
            let close = Close::GoingAway;
            return goodbye(close, close.meaning(), Some(return_after(id)));
        }
        if let Some((others, node, ticket)) = self.doors.issuer(&hello) {
            self.begin_to_move(id);
            let (post, arbiter) = (self.hub.world().post.clone(), self.hub.arbiter());
            let done = move |vouched| {
                post.run_on(arbiter, move |_| {
                    if let Some(sessions) = Sessions::here() {
                        sessions.vouched(id, reference, hello, vouched);
                    }
                });
            };
            others.redeem(node, ticket, Box::new(done));
            return Flow::Pause;
        }
        let guest = match self.doors.admit(reference, hello, self.hub.now()) {
            Ok(guest) => guest,
            Err(close) => return goodbye(close, close.meaning(), None),
        };
        let home = self.hub.world().post.arbiter_of(guest.shard());
        if home == self.hub.arbiter() {
            self.forget(id);
            self.welcome(id, guest);
            return Flow::Continue;
        }
        self.begin_to_move(id);
        let sessions = self.clone();
        actix::spawn(async move { sessions.move_home(id, guest, home) });
        Flow::Pause
    }

    /// Nothing more is taken from it until it has come to where it belongs.
    fn begin_to_move(&self, id: SessionId) {
        if let Some(entry) = self.table.borrow_mut().get_mut(&id) {
            entry.session = Session::Moving;
        }
    }

    /// Another node has said whose ticket it was.
    fn vouched(self: &Rc<Self>, id: SessionId, reference: u32, hello: Hello, vouched: Vouched) {
        if !self.table.borrow().contains_key(&id) {
            return; // did not wait for it
        }
        let guest = match self.doors.admit_as(reference, hello, vouched) {
            Ok(guest) => guest,
            Err(close @ Close::Overloaded) => return self.close(id, close, Some(return_after(id))),
            Err(close) => return self.close(id, close, None),
        };
        let home = self.hub.world().post.arbiter_of(guest.shard());
        if home != self.hub.arbiter() {
            return self.move_home(id, guest, home);
        }
        self.forget(id);
        self.welcome(id, guest);
        self.gate.resume(id);
    }

    /// A known guest arrives, here or from the arbiter it first connected to.
    pub fn welcome(self: &Rc<Self>, id: SessionId, guest: Guest) {
        if self.draining.get() {
            return self.close(id, Close::GoingAway, Some(return_after(id)));
        }
        let tenant = guest.tenant().clone();
        let entry = Entry::greeting(tenant.clone(), None);
        self.table.borrow_mut().insert(id, Box::new(entry));
        let mut out = Vec::new();
        let mut turn = self.turn(id, &tenant, &mut out);
        let welcome = guest.welcome(&turn, self.doors.heartbeat_ms());
        turn.frame(Some(guest.reference), &ServerFrame::Welcome(welcome));
        let session = guest.begin(&mut turn);
        if let Some(entry) = self.table.borrow_mut().get_mut(&id) {
            entry.session = session.into();
        }
        self.carry_out(id, &mut out);
        self.schedule(id);
    }

    /// Hands the socket to the arbiter that the guest's actors live on.
    fn move_home(&self, id: SessionId, guest: Guest, home: u16) {
        let Some(transport) = self.gate.release(id) else {
            return;
        };
        self.forget(id);
        self.hub.world().post.run_on(home, move |_| {
            let Some(sessions) = Sessions::here() else {
                return;
            };
            match sessions.gate.adopt(transport) {
                Ok(id) => sessions.welcome(id, guest),
                Err(error) => tracing::warn!(%error, "a connection was lost while it moved"),
            }
        });
    }

    pub(super) fn forget(&self, id: SessionId) {
        let entry = self.table.borrow_mut().remove(&id);
        if let Some(at) = entry.and_then(|entry| entry.beat_at) {
            self.beats.borrow_mut().remove(at, id);
        }
    }

    pub(super) fn is_greeting(&self, id: SessionId) -> bool {
        self.table
            .borrow()
            .get(&id)
            .is_some_and(|entry| matches!(entry.session, Session::Greeting))
    }
}
