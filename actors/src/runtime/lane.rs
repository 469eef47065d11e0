//! A bounded way into one actor, local to its arbiter. Control overtakes traffic.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures_util::Stream;

/// What travels in a lane.
#[derive(Debug)]
pub enum Item<N> {
    Note(N),
    /// A deadline may have come, or the actor may leave memory.
    Check,
}

/// Bounded queue with one reader. Writers are refused when it is full; nothing blocks.
pub struct Lane<N> {
    traffic: RefCell<VecDeque<N>>,
    check: Cell<bool>,
    /// Seq of the actor's newest event, for whoever looks at it from outside.
    pub last: Cell<u64>,
    closed: Cell<bool>,
    capacity: usize,
    waker: RefCell<Option<Waker>>,
}

impl<N> Lane<N> {
    pub fn new(capacity: usize) -> Rc<Self> {
        Rc::new(Self {
            traffic: RefCell::new(VecDeque::new()),
            check: Cell::new(false),
            last: Cell::new(0),
            closed: Cell::new(false),
            capacity,
            waker: RefCell::new(None),
        })
    }

    /// Takes the note, or gives it back where the lane is full.
    pub fn push(&self, note: N) -> Result<(), N> {
        let mut traffic = self.traffic.borrow_mut();
        if traffic.len() >= self.capacity {
            return Err(note);
        }
        traffic.push_back(note);
        drop(traffic);
        self.wake();
        Ok(())
    }

    /// Asks the actor to look at its deadlines; asking twice is asking once.
    pub fn check(&self) {
        self.check.set(true);
        self.wake();
    }

    /// Ends the reader's stream; what is queued stays and can be taken by [`Lane::drain`].
    pub fn close(&self) {
        self.closed.set(true);
        self.wake();
    }

    pub fn len(&self) -> usize {
        self.traffic.borrow().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everything queued, in order.
    pub fn drain(&self) -> VecDeque<N> {
        std::mem::take(&mut self.traffic.borrow_mut())
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }
}

/// The reading end, fed to an actor with `add_stream`.
pub struct LaneStream<N>(pub Rc<Lane<N>>);

impl<N> Stream for LaneStream<N> {
    type Item = Item<N>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item<N>>> {
        let lane = &self.0;
        if lane.closed.get() {
            return Poll::Ready(None);
        }
        if lane.check.replace(false) {
            return Poll::Ready(Some(Item::Check));
        }
        let mut traffic = lane.traffic.borrow_mut();
        if let Some(note) = traffic.pop_front() {
            return Poll::Ready(Some(Item::Note(note)));
        }
        *traffic = VecDeque::new(); // room for four notes is more than the rest of an idle actor
        *lane.waker.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    }
}
