//! The sessions of one arbiter: between the gate, which has the sockets, and the hub, which has the
//! actors. Carries out what sessions decide; decides nothing itself.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::ops::Deref;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use crest_actors::conversation::CustomerEntry;
use crest_actors::effect::{Publication, Push};
use crest_actors::ids::{ConversationId, Millis, Seq, SessionId, TenantId};
use crest_actors::ports::Outlet;
use crest_actors::runtime::Hub;
use crest_schema::codes::{Close, Code};
use crest_schema::frame::{ClientFrame, ServerFrame, server};

use super::customer::CustomerSession;
use super::doors::{Doors, Guest};
use super::limits::{BEAT_TICK_MS, HELD_FRAMES_MAX, HELLO_MS, STANDING_CHECK_MS, UNACKED_MAX};
use super::out::{Error, Keep, Out, Turn};
use super::overload::{Ladder, Pressure};
use super::pages;
use super::staff::StaffSession;
use crate::auth::Role;
use crate::fault::fault_point;
use crate::gateway::socket::{Closed, Flow, Gate, Handler, Kind, Sent};
use crate::translate;

/// Everything connected to this arbiter.
pub struct Sessions {
    hub: Rc<Hub>,
    gate: Gate,
    doors: Doors,
    /// Boxed: a table that has just grown is half empty.
    table: RefCell<HashMap<SessionId, Box<Entry>>>,
    /// When each session wants to repeat something.
    beats: RefCell<BTreeSet<(Millis, SessionId)>>,
    ladder: Cell<Ladder>,
    draining: Cell<bool>,
}

struct Entry {
    tenant: TenantId,
    session: Session,
    beat_at: Option<Millis>,
    /// Frames that found the outbox full.
    held: Vec<Bytes>,
    muted: bool,
    paused: bool,
    audit: Audit,
}

/// Where the audit record of the frame at hand stands: it is written before the frame takes effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Audit {
    #[default]
    None,
    Writing,
    Written,
    Failed,
}

/// The table as gate and hub call it.
struct Front(Rc<Sessions>);

impl Deref for Front {
    type Target = Rc<Sessions>;

    fn deref(&self) -> &Rc<Sessions> {
        &self.0
    }
}

enum Session {
    /// Connected, not yet known.
    Greeting,
    /// On its way to the arbiter of its shard.
    Moving,
    Customer(Box<CustomerSession>),
    Staff(Box<StaffSession>),
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

    /// Beats of every session that is due, and the ladder. Runs for the life of the arbiter.
    pub async fn keep_beating(self: Rc<Self>) {
        let mut ticks = tokio::time::interval(Duration::from_millis(BEAT_TICK_MS));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut expected = self.hub.now().plus(BEAT_TICK_MS);
        loop {
            ticks.tick().await;
            let now = self.hub.now();
            let late_ms = now.since(expected);
            expected = now.plus(BEAT_TICK_MS);
            self.climb(late_ms);
            while let Some(due) = self.next_due(now) {
                self.beat(due);
            }
        }
    }

