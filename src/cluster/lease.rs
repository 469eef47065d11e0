//! A process's own lease: its row in the store, and until when that lets it act.
//!
//! The lease runs from the start of the first attempt that could have written the newest beat known
//! to be written, so an observer who saw that beat saw it later. It ends by the clock alone; no
//! other process and no answer is needed for that.

use super::ask::{Answer, Ask, LeaseRow};
use super::limits::{AGAIN_MS, GUARD_MS, LEASE_TTL_MS, LOOK_MS, RENEW_MS};
use super::process::{BootMs, Process};
use super::rules::{Fault, Rules};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Its node's row is not its own yet.
    Joining,
    Renewing,
    /// It gives its lease back.
    Leaving,
    /// This incarnation never acts again.
    Over,
}

#[derive(Debug)]
pub struct Lease {
    me: Process,
    phase: Phase,
    /// The row as last learnt; `None` while the outcome of a CAS is open.
    row: Option<Option<LeaseRow>>,
    /// What the last CAS would make of it.
    wanted: Option<LeaseRow>,
    /// Start of the first attempt to write the next beat.
    since: Option<BootMs>,
    until: BootMs,
    renew_at: BootMs,
    not_before: BootMs,
    rules: Rules,
}

impl Lease {
    /// `me` has an incarnation that no process ever had.
    pub fn new(me: Process, rules: Rules) -> Self {
        Self {
            me,
            phase: Phase::Joining,
            row: None,
            wanted: None,
            since: None,
            until: BootMs(0),
            renew_at: BootMs(0),
            not_before: BootMs(0),
            rules,
        }
    }

    /// May this process act at `now`? False from the moment its lease is over.
    pub fn holds(&self, now: BootMs) -> bool {
        self.phase == Phase::Renewing && now < self.until
    }

    /// The moment at which [`Lease::holds`] turns false if nothing else happens.
    pub fn until(&self) -> BootMs {
        match self.phase {
            Phase::Renewing => self.until,
            Phase::Joining | Phase::Leaving | Phase::Over => BootMs(0),
        }
    }

    /// This incarnation is dead, or has left.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Acts no more, and gives the lease back so that nobody has to wait for its end.
    pub fn leave(&mut self) {
        self.phase = match self.phase {
            Phase::Renewing | Phase::Leaving => Phase::Leaving,
            Phase::Joining | Phase::Over => Phase::Over,
        };
    }

    /// What to ask now that nothing is asked.
    pub fn next(&mut self, now: BootMs) -> Option<Ask> {
        if self.is_over() || now < self.not_before {
            return None;
        }
        let Some(row) = self.row else {
            return Some(Ask::ReadLease(self.me.node));
        };
        let wanted = match (self.phase, row) {
            (Phase::Joining, Some(row))
                if row.alive && !self.rules.breaks(Fault::JoinsOverLiving) =>
            {
                // An earlier process of this node may live: it is watched like any other.
                self.row = None;
                self.not_before = now.plus(LOOK_MS);
                return None;
            }
            (Phase::Joining, _) => self.beat(0, true),
            (Phase::Renewing, _) if now < self.renew_at => return None,
            (Phase::Renewing, Some(row)) => self.beat(row.beat + 1, true),
            (Phase::Leaving, Some(row)) => self.beat(row.beat, false),
            (Phase::Renewing | Phase::Leaving | Phase::Over, _) => return None,
        };
        self.since.get_or_insert(now);
        self.wanted = Some(wanted);
        Some(Ask::CasLease {
            node: self.me.node,
            expected: row,
            next: wanted,
        })
    }

    /// Takes in the answer to what [`Lease::next`] asked.
    pub fn answered(&mut self, now: BootMs, answer: Answer) {
        match answer {
            Answer::Lease(row) => self.learn(now, row),
            Answer::Applied => self.learn(now, self.wanted),
            Answer::Refused => self.row = None,
            Answer::Unknown | Answer::Rows(_) | Answer::Map(_) => {
                self.row = None;
                self.not_before = now.plus(AGAIN_MS);
            }
        }
    }

    fn learn(&mut self, now: BootMs, row: Option<LeaseRow>) {
        self.row = Some(row);
        let own = row.filter(|row| row.incarnation == self.me.incarnation);
        match (self.phase, own) {
            (Phase::Joining, None) | (Phase::Over, _) => {}
            (Phase::Joining | Phase::Renewing, Some(own)) if own.alive => {
                self.phase = Phase::Renewing;
                if self.wanted == row {
                    self.written(now);
                }
            }
            (Phase::Leaving, Some(own)) if own.alive => {}
            (Phase::Joining | Phase::Renewing | Phase::Leaving, _) => self.phase = Phase::Over,
        }
    }

    /// The beat that was wanted is written.
    fn written(&mut self, now: BootMs) {
        let Some(since) = self.since.take() else {
            return;
        };
        self.renew_at = since.plus(RENEW_MS);
        let from = if self.rules.breaks(Fault::LeaseFromAnswer) {
            now
        } else {
            since
        };
        self.until = from.plus(LEASE_TTL_MS - guard_ms(self.rules));
    }

    fn beat(&self, beat: u64, alive: bool) -> LeaseRow {
        LeaseRow {
            incarnation: self.me.incarnation,
            beat,
            alive,
        }
    }
}

pub(super) fn guard_ms(rules: Rules) -> u64 {
    if rules.breaks(Fault::NoGuard) {
        0
    } else {
        GUARD_MS
    }
}
