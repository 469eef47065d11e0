//! Writing: once a tick, one write for each connection that has something to say.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Weak;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;

use super::inner::Inner;
use super::limits::{FLUSHES_A_TURN, WRITE_BUFFER_BYTES};
use super::slot::Phase;
use crate::fault::fault_point;

/// The flusher of a gate. Yielding to the end of the tick lets everything that is ready now add to
/// its outbox first, so that it shares one write.
pub(super) async fn run(gate: Weak<Inner>) {
    let _last = Last(gate.clone());
    // Tokio's budget is meant for one connection's task; the flusher serves all of them.
    tokio::task::unconstrained(async {
        while some_dirty(&gate).await {
            tokio::task::yield_now().await;
            let Some(gate) = gate.upgrade() else { return };
            // Taken out before anybody is called: a session that drains has something to send.
            let turn = {
                let mut dirty = gate.dirty.borrow_mut();
                let rest = dirty.len().saturating_sub(FLUSHES_A_TURN);
                dirty.split_off(rest)
            };
            for index in turn {
                gate.slots.borrow_mut()[index as usize].dirty = false;
                gate.flush(index);
            }
        }
    })
    .await;
}

/// Ends the gate when the thread's tasks are dropped: gate and logic hold each other.
struct Last(Weak<Inner>);

impl Drop for Last {
    fn drop(&mut self) {
        if let Some(gate) = self.0.upgrade() {
            gate.end();
        }
    }
}

/// Resolves once there is work; `false` once there is no gate.
async fn some_dirty(gate: &Weak<Inner>) -> bool {
    poll_fn(|cx| {
        let Some(gate) = gate.upgrade() else {
            return Poll::Ready(false);
        };
        if !gate.dirty.borrow().is_empty() {
            return Poll::Ready(true);
        }
        *gate.flusher.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    })
    .await
}

impl Inner {
    /// Writes what one connection has queued, until it is done or the kernel takes no more; its
    /// task is then woken when the kernel does.
    pub fn flush(&self, index: u32) {
        if self.write(index) {
            self.call(index, |handler, id| handler.drained(id));
        }
    }

    /// Says whether a gap has just been drained.
    fn write(&self, index: u32) -> bool {
        let mut scratch = self.scratch.borrow_mut();
        let mut slots = self.slots.borrow_mut();
        let slot = &mut slots[index as usize];
        let (Some(tcp), Some(waker)) = (&mut slot.tcp, &slot.waker) else {
            return false;
        };
        let mut cx = Context::from_waker(waker);
        while let Some(outbox) = &mut slot.outbox {
            scratch.clear();
            outbox.fill(self.limits.write_bytes, &mut scratch);
            match Pin::new(&mut *tcp).poll_write(&mut cx, &scratch) {
                Poll::Pending => {
                    slot.blocked = true;
                    return false;
                }
                Poll::Ready(Ok(written @ 1..)) => {
                    self.tally.bytes_out.add(written as u64);
                    fault_point("after_ack");
                    outbox.wrote(written);
                }
                Poll::Ready(Ok(0) | Err(_)) => {
                    slot.lose();
                    return false;
                }
            }
            if outbox.is_empty()
                && let Some(outbox) = slot.outbox.take()
            {
                self.pool_outbox(outbox);
            }
        }
        scratch.shrink_to(WRITE_BUFFER_BYTES);
        slot.blocked = false;
        if slot.phase == Phase::Closing {
            waker.wake_by_ref();
        }
        std::mem::take(&mut slot.gapped)
    }
}
