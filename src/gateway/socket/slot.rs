//! One connection's place in its gate.

use std::sync::Arc;
use std::task::Waker;

use tokio::net::TcpStream;

use super::closing::Closed;
use super::message::Fragments;
use super::outbox::Outbox;
use super::rate::Used;
use super::serve::Seat;

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Free,
    Open,
    /// A Close frame is queued, last of all.
    Closing,
    /// Everything is written and our side is shut; the peer's side is read and thrown away, because
    /// dropping a socket with unread bytes resets it and may take our Close frame with it.
    Lingering,
    /// Nothing more to do but to free the slot.
    Over,
}

/// Bytes that wait for their rest, for [`Gate::resume`](super::Gate::resume) or for the rate.
#[derive(Debug, Default)]
pub(super) struct Stash {
    pub unread: Vec<u8>,
    pub fragments: Fragments,
}

impl Stash {
    /// A message that began with an empty fragment has no bytes and still has begun.
    pub fn is_empty(&self) -> bool {
        self.unread.is_empty() && !self.fragments.begun()
    }

    pub fn bytes(&self) -> usize {
        self.unread.len() + self.fragments.bytes()
    }

    /// Gives back room that taken messages left behind, which nobody would count.
    pub fn trim(&mut self) {
        if self.unread.capacity() > 4 * self.unread.len() {
            self.unread.shrink_to_fit();
        }
    }
}

/// An idle connection owns nothing beyond this but its socket.
#[derive(Debug)]
pub(super) struct Slot {
    pub tcp: Option<TcpStream>,
    /// Wakes the connection's task; also what the kernel's readiness is registered for.
    pub waker: Option<Waker>,
    pub stash: Option<Box<Stash>>,
    pub outbox: Option<Box<Outbox>>,
    /// Its place among the connections of the listener, given back when this is dropped.
    pub seat: Option<Arc<Seat>>,
    pub used: Used,
    pub generation: u32,
    /// Tick at which a limited client is read again.
    pub until: u32,
    /// Tick at which a gap or a goodbye has lasted too long.
    pub deadline: u32,
    /// Why it is over, until the logic has been told.
    pub end: Option<Closed>,
    pub phase: Phase,
    pub strikes: u8,
    pub opened: bool,
    /// A whole frame came since the last look.
    pub heard: bool,
    /// A ping went unanswered at the last look.
    pub missed: bool,
    /// On the gate's list of connections to flush.
    pub dirty: bool,
    /// The kernel takes no more; the connection's task waits for it.
    pub blocked: bool,
    /// The logic asked not to be given more.
    pub held: bool,
    /// The rate is used up.
    pub limited: bool,
    pub gapped: bool,
    /// On the gate's list of connections with a deadline.
    pub watched: bool,
    /// Its task is inside a read turn, with the stash in its hands.
    pub reading: bool,
}

impl Slot {
    pub fn free(generation: u32) -> Self {
        Self {
            tcp: None,
            waker: None,
            stash: None,
            outbox: None,
            seat: None,
            used: Used::default(),
            generation,
            until: 0,
            deadline: 0,
            end: None,
            phase: Phase::Free,
            strikes: 0,
            opened: false,
            heard: true,
            missed: false,
            dirty: false,
            blocked: false,
            held: false,
            limited: false,
            gapped: false,
            watched: false,
            reading: false,
        }
    }

    pub fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }

    /// The connection is gone without a goodbye, or its goodbye took too long.
    pub fn lose(&mut self) {
        if self.phase == Phase::Open {
            self.end = Some(Closed::Lost);
        }
        if self.phase != Phase::Free {
            self.phase = Phase::Over;
            self.wake();
        }
    }
}

// Most of what an idle connection costs here; the rest is its task and the kernel registration.
const _: () = assert!(std::mem::size_of::<Slot>() <= 128);