    /// Takes no new conversations, tells every client when to come back, spread over `spread_ms`,
    /// and closes once what was asked is answered or `grace` is over.
    pub async fn drain(self: Rc<Self>, grace: Duration, spread_ms: u32) {
        self.draining.set(true);
        let deadline = tokio::time::Instant::now() + grace;
        loop {
            let busy = self
                .table
                .borrow()
                .values()
                .any(|entry| entry.session.unanswered() > 0);
            if (!busy && self.hub.is_settled()) || tokio::time::Instant::now() >= deadline {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let ids: Vec<_> = self.table.borrow().keys().copied().collect();
        let count = ids.len().max(1) as u64;
        for (place, id) in ids.into_iter().enumerate() {
            let retry_after_ms = (u64::from(spread_ms) * place as u64 / count) as u32;
            self.close(id, Close::GoingAway, Some(retry_after_ms));
        }
    }

    /// A known guest arrives, here or from the arbiter it first connected to.
    pub fn welcome(self: &Rc<Self>, id: SessionId, guest: Guest) {
        let tenant = guest.tenant().clone();
        let entry = Entry {
            tenant: tenant.clone(),
            session: Session::Greeting,
            beat_at: None,
            held: Vec::new(),
            muted: false,
            paused: false,
            audit: Audit::None,
        };
        self.table.borrow_mut().insert(id, Box::new(entry));
        let mut out = Vec::new();
        let mut turn = self.turn(id, &tenant, &mut out);
        let welcome = guest.welcome(&turn, self.doors.heartbeat_ms());
        turn.frame(Some(guest.reference), &ServerFrame::Welcome(welcome));
        let session = guest.begin(&mut turn);
        if let Some(entry) = self.table.borrow_mut().get_mut(&id) {
            entry.session = session.into();
        }
        self.carry_out(id, out);
        self.schedule(id);
    }

    /// A page read for a session.
    pub fn page(self: &Rc<Self>, id: SessionId, page: pages::Page) {
        self.with(id, |session, turn| match session {
            Session::Customer(customer) => pages::to_customer(customer, page, turn),
            Session::Staff(staff) => pages::to_staff(staff, page, turn),
            Session::Greeting | Session::Moving => {}
        });
    }

    fn turn<'a>(&self, id: SessionId, tenant: &'a TenantId, out: &'a mut Vec<Out>) -> Turn<'a> {
        Turn {
            now: self.hub.now(),
            id,
            tenant,
            ladder: self.ladder.get(),
            out,
        }
    }

    /// One turn of a session, then what it decided.
    fn with(self: &Rc<Self>, id: SessionId, step: impl FnOnce(&mut Session, &mut Turn<'_>)) {
        let mut out = Vec::new();
        let mut table = self.table.borrow_mut();
        let Some(entry) = table.get_mut(&id) else {
            return;
        };
        let tenant = entry.tenant.clone();
        step(&mut entry.session, &mut self.turn(id, &tenant, &mut out));
        let resume = entry.paused && entry.session.unanswered() < UNACKED_MAX;
        entry.paused &= !resume;
        drop(table);
        self.carry_out(id, out);
        if resume {
            self.gate.resume(id);
        }
        self.schedule(id);
    }

    fn carry_out(self: &Rc<Self>, id: SessionId, out: Vec<Out>) {
        for step in out {
            match step {
                Out::Tell(envelope) => {
                    // A full lane is not an error: what matters is in a window and is sent again.
                    if self.hub.tell(envelope).is_err() {
                        metrics::counter!("crest_lane_full_total").increment(1);
                    }
                }
                Out::Frame { bytes, keep } => self.send(id, bytes, keep),
                Out::Read(read) => pages::read(&self.hub, id, self.tenant_of(id), read),
                Out::Close {
                    close,
                    retry_after_ms,
                } => self.close(id, close, retry_after_ms),
            }
        }
    }

    fn send(self: &Rc<Self>, id: SessionId, bytes: Bytes, keep: Keep) {
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

    fn mute(&self, id: SessionId) {
        if let Some(entry) = self.table.borrow_mut().get_mut(&id) {
            entry.muted = true;
            match &mut entry.session {
                Session::Customer(customer) => customer.mute(),
                Session::Staff(staff) => staff.mute(),
                Session::Greeting | Session::Moving => {}
            }
        }
    }

    fn close(&self, id: SessionId, close: Close, retry_after_ms: Option<u32>) {
        let reason = close.meaning();
        let bye = server::Bye {
            code: close.number(),
            reason: reason.into(),
            retry_after_ms,
        };
        let bye = ServerFrame::Bye(bye).encode(None);
        self.gate.close(id, close.number(), reason, Some(bye));
    }

    fn tenant_of(&self, id: SessionId) -> Option<TenantId> {
        self.table
            .borrow()
            .get(&id)
            .map(|entry| entry.tenant.clone())
    }

    fn climb(&self, late_ms: u64) {
        let pressure = Pressure {
            unsubmitted: self.hub.unsubmitted(),
            late_ms,
            draining: self.draining.get(),
        };
        let ladder = self.ladder.get().next(pressure);
        if ladder != self.ladder.replace(ladder) {
            tracing::warn!(
                arbiter = self.hub.arbiter(),
                rung = ladder.rung(),
                ?pressure,
                "degradation ladder moved"
            );
        }
    }

    fn next_due(&self, now: Millis) -> Option<SessionId> {
        let mut beats = self.beats.borrow_mut();
        let first = beats.first().copied().filter(|(at, _)| *at <= now)?;
        beats.remove(&first);
        Some(first.1)
    }

    fn beat(self: &Rc<Self>, id: SessionId) {
        let mut late = false;
        if let Some(entry) = self.table.borrow_mut().get_mut(&id) {
            entry.beat_at = None;
            late = matches!(entry.session, Session::Greeting);
        }
        if late {
            return self.close(id, Close::HelloTimeout, None);
        }
        self.with(id, |session, turn| match session {
            Session::Customer(customer) => customer.beat(turn),
            Session::Staff(staff) => staff.beat(turn),
            Session::Greeting | Session::Moving => {}
        });
    }

    /// Keeps one entry a session in `beats`, at the earliest time it asks for.
    fn schedule(&self, id: SessionId) {
        let mut table = self.table.borrow_mut();
        let Some(entry) = table.get_mut(&id) else {
            return;
        };
        let wanted = match &entry.session {
            Session::Greeting | Session::Moving => None,
            Session::Customer(customer) => customer.beat_at(),
            Session::Staff(staff) => staff.beat_at(),
        };
        // Later is left to the beat itself, which asks again: most turns only move it further away.
        let (Some(wanted), sooner) = (wanted, entry.beat_at) else {
            return;
        };
        if sooner.is_some_and(|at| at <= wanted) {
            return;
        }
        let mut beats = self.beats.borrow_mut();
        if let Some(old) = sooner {
            beats.remove(&(old, id));
        }
        beats.insert((wanted, id));
        entry.beat_at = Some(wanted);
    }

    /// The first frame of a connection: who is it, and where does it belong?
    fn greet(self: &Rc<Self>, id: SessionId, payload: &[u8]) -> Flow {
        let (reference, frame) = match ClientFrame::decode(payload) {
            Ok((Some(reference), ClientFrame::Hello(hello))) => (reference, hello),
            _ => return goodbye(Close::BadProtocol, None),
        };
        let guest = match self.doors.admit(reference, frame, self.hub.now()) {
            Ok(guest) => guest,
            Err(close) => return goodbye(close, None),
        };
        if self.draining.get() {
            return goodbye(Close::GoingAway, Some(1_000));
        }
        let home = self.hub.world().post.arbiter_of(guest.shard());
        if home == self.hub.arbiter() {
            self.forget(id);
            self.welcome(id, guest);
            return Flow::Continue;
        }
        if let Some(entry) = self.table.borrow_mut().get_mut(&id) {
            entry.session = Session::Moving;
        }
        let sessions = self.clone();
        actix::spawn(async move { sessions.move_home(id, guest, home) });
        Flow::Pause
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

    fn forget(&self, id: SessionId) {
        let entry = self.table.borrow_mut().remove(&id);
        if let Some(at) = entry.and_then(|entry| entry.beat_at) {
            self.beats.borrow_mut().remove(&(at, id));
        }
    }

    fn refuse_malformed(
        self: &Rc<Self>,
        id: SessionId,
        malformed: &crest_schema::codec::Malformed,
    ) -> Flow {
        let Some(error) = server::Error::of_malformed(malformed) else {
            return goodbye(Close::BadProtocol, None);
        };
        self.with(id, |_, turn| {
            turn.frame(malformed.reference(), &error.into())
        });
        Flow::Continue
    }

    fn event(
        self: &Rc<Self>,
        id: SessionId,
        conversation: ConversationId,
        seq: Seq,
        bytes: &Bytes,
    ) {
        self.with(id, |session, turn| match session {
            Session::Customer(customer) => customer.event(conversation, seq, bytes, turn),
            Session::Staff(staff) => staff.event(conversation, seq, bytes, turn),
            Session::Greeting | Session::Moving => {}
        });
    }

    /// Writes a privileged frame to the audit log first. `Err`: not yet, the frame is given again.
    /// `Ok(false)`: it cannot be written, so the frame must not take effect.
    fn audit(self: &Rc<Self>, id: SessionId, frame: &ClientFrame) -> Result<bool, Flow> {
        let mut table = self.table.borrow_mut();
        let Some(entry) = table.get_mut(&id) else {
            return Ok(true);
        };
        let Session::Staff(staff) = &entry.session else {
            return Ok(true);
        };
        let Some(operation) = self.doors.audited(staff.role().into(), frame) else {
            return Ok(true);
        };
        match std::mem::take(&mut entry.audit) {
            Audit::Written => return Ok(true),
            Audit::Failed => return Ok(false),
            Audit::None | Audit::Writing => entry.audit = Audit::Writing,
        }
        let writing = self
            .doors
            .write_audit(staff, operation, frame, self.hub.now());
        let sessions = self.clone();
        actix::spawn(async move {
            let audit = if writing.await {
                Audit::Written
            } else {
                Audit::Failed
            };
            if let Some(entry) = sessions.table.borrow_mut().get_mut(&id) {
                entry.audit = audit;
            }
            sessions.gate.resume(id);
        });
        Err(Flow::Again)
    }

    /// Closes staff whose login ended or was taken away. Runs for the life of the arbiter.
    pub async fn keep_checking(self: Rc<Self>) {
        let mut ticks = tokio::time::interval(Duration::from_millis(STANDING_CHECK_MS));
        loop {
            ticks.tick().await;
            let staff: Vec<_> = (self.table.borrow().iter())
                .filter_map(|(id, entry)| match &entry.session {
                    Session::Staff(staff) => Some((*id, staff.login(), staff.role())),
                    _ => None,
                })
                .collect();
            for (id, login, role) in staff {
                if !self.doors.stands(login, role, self.hub.now()).await {
                    self.close(id, Close::Revoked, None);
                }
            }
        }
    }

    fn is_greeting(&self, id: SessionId) -> bool {
        self.table
            .borrow()
            .get(&id)
            .is_some_and(|entry| matches!(entry.session, Session::Greeting))
    }
}

impl Session {
    /// An event found no room.
    fn rewind(&mut self, conversation: ConversationId, seq: Seq, now: Millis) {
        match self {
            Session::Greeting | Session::Moving => {}
            Session::Customer(customer) => customer.rewind(conversation, seq, now),
            Session::Staff(staff) => staff.rewind(conversation, seq, now),
        }
    }

    fn unanswered(&self) -> usize {
        match self {
            Session::Greeting | Session::Moving => 0,
            Session::Customer(customer) => customer.unanswered(),
            Session::Staff(staff) => staff.unanswered(),
        }
    }
}

impl From<super::doors::Begun> for Session {
    fn from(begun: super::doors::Begun) -> Self {
        match begun {
            super::doors::Begun::Customer(customer) => Session::Customer(Box::new(customer)),
            super::doors::Begun::Staff(staff) => Session::Staff(Box::new(staff)),
        }
    }
}

impl Handler for Front {
    fn opened(&self, id: SessionId) {
        if self.table.borrow().contains_key(&id) {
            return; // came from another arbiter, known already
        }
        let at = self.hub.now().plus(HELLO_MS);
        let entry = Entry {
            tenant: TenantId::new(""),
            session: Session::Greeting,
            beat_at: Some(at),
            held: Vec::new(),
            muted: false,
            paused: false,
            audit: Audit::None,
        };
        self.table.borrow_mut().insert(id, Box::new(entry));
        self.beats.borrow_mut().insert((at, id));
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
            Session::Staff(staff) => {
                if doors.allows(staff.role().into(), frame.kind()) {
                    staff.frame(reference, frame, turn);
                } else {
                    turn.error(reference, Code::Forbidden.into());
                }
            }
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

fn goodbye(close: Close, retry_after_ms: Option<u32>) -> Flow {
    let reason = close.meaning();
    let bye = server::Bye {
        code: close.number(),
        reason: reason.into(),
        retry_after_ms,
    };
    Flow::Close {
        code: close.number(),
        reason: reason.into(),
        bye: Some(ServerFrame::Bye(bye).encode(None)),
    }
}
