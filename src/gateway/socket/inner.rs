//! The connections behind a gate: slots, outboxes, stashes, and what happens to them.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::Waker;

use bytes::Bytes;
use crest_actors::ids::SessionId;
use tokio::time::Instant;

use super::closing::{Closed, codes, farewell};
use super::frame::Lead;
use super::handler::Handler;
use super::limits::{POOLED_OUTBOXES, SocketLimits};
use super::outbox::{Kind, Outbox, Room, Sent};
use super::rate::Rate;
use super::slot::{Phase, Slot, Stash};
use super::tally::Tally;

/// What the gate's handles, its tasks and its connections' tasks share. Nothing here calls the
/// [`Handler`] but [`Inner::call`], which its callers reach with nothing borrowed.
pub(super) struct Inner {
    node: u16,
    arbiter: u16,
    pub limits: SocketLimits,
    pub rate: Rate,
    pub handler: RefCell<Option<Rc<dyn Handler>>>,
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
    #[expect(clippy::vec_box, reason = "boxes go back into slots as they are")]
    pool: RefCell<Vec<Box<Outbox>>>,
    pub unfinished: Cell<usize>,
    pub open: Cell<usize>,
    born: Instant,
    /// Random, so that no session is taken for one of this node's earlier life, which actors on
    /// other nodes may still speak of.
    first_generation: u32,
    pub tick: Cell<u32>,
    pub tally: Tally,
}

impl Inner {
    pub fn new(node: u16, arbiter: u16, limits: SocketLimits) -> Self {
        Self {
            node,
            arbiter,
            rate: Rate::new(limits.frames_a_second, limits.frames_burst),
            limits,
            handler: RefCell::default(),
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
            first_generation: rand::random(),
            tick: Cell::default(),
            tally: Tally::default(),
        }
    }

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
    pub fn find(&self, id: SessionId) -> Option<u32> {
        let slots = self.slots.borrow();
        let slot = slots.get(id.slot as usize)?;
        let ours = id.node == self.node && id.arbiter == self.arbiter;
        (ours && slot.generation == id.generation && slot.phase == Phase::Open).then_some(id.slot)
    }

    /// Lets go of the logic, which usually holds the gate, and of the flusher's waker, which holds
    /// its runtime.
    pub fn end(&self) {
        drop((self.handler.take(), self.flusher.take()));
    }

    /// Calls the logic. A panic in it closes this one connection.
    pub fn call<T>(
        &self,
        index: u32,
        call: impl FnOnce(&dyn Handler, SessionId) -> T,
    ) -> Option<T> {
        let id = self.id_of(index);
        let handler = self.handler.borrow().clone()?;
        let answer = catch_unwind(AssertUnwindSafe(|| call(&*handler, id)));
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
        self.mark_gap(index, slot);
        Sent::Gap
    }

    /// Refuses everything until the outbox is empty, for so long at most.
    pub fn mark_gap(&self, index: u32, slot: &mut Slot) {
        slot.gapped = true;
        slot.deadline = self.tick.get() + SocketLimits::ticks(self.limits.gap);
        self.watch(index, slot);
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

    /// Keeps what a connection must stash; `false`, and nothing kept, where the thread cannot
    /// afford it.
    pub fn put_stash(&self, index: u32, mut stash: Stash) -> bool {
        if stash.is_empty() {
            return true;
        }
        stash.trim();
        let total = self.unfinished.get() + stash.bytes();
        if total > self.limits.unfinished_bytes {
            return false;
        }
        self.unfinished.set(total);
        self.slots.borrow_mut()[index as usize].stash = Some(Box::new(stash));
        true
    }

    pub fn take_slot(&self) -> (u32, u32) {
        self.open.set(self.open.get() + 1);
        if let Some(index) = self.free.borrow_mut().pop() {
            return (index, self.slots.borrow()[index as usize].generation);
        }
        let mut slots = self.slots.borrow_mut();
        let index = u32::try_from(slots.len()).expect("four thousand million connections");
        slots.push(Slot::free(self.first_generation));
        (index, self.first_generation)
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
