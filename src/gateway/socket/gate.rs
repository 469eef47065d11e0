//! All connections of one arbiter.

use std::io;
use std::rc::Rc;

use bytes::Bytes;
use crest_actors::ids::SessionId;
use tokio::net::TcpStream;

use super::closing::{Closed, codes};
use super::flush;
use super::frame::Lead;
use super::handler::Handler;
use super::inner::Inner;
use super::limits::SocketLimits;
use super::outbox::{Kind, Sent};
use super::rate::Used;
use super::session::Session;
use super::slot::{Phase, Slot, Stash};
use super::sweep;
use super::transport::Transport;

/// The connections of one arbiter, by slot and generation. Cheap to clone; never leaves its thread.
/// Works as long as its thread's `LocalSet`.
#[derive(Clone)]
pub struct Gate(pub(super) Rc<Inner>);

impl Gate {
    /// A gate for the current thread, which must run a `LocalSet` (every arbiter does). Nothing is
    /// adopted before [`Gate::start`].
    pub fn new(node: u16, arbiter: u16, limits: SocketLimits) -> Self {
        Self(Rc::new(Inner::new(node, arbiter, limits)))
    }

    /// Names the logic and starts the two tasks that all connections share: flusher and sweep.
    ///
    /// # Panics
    /// When called twice, or outside a `LocalSet`.
    pub fn start(&self, handler: Rc<dyn Handler>) {
        let earlier = self.0.handler.replace(Some(handler));
        assert!(earlier.is_none(), "a gate has one logic for life");
        tokio::task::spawn_local(flush::run(Rc::downgrade(&self.0)));
        tokio::task::spawn_local(sweep::run(Rc::downgrade(&self.0)));
    }

    /// Takes a connection in and spawns its task. [`Handler::opened`] follows, from that task, so
    /// the caller may first note who the session belongs to. Fails when the kernel refuses to
    /// register the socket; the connection is then dropped.
    pub fn adopt(&self, transport: Transport) -> io::Result<SessionId> {
        assert!(
            self.0.handler.borrow().is_some(),
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
            if transport.gapped {
                self.0.mark_gap(index, slot);
            }
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
            gapped: slot.gapped,
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
