//! The sessions of one arbiter: between the gate, which has the sockets, and the hub, which has the
//! actors. Carries out what sessions decide; decides nothing itself.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use crest_actors::ids::{SessionId, TenantId};
use crest_actors::runtime::Hub;
use foldhash::fast::FixedState;

use super::beats::Beats;
use super::doors::Doors;
use super::entry::{Entry, Session};
use super::front::Front;
use super::limits::UNACKED_MAX;
use super::out::{Out, Turn};
use super::overload::Ladder;
use super::pages;
use crate::gateway::socket::Gate;

/// Everything connected to this arbiter.
pub struct Sessions {
    pub(super) hub: Rc<Hub>,
    pub(super) gate: Gate,
    pub(super) doors: Doors,
    /// Boxed: a table that has just grown is half empty. The ids are the gate's, so nobody chooses
    /// them to collide.
    pub(super) table: RefCell<HashMap<SessionId, Box<Entry>, FixedState>>,
    pub(super) beats: RefCell<Beats>,
    /// What turns decide goes through here, one turn after the other.
    spare: Cell<Vec<Out>>,
    pub(super) ladder: Cell<Ladder>,
    pub(super) draining: Cell<bool>,
}

thread_local! {
    static HERE: RefCell<Option<Rc<Sessions>>> = const { RefCell::new(None) };
}

impl Sessions {
    /// Installs the sessions of this arbiter and starts its gate.
    pub fn install(hub: &Rc<Hub>, gate: Gate, doors: Doors) -> Rc<Self> {
        let sessions = Rc::new(Self {
            hub: hub.clone(),
            gate,
            doors,
            table: RefCell::default(),
            beats: RefCell::default(),
            spare: Cell::default(),
            ladder: Cell::new(Ladder::GROUND),
            draining: Cell::new(false),
        });
        HERE.set(Some(sessions.clone()));
        hub.set_outlet(Rc::new(Front(sessions.clone())));
        sessions.gate.start(Rc::new(Front(sessions.clone())));
        sessions
    }

    /// The sessions of the arbiter this runs on.
    pub fn here() -> Option<Rc<Self>> {
        HERE.with_borrow(Clone::clone)
    }

    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// A page read for a session.
    pub fn page(self: &Rc<Self>, id: SessionId, page: pages::Page) {
        self.with(id, |session, turn| match session {
            Session::Customer(customer) => pages::to_customer(customer, page, turn),
            Session::Staff(staff) => pages::to_staff(staff, page, turn),
            Session::Greeting | Session::Moving => {}
        });
    }

    pub(super) fn turn<'a>(
        &self,
        id: SessionId,
        tenant: &'a TenantId,
        out: &'a mut Vec<Out>,
    ) -> Turn<'a> {
        Turn {
            now: self.hub.now(),
            id,
            tenant,
            ladder: self.ladder.get(),
            out,
        }
    }

    /// One turn of a session, then what it decided.
    pub(super) fn with(
        self: &Rc<Self>,
        id: SessionId,
        step: impl FnOnce(&mut Session, &mut Turn<'_>),
    ) {
        let mut out = self.spare.take();
        let mut table = self.table.borrow_mut();
        let Some(entry) = table.get_mut(&id) else {
            return;
        };
        let Entry {
            session, tenant, ..
        } = &mut **entry;
        step(session, &mut self.turn(id, tenant, &mut out));
        let resume = entry.paused && entry.session.unanswered() < UNACKED_MAX;
        entry.paused &= !resume;
        self.reschedule(id, entry);
        drop(table);
        self.carry_out(id, &mut out);
        self.spare.replace(out);
        if resume {
            self.gate.resume(id);
        }
    }

    /// Leaves `out` empty.
    pub(super) fn carry_out(self: &Rc<Self>, id: SessionId, out: &mut Vec<Out>) {
        for step in out.drain(..) {
            match step {
                Out::Tell(envelope) => {
                    // A full lane is not an error: what matters is in a window and is sent again.
                    if self.hub.tell(envelope).is_err() {
                        metrics::counter!("crest_lane_full_total").increment(1);
                    }
                }
                Out::Frame { bytes, keep } => self.send(id, bytes, keep),
                Out::Read(read) => {
                    if let Some(tenant) = self.tenant_of(id) {
                        pages::read(&self.hub, id, tenant, read);
                    }
                }
                Out::Close {
                    close,
                    retry_after_ms,
                } => self.close(id, close, retry_after_ms),
            }
        }
    }

    fn tenant_of(&self, id: SessionId) -> Option<TenantId> {
        self.table
            .borrow()
            .get(&id)
            .map(|entry| entry.tenant.clone())
    }
}
