//! What a process has seen of the others' leases, on its own clock.
//!
//! A beat counts from the moment its sight arrived: the renewal that wrote it began earlier. No
//! other clock is ever read.

use std::collections::BTreeMap;

use super::ask::LeaseRow;
use super::lease::guard_ms;
use super::limits::{BLIND_MS, FRESH_MS, HEIR_MS, LEASE_TTL_MS, STAGGER_MS, STAGGER_WAITS_MAX};
use super::process::{BootMs, NodeId, Process};
use super::rules::Rules;

#[derive(Debug)]
struct Seen {
    row: LeaseRow,
    /// When this beat was seen first (without a gap since), and when last.
    first: BootMs,
    last: BootMs,
    /// It was seen to change, so somebody is there.
    changed: bool,
}

impl Seen {
    fn process(&self, node: NodeId) -> Process {
        Process {
            node,
            incarnation: self.row.incarnation,
        }
    }
}

#[derive(Debug)]
pub struct Observer {
    me: Process,
    seen: BTreeMap<NodeId, Seen>,
    /// Incarnations that the store calls dead, and from when on their shards may be moved from here.
    dead: BTreeMap<Process, BootMs>,
    rules: Rules,
}

impl Observer {
    pub fn new(me: Process, rules: Rules) -> Self {
        Self {
            me,
            seen: BTreeMap::new(),
            dead: BTreeMap::new(),
            rules,
        }
    }

    /// A row was seen; `at` is when the sight arrived.
    pub fn saw(&mut self, at: BootMs, node: NodeId, row: LeaseRow) {
        let process = Process {
            node,
            incarnation: row.incarnation,
        };
        if process == self.me {
            return;
        }
        if !row.alive {
            self.dead.entry(process).or_insert(at.plus(HEIR_MS));
        } else if self.dead.contains_key(&process) {
            return; // A look from before its death.
        }
        let changed = match self.seen.get_mut(&node) {
            Some(seen) if seen.row == row => {
                if at.since(seen.last) >= BLIND_MS {
                    // While nobody could be seen to renew nobody is to blame for it.
                    seen.first = at;
                    seen.changed = false;
                }
                seen.last = at;
                return;
            }
            Some(seen) if seen.row.incarnation == row.incarnation && seen.row.beat > row.beat => {
                return; // A look from before the last one.
            }
            earlier => earlier.is_some(),
        };
        let seen = Seen {
            row,
            first: at,
            last: at,
            changed,
        };
        self.seen.insert(node, seen);
    }

    /// This process declared it dead itself, or the store proved it: its shards may be moved now.
    pub fn bury(&mut self, now: BootMs, process: Process) {
        self.dead.insert(process, now);
    }

    pub fn is_me(&self, process: Process) -> bool {
        process == self.me
    }

    pub fn is_dead(&self, process: Process) -> bool {
        self.dead.contains_key(&process)
    }

    /// Dead, and this process need not wait any longer for whoever declared it.
    pub fn is_orphaning(&self, now: BootMs, process: Process) -> bool {
        self.dead.get(&process).is_some_and(|from| *from <= now)
    }

    /// The incarnation that was seen last.
    pub fn sight(&self, node: NodeId) -> Option<LeaseRow> {
        self.seen.get(&node).map(|seen| seen.row)
    }

    /// Of each node the incarnation that was seen last, and when its beat was seen to change.
    pub fn sights(&self) -> impl Iterator<Item = (NodeId, LeaseRow, BootMs)> {
        let sight = |(node, seen): (&NodeId, &Seen)| (*node, seen.row, seen.first);
        self.seen.iter().map(sight)
    }

    /// Who renews its lease as far as seen, this process apart, by number.
    pub fn living(&self, now: BootMs) -> Vec<Process> {
        let fresh = |(node, seen): (&NodeId, &Seen)| {
            let process = seen.process(*node);
            let fresh = seen.row.alive && seen.changed && now.since(seen.first) < FRESH_MS;
            (fresh && !self.is_dead(process)).then_some(process)
        };
        self.seen.iter().filter_map(fresh).collect()
    }

    /// A process whose same beat was seen for TTL and guard, without a gap (ops/adr/0008): to be
    /// declared dead, if its row is still this one.
    pub fn overdue(&self, now: BootMs) -> Option<(NodeId, LeaseRow)> {
        let wait = LEASE_TTL_MS + guard_ms(self.rules);
        let due = |(node, seen): &(&NodeId, &Seen)| {
            seen.row.alive
                && seen.last.since(seen.first) >= wait
                && !self.is_dead(seen.process(**node))
        };
        let (node, seen) = self.seen.iter().find(due)?;
        let before = |process: &&Process| process.node < self.me.node;
        let before = self.living(now).iter().filter(before).count() as u64;
        let turn = wait + STAGGER_MS * before.min(STAGGER_WAITS_MAX);
        (now.since(seen.first) >= turn).then_some((*node, seen.row))
    }

    /// Forgets dead incarnations that neither the map nor any row names.
    pub fn forget(&mut self, named: impl Fn(Process) -> bool) {
        let seen = &self.seen;
        self.dead.retain(|process, _| {
            let row = seen.get(&process.node);
            named(*process) || row.is_some_and(|row| row.row.incarnation == process.incarnation)
        });
    }
}
