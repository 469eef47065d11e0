//! All connections of one arbiter.

use std::cell::{Cell, OnceCell, RefCell};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::Waker;

use bytes::Bytes;
use crest_actors::ids::SessionId;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::closing::{Closed, codes, farewell};
use super::flush;
use super::frame::Lead;
use super::handler::Handler;
use super::limits::{POOLED_OUTBOXES, SocketLimits};
use super::outbox::{Kind, Outbox, Room, Sent};
use super::rate::{Rate, Used};
use super::session::Session;
use super::slot::{Phase, Slot, Stash};
use super::sweep;
use super::tally::Tally;
use super::transport::Transport;

/// The connections of one arbiter, by slot and generation. Cheap to clone; never leaves its thread.
/// Lives as long as its thread.
#[derive(Clone)]
pub struct Gate(pub(super) Rc<Inner>);

pub(super) struct Inner {
    node: u16,
    arbiter: u16,
    pub limits: SocketLimits,
    pub rate: Rate,
    handler: OnceCell<Rc<dyn Handler>>,
    pub slots: RefCell<Vec<Slot>>,
    free: RefCell<Vec<u32>>,
    /// Connections with something to write, each once.
    pub dirty: RefCell<Vec<u32>>,
    pub flusher: RefCell<Option<Waker>>,
    /// Connections with a deadline, each once.
    pub watched: RefCell<Vec<u32>>,
    /// The shared read buffer; away while a connection reads.
    pub buffer: Cell<Option<Box<[u8]>>>,
    pub scratch: RefCell<Vec<u8>>,
    pool: RefCell<Vec<Box<Outbox>>>,
    pub unfinished: Cell<usize>,
    open: Cell<usize>,
    born: Instant,
    pub tick: Cell<u32>,
    pub tally: Tally,
}

impl Gate {
    /// A gate for the current thread, which must run a `LocalSet` (every arbiter does). Nothing is
    /// adopted before [`Gate::start`].
    pub fn new(node: u16, arbiter: u16, limits: SocketLimits) -> Self {
        Self(Rc::new(Inner {
            node,
            arbiter,
            rate: Rate::new(limits.frames_a_second, limits.frames_burst),
            limits,
            handler: OnceCell::new(),
            slots: RefCell::default(),
            free: RefCell::default(),
            dirty: RefCell::default(),
            flusher: RefCell::default(),
            watched: RefCell::default(),
            buffer: Cell::default(),
            scratch: RefCell::default(),
            pool: RefCell::default(),
            unfinished: Cell::default(),
            open: Cell::default(),
            born: Instant::now(),
            tick: Cell::default(),
            tally: Tally::default(),
        }))
    }

    /// Names the logic and starts the two tasks that all connections share: flusher and sweep.
    ///
    /// # Panics
    /// When called twice, or outside a `LocalSet`.
    pub fn start(&self, handler: Rc<dyn Handler>) {
        assert!(
            self.0.handler.set(handler).is_ok(),
            "a gate has one logic for life"
        );
        tokio::task::spawn_local(flush::run(Rc::downgrade(&self.0)));
        tokio::task::spawn_local(sweep::run(Rc::downgrade(&self.0)));
    }

    /// Takes a connection in and spawns its task. [`Handler::opened`] follows, from that task, so
    /// the caller may first note who the session belongs to. Fails when the kernel refuses to
    /// register the socket; the connection is then dropped.
    pub fn adopt(&self, transport: Transport) -> io::Result<SessionId> {
        assert!(
            self.0.handler.get().is_some(),
            "start the gate before it adopts"
        );
        let tcp = TcpStream::from_std(transport.tcp)?;
        let now = self.0.now_us();
        let (index, generation) = self.0.take_slot();
        let stash = Stash {
            unread: transport.unread,
            fragments: transport.fragments,
        };
        {
            let mut slots = self.0.slots.borrow_mut();
            let slot = &mut slots[index as usize];
            *slot = Slot::free(generation);
            slot.tcp = Some(tcp);
            slot.phase = Phase::Open;
            slot.used = Used::ahead(now, transport.ahead_us);
            slot.strikes = transport.strikes;
            slot.outbox = transport.outbox;
            // Until its task has a waker nothing can be written; its first turn flushes.
            slot.blocked = true;
            slot.seat = transport.seat;
        }
        let fits = self.0.put_stash(index, stash);
        let id = self.0.id(index, generation);
        tokio::task::spawn_local(Session::new(Rc::clone(&self.0), index, generation));
        if !fits {
            self.0.begin_close(
                index,
                Closed::ByUs(codes::OVERLOADED),
                "too much unread",
                None,
            );
        }
        Ok(id)
    }

