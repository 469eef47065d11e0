//! The task of one connection: reads, hands messages to the logic, says goodbye.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::closing::{Closed, codes};
use super::frame::{Breach, Frame, Lead};
use super::handler::Flow;
use super::inner::Inner;
use super::limits::{LINGER_BYTES, READ_BUFFER_BYTES, READS_A_TURN, SocketLimits, TICK};
use super::message::{Fragments, Incoming};
use super::outbox::Kind;
use super::slot::{Phase, Stash};

/// Sixteen bytes, so that a task costs little more than tokio's own header.
pub(super) struct Session {
    gate: Rc<Inner>,
    slot: u32,
    generation: u32,
}

/// Why a read turn ended.
enum Turn {
    /// The kernel has no more, or the connection is held, limited or closing.
    Wait,
    /// Others come first.
    Yield,
}

/// Why reading frames out of some bytes ended.
#[derive(PartialEq, Eq)]
enum Stop {
    /// What is left is no whole frame.
    Dry,
    /// What is left waits for something else than bytes.
    Held,
}

impl Session {
    pub fn new(gate: Rc<Inner>, slot: u32, generation: u32) -> Self {
        Self {
            gate,
            slot,
            generation,
        }
    }

    /// Registers the task with its slot; `None` when the slot is somebody else's by now.
    fn attend(&self, cx: &Context<'_>) -> Option<bool> {
        let mut slots = self.gate.slots.borrow_mut();
        let slot = slots.get_mut(self.slot as usize)?;
        if slot.generation != self.generation || slot.phase == Phase::Free {
            return None;
        }
        if !slot
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            slot.waker = Some(cx.waker().clone());
        }
        Some(!std::mem::replace(&mut slot.opened, true))
    }

    fn phase(&self) -> Phase {
        let slots = self.gate.slots.borrow();
        let slot = &slots[self.slot as usize];
        if slot.generation == self.generation {
            slot.phase
        } else {
            Phase::Free
        }
    }

    /// May the next frame be read?
    fn may_read(&self) -> bool {
        let slots = self.gate.slots.borrow();
        let slot = &slots[self.slot as usize];
        slot.generation == self.generation
            && slot.phase == Phase::Open
            && !slot.held
            && !slot.limited
    }

    fn flush_if_blocked(&self) {
        let blocked = {
            let mut slots = self.gate.slots.borrow_mut();
            std::mem::take(&mut slots[self.slot as usize].blocked)
        };
        if blocked {
            self.gate.flush(self.slot);
        }
    }

    fn read(&self, cx: &mut Context<'_>) -> Turn {
        let mut buffer = self
            .gate
            .buffer
            .take()
            .unwrap_or_else(|| vec![0; READ_BUFFER_BYTES].into());
        let mut stash = self.gate.take_stash(self.slot);
        self.gate.slots.borrow_mut()[self.slot as usize].reading = true;
        let turn = self.read_into(cx, &mut buffer, &mut stash);
        self.gate.slots.borrow_mut()[self.slot as usize].reading = false;
        self.gate.buffer.set(Some(buffer));
        if self.phase() == Phase::Open && !self.gate.put_stash(self.slot, stash) {
            self.close(
                Closed::ByUs(codes::OVERLOADED),
                "too many unfinished messages",
            );
        }
        turn
    }

    fn read_into(&self, cx: &mut Context<'_>, buffer: &mut [u8], stash: &mut Stash) -> Turn {
        let now_us = self.gate.now_us();
        if !stash.unread.is_empty() && self.take_frames_of(stash, now_us) == Stop::Held {
            return Turn::Wait;
        }
        for _ in 0..READS_A_TURN {
            let read = match self.poll_read(cx, buffer) {
                Poll::Pending => return Turn::Wait,
                Poll::Ready(Ok(read @ 1..)) => read,
                Poll::Ready(Ok(0) | Err(_)) => {
                    // A peer that only shut its sending side still gets what was answered so far.
                    self.gate.flush(self.slot);
                    self.lose();
                    return Turn::Wait;
                }
            };
            self.gate.tally.bytes_in.add(read as u64);
            let stop = if stash.unread.is_empty() {
                let fresh = &mut buffer[..read];
                let (taken, stop) = self.take_frames(fresh, &mut stash.fragments, now_us);
                stash.unread.extend_from_slice(&fresh[taken..]);
                stop
            } else {
                stash.unread.extend_from_slice(&buffer[..read]);
                self.take_frames_of(stash, now_us)
            };
            if stop == Stop::Held {
                return Turn::Wait;
            }
        }
        Turn::Yield
    }

    fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<std::io::Result<usize>> {
        let mut slots = self.gate.slots.borrow_mut();
        let Some(tcp) = &mut slots[self.slot as usize].tcp else {
            return Poll::Ready(Ok(0));
        };
        let mut buffer = ReadBuf::new(buffer);
        Pin::new(tcp)
            .poll_read(cx, &mut buffer)
            .map_ok(|()| buffer.filled().len())
    }

    fn take_frames_of(&self, stash: &mut Stash, now_us: u64) -> Stop {
        let (taken, stop) = self.take_frames(&mut stash.unread, &mut stash.fragments, now_us);
        stash.unread.drain(..taken);
        stop
    }

    /// Takes frames off the front of some bytes; says how many bytes were taken.
    fn take_frames(
        &self,
        bytes: &mut [u8],
        fragments: &mut Fragments,
        now_us: u64,
    ) -> (usize, Stop) {
        let mut taken = 0;
        loop {
            let rest = &mut bytes[taken..];
            let frame = match Frame::find(rest, self.gate.limits.message_bytes) {
                Ok(Some(frame)) => frame,
                Ok(None) => return (taken, Stop::Dry),
                Err(breach) => {
                    self.refuse(breach);
                    return (taken, Stop::Held);
                }
            };
            if !self.admit(now_us) {
                return (taken, Stop::Held);
            }
            if !self.take_frame(&frame, rest, fragments) {
                return (taken, Stop::Held);
            }
            taken += frame.end();
            self.gate.tally.frames_in.add(1);
            if !self.may_read() {
                return (taken, Stop::Held);
            }
        }
    }

    /// Takes one frame; `false` when it is to be given again.
    fn take_frame(&self, frame: &Frame, bytes: &mut [u8], fragments: &mut Fragments) -> bool {
        let max = self.gate.limits.message_bytes;
        let payload = frame.unmask(bytes);
        match fragments.accept(frame.role, frame.last, payload, max) {
            Ok(Incoming::Nothing) => {}
            Ok(Incoming::Ping(payload)) => {
                let pong = Bytes::copy_from_slice(payload);
                let _ = self.gate.queue(self.slot, Lead::Pong, pong, Kind::MayDrop);
            }
            Ok(Incoming::Close(code)) => {
                self.close(Closed::ByPeer(code.unwrap_or(codes::NONE)), "");
            }
            Ok(Incoming::Message(message)) => {
                let flow = self
                    .gate
                    .call(self.slot, |handler, id| handler.message(id, message));
                match flow {
                    Some(Flow::Again) => {
                        fragments.put_back(frame.payload_len());
                        frame.unmask(bytes);
                        self.hold();
                        return false;
                    }
                    Some(Flow::Pause) => self.hold(),
                    Some(Flow::Close { code, reason, bye }) => {
                        self.gate
                            .begin_close(self.slot, Closed::ByUs(code), &reason, bye);
                    }
                    Some(Flow::Continue) | None => {}
                }
                fragments.consumed();
            }
            Err(breach) => self.refuse(breach),
        }
        true
    }

    /// Takes one frame's worth of the rate. Where it is used up, reading pauses and the logic is
    /// told; the frame stays where it is.
    fn admit(&self, now_us: u64) -> bool {
        let pause = {
            let mut slots = self.gate.slots.borrow_mut();
            let slot = &mut slots[self.slot as usize];
            if self.gate.rate.admits(slot.used, now_us) {
                self.gate.rate.spend(&mut slot.used, now_us);
                slot.heard = true;
                return true;
            }
            let pause = Duration::from_micros(self.gate.rate.pause_us(slot.used, now_us));
            slot.strikes = slot.strikes.saturating_add(1);
            slot.limited = true;
            slot.until = self.gate.tick.get() + SocketLimits::ticks(pause) + 1;
            self.gate.watch(self.slot, slot);
            (slot.strikes <= self.gate.limits.rate_strikes).then_some(pause)
        };
        self.gate.tally.rate_limited.add(1);
        match pause {
            Some(pause) => {
                let retry_after = pause + TICK;
                self.gate.call(self.slot, |handler, id| {
                    handler.rate_limited(id, retry_after)
                });
            }
            None => self.close(Closed::ByUs(codes::RATE_LIMITED), "too many frames"),
        }
        false
    }

    fn hold(&self) {
        self.gate.slots.borrow_mut()[self.slot as usize].held = true;
    }

    fn refuse(&self, breach: Breach) {
        self.close(Closed::ByUs(breach.code), breach.reason);
    }

    fn close(&self, why: Closed, reason: &str) {
        self.gate.begin_close(self.slot, why, reason, None);
    }

    fn lose(&self) {
        self.gate.slots.borrow_mut()[self.slot as usize].lose();
    }

    /// Tells the logic once that the session is over.
    fn tell(&self) {
        let why = self.gate.slots.borrow_mut()[self.slot as usize].end.take();
        if let Some(why) = why {
            self.gate.tally.closed(why);
            self.gate
                .call(self.slot, |handler, id| handler.closed(id, why));
        }
    }

    /// After the last frame is written: shuts our side.
    fn shut(&self, cx: &mut Context<'_>) {
        let mut slots = self.gate.slots.borrow_mut();
        let slot = &mut slots[self.slot as usize];
        if slot.phase == Phase::Closing && slot.outbox.is_none() {
            slot.phase = Phase::Lingering;
            if let Some(tcp) = &mut slot.tcp {
                // Shutting a socket is immediate; where it fails the read below fails too.
                let _ = Pin::new(tcp).poll_shutdown(cx);
            }
        }
    }

    /// Throws away what a peer still says, until it ends its side.
    fn linger(&self, cx: &mut Context<'_>) {
        let mut buffer = self
            .gate
            .buffer
            .take()
            .unwrap_or_else(|| vec![0; READ_BUFFER_BYTES].into());
        let drained = (0..LINGER_BYTES / READ_BUFFER_BYTES)
            .map(|_| self.poll_read(cx, &mut buffer))
            .find(|read| !matches!(read, Poll::Ready(Ok(1..))));
        self.gate.buffer.set(Some(buffer));
        if !matches!(drained, Some(Poll::Pending)) {
            self.lose();
        }
    }

    fn finish(&self) {
        self.gate.take_stash(self.slot);
        let slot = self.gate.vacate(self.slot);
        if let Some(outbox) = slot.outbox {
            self.gate.pool_outbox(outbox);
        }
    }
}

impl Future for Session {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(first) = self.attend(cx) else {
            return Poll::Ready(());
        };
        if first {
            self.gate.call(self.slot, |handler, id| handler.opened(id));
        }
        self.flush_if_blocked();
        if self.may_read()
            && let Turn::Yield = self.read(cx)
        {
            cx.waker().wake_by_ref();
        }
        if self.phase() == Phase::Free {
            return Poll::Ready(());
        }
        self.tell();
        self.shut(cx);
        if self.phase() == Phase::Lingering {
            self.linger(cx);
        }
        if self.phase() == Phase::Over {
            self.finish();
            return Poll::Ready(());
        }
        Poll::Pending
    }
}
