//! Time: one timer for all connections of a thread. Deadlines are looked at every tick; liveness by
//! turns, each connection once in a ping interval, at a tick that its slot number gives.

use std::rc::Weak;

use bytes::Bytes;
use tokio::time::MissedTickBehavior;

use super::closing::{Closed, codes};
use super::frame::Lead;
use super::inner::Inner;
use super::limits::{SocketLimits, TICK};
use super::outbox::Kind;
use super::slot::Phase;

/// Ticks between two reports to the metrics recorder.
const REPORT_TICKS: u32 = 10;

pub(super) async fn run(gate: Weak<Inner>) {
    let mut timer = tokio::time::interval(TICK);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        let Some(gate) = gate.upgrade() else { return };
        gate.tick.set(gate.tick.get() + 1);
        gate.check_deadlines();
        gate.check_liveness();
        if gate.tick.get().is_multiple_of(REPORT_TICKS) {
            gate.publish();
        }
    }
}

impl Inner {
    fn check_deadlines(&self) {
        let now = self.tick.get();
        let watched = self.watched.take();
        for index in watched {
            let mut slots = self.slots.borrow_mut();
            let slot = &mut slots[index as usize];
            slot.watched = false;
            if slot.limited && slot.until <= now {
                slot.limited = false;
                slot.wake();
            }
            let late = slot.deadline <= now;
            let slow = slot.phase == Phase::Open && slot.gapped;
            let leaving = matches!(slot.phase, Phase::Closing | Phase::Lingering);
            if leaving && late {
                slot.lose();
            } else if slow && late {
                if let Some(outbox) = &mut slot.outbox {
                    outbox.abandon();
                }
                drop(slots);
                let why = Closed::ByUs(codes::SLOW_CONSUMER);
                self.begin_close(index, why, "reads too slowly", None);
            } else if slot.limited || slow || leaving {
                self.watch(index, slot);
            }
        }
    }

    fn check_liveness(&self) {
        let turns = SocketLimits::ticks(self.limits.ping_interval);
        let first = self.tick.get() % turns;
        let count = self.slots.borrow().len() as u32;
        for index in (first..count).step_by(turns as usize) {
            self.look(index);
        }
    }

    fn look(&self, index: u32) {
        let mut slots = self.slots.borrow_mut();
        let slot = &mut slots[index as usize];
        if slot.phase != Phase::Open {
            return;
        }
        slot.strikes = 0;
        // Whoever is not read cannot be heard.
        if std::mem::take(&mut slot.heard) || slot.held || slot.limited {
            slot.missed = false;
            return;
        }
        let missed = std::mem::replace(&mut slot.missed, true);
        drop(slots);
        if missed {
            let why = Closed::ByUs(codes::HEARTBEAT_MISSED);
            self.begin_close(index, why, "nothing heard", None);
        } else {
            let _ = self.queue(index, Lead::Ping, Bytes::new(), Kind::MayDrop);
        }
    }
}