    /// Takes a session's connection out, with all that is in flight in both directions, so that
    /// another gate can adopt it. The id is void from now on and [`Handler::closed`] is not called.
    /// `None` when the session is gone, closing, or its socket broken.
    ///
    /// # Panics
    /// Inside [`Handler::message`] or [`Handler::rate_limited`] of the same session, where bytes behind the message would be
    /// lost: return [`Flow::Pause`](super::Flow::Pause) and release afterwards.
    pub fn release(&self, id: SessionId) -> Option<Transport> {
        let index = self.0.find(id)?;
        let reading = self.0.slots.borrow()[index as usize].reading;
        assert!(
            !reading,
            "a session cannot be released while its message is handled"
        );
        let stash = self.0.take_stash(index);
        let slot = self.0.vacate(index);
        let tcp = slot.tcp?.into_std().ok()?;
        Some(Transport {
            tcp,
            unread: stash.unread,
            fragments: stash.fragments,
            outbox: slot.outbox,
            ahead_us: slot.used.ahead_of(self.0.now_us()),
            strikes: slot.strikes,
            seat: slot.seat,
        })
    }

    /// Queues one binary frame. Never calls the handler. What happens when the peer reads too
    /// slowly is in [`Sent`]; a session that does not drain within [`SocketLimits::gap`] is closed
    /// with 4001.
    pub fn send(&self, id: SessionId, payload: Bytes, kind: Kind) -> Sent {
        let Some(index) = self.0.find(id) else {
            return Sent::Gone;
        };
        self.0.queue(index, Lead::Binary, payload, kind)
    }

    /// Goes on reading after [`Flow::Pause`](super::Flow::Pause) or
    /// [`Flow::Again`](super::Flow::Again). No effect on a session that is not held.
    pub fn resume(&self, id: SessionId) {
        if let Some(index) = self.0.find(id) {
            let slot = &mut self.0.slots.borrow_mut()[index as usize];
            if std::mem::take(&mut slot.held) {
                slot.wake();
            }
        }
    }

    /// Says goodbye: what is queued, then `bye` as a binary frame, then a Close frame with `code`
    /// and `reason` (cut at 123 bytes), then the end, all within [`SocketLimits::linger`].
    /// [`Handler::closed`] follows soon, from the session's task; nothing more is read or sent.
    pub fn close(&self, id: SessionId, code: u16, reason: &str, bye: Option<Bytes>) {
        if let Some(index) = self.0.find(id) {
            self.0.begin_close(index, Closed::ByUs(code), reason, bye);
        }
    }

    /// Bytes that wait to be written to a session; 0 when it is gone.
    pub fn queued_bytes(&self, id: SessionId) -> usize {
        let Some(index) = self.0.find(id) else {
            return 0;
        };
        let slots = self.0.slots.borrow();
        slots[index as usize]
            .outbox
            .as_ref()
            .map_or(0, |outbox| outbox.bytes())
    }

    /// Connections held, those saying goodbye included.
    pub fn connections(&self) -> usize {
        self.0.open.get()
    }

    /// Sessions that can be sent to, to close them in an order and at a pace of the caller's.
    pub fn sessions(&self) -> Vec<SessionId> {
        let slots = self.0.slots.borrow();
        let open = (0..)
            .zip(slots.iter())
            .filter(|(_, slot)| slot.phase == Phase::Open);
        open.map(|(index, slot)| self.0.id(index, slot.generation))
            .collect()
    }

    /// Bytes held for unfinished or unread messages of all connections.
    pub fn unfinished_bytes(&self) -> usize {
        self.0.unfinished.get()
    }
}

impl Inner {
    pub fn id(&self, slot: u32, generation: u32) -> SessionId {
        SessionId {
            node: self.node,
            arbiter: self.arbiter,
            slot,
            generation,
        }
    }

    pub fn id_of(&self, index: u32) -> SessionId {
        self.id(index, self.slots.borrow()[index as usize].generation)
    }

    pub fn now_us(&self) -> u64 {
        self.born.elapsed().as_micros() as u64
    }

    pub fn publish(&self) {
        self.tally
            .publish(self.arbiter, self.open.get(), self.unfinished.get());
    }

    /// The slot of an open session of this gate.
    fn find(&self, id: SessionId) -> Option<u32> {
        let slots = self.slots.borrow();
        let slot = slots.get(id.slot as usize)?;
        let ours = id.node == self.node && id.arbiter == self.arbiter;
        (ours && slot.generation == id.generation && slot.phase == Phase::Open).then_some(id.slot)
    }

    /// Calls the logic. A panic in it closes this one connection.
    pub fn call<T>(
        &self,
        index: u32,
        call: impl FnOnce(&dyn Handler, SessionId) -> T,
    ) -> Option<T> {
        let id = self.id_of(index);
        let handler = self.handler.get()?;
        let answer = catch_unwind(AssertUnwindSafe(|| call(&**handler, id)));
        if answer.is_err() {
            self.tally.panics.add(1);
            if self.find(id).is_some() {
                self.begin_close(index, Closed::ByUs(codes::INTERNAL), "internal error", None);
            }
        }
        answer.ok()
    }

    /// Queues a frame within the outbox's bounds and has it flushed.
    pub fn queue(&self, index: u32, lead: Lead, payload: Bytes, kind: Kind) -> Sent {
        let room = Room {
            bytes: self.limits.outbox_bytes,
            frames: self.limits.outbox_frames,
        };
        let mut slots = self.slots.borrow_mut();
        let slot = &mut slots[index as usize];
        if slot.gapped {
            self.tally.dropped.add(1);
            return if kind == Kind::Must {
                Sent::Gap
            } else {
                Sent::Dropped
            };
        }
        let outbox = slot.outbox.get_or_insert_with(|| self.new_outbox());
        let (fits, dropped) = outbox.offer(lead, kind, payload, room);
        self.tally.dropped.add(dropped);
        if fits {
            self.tally.frames_out.add(1);
            self.mark_dirty(index, slot);
            return Sent::Queued;
        }
        self.tally.dropped.add(1);
        if kind == Kind::MayDrop {
            return Sent::Dropped;
        }
        self.tally.gaps.add(1);
        slot.gapped = true;
        slot.deadline = self.tick.get() + SocketLimits::ticks(self.limits.gap);
        self.watch(index, slot);
        Sent::Gap
    }

    /// Starts the goodbye of an open connection; its task tells the logic.
    pub fn begin_close(&self, index: u32, why: Closed, reason: &str, bye: Option<Bytes>) {
        let mut slots = self.slots.borrow_mut();
        let slot = &mut slots[index as usize];
        if slot.phase != Phase::Open {
            return;
        }
        let outbox = slot.outbox.get_or_insert_with(|| self.new_outbox());
        if let Some(bye) = bye {
            outbox.push(Lead::Binary, Kind::Must, bye);
        }
        let payload = match why {
            Closed::ByPeer(codes::NONE) | Closed::Lost => Bytes::new(),
            Closed::ByPeer(code) | Closed::ByUs(code) => farewell(code, reason),
        };
        outbox.push(Lead::Close, Kind::Must, payload);
        slot.phase = Phase::Closing;
        slot.end = Some(why);
        slot.gapped = false;
        slot.deadline = self.tick.get() + SocketLimits::ticks(self.limits.linger);
        self.watch(index, slot);
        self.mark_dirty(index, slot);
        slot.wake();
    }

    pub fn mark_dirty(&self, index: u32, slot: &mut Slot) {
        if slot.dirty || slot.blocked {
            return;
        }
        slot.dirty = true;
        self.dirty.borrow_mut().push(index);
        if let Some(waker) = self.flusher.borrow_mut().take() {
            waker.wake();
        }
    }

    pub fn watch(&self, index: u32, slot: &mut Slot) {
        if !std::mem::replace(&mut slot.watched, true) {
            self.watched.borrow_mut().push(index);
        }
    }

    /// Takes what a connection has stashed; the bytes no longer count as held.
    pub fn take_stash(&self, index: u32) -> Stash {
        let stash = self.slots.borrow_mut()[index as usize].stash.take();
        let stash = stash.map(|stash| *stash).unwrap_or_default();
        self.unfinished.set(self.unfinished.get() - stash.bytes());
        stash
    }

    /// Keeps what a connection must stash. Says whether the thread can afford it.
    pub fn put_stash(&self, index: u32, mut stash: Stash) -> bool {
        stash.trim();
        let bytes = stash.bytes();
        if bytes == 0 {
            return true;
        }
        self.unfinished.set(self.unfinished.get() + bytes);
        self.slots.borrow_mut()[index as usize].stash = Some(Box::new(stash));
        self.unfinished.get() <= self.limits.unfinished_bytes
    }

    fn take_slot(&self) -> (u32, u32) {
        self.open.set(self.open.get() + 1);
        if let Some(index) = self.free.borrow_mut().pop() {
            return (index, self.slots.borrow()[index as usize].generation);
        }
        let mut slots = self.slots.borrow_mut();
        let index = u32::try_from(slots.len()).expect("four thousand million connections");
        slots.push(Slot::free(0));
        (index, 0)
    }

    /// Frees a slot and hands out what was in it. Its task, woken, finds it gone.
    pub fn vacate(&self, index: u32) -> Slot {
        let mut slots = self.slots.borrow_mut();
        let slot = &mut slots[index as usize];
        let mut next = Slot::free(slot.generation.wrapping_add(1));
        // The lists still name the slot; they let go of it when they come by.
        next.dirty = slot.dirty;
        next.watched = slot.watched;
        let old = std::mem::replace(slot, next);
        old.wake();
        self.free.borrow_mut().push(index);
        self.open.set(self.open.get() - 1);
        old
    }

    fn new_outbox(&self) -> Box<Outbox> {
        self.pool.borrow_mut().pop().unwrap_or_default()
    }

    pub fn pool_outbox(&self, mut outbox: Box<Outbox>) {
        let mut pool = self.pool.borrow_mut();
        if pool.len() < POOLED_OUTBOXES {
            outbox.clear();
            pool.push(outbox);
        }
    }
}
