//! The store as the simulation has it: two tables, each statement carried out at one moment.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::cluster::ask::{Answer, Ask, LeaseRow};
use crate::cluster::assignment::Map;
use crate::cluster::process::{NodeId, Process};

/// How the store breaks a condition on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// A process is declared dead `IF incarnation, alive`.
    DeathIgnoresBeat,
    /// A lease is renewed `IF incarnation, beat`.
    RenewalIgnoresAlive,
}

/// Rows that looks may still see.
const PAST: usize = 24;

#[derive(Default)]
pub struct Store {
    leases: BTreeMap<NodeId, LeaseRow>,
    past: VecDeque<(u64, BTreeMap<NodeId, LeaseRow>)>,
    pub map: Option<Arc<Map>>,
    lie: Option<Lie>,
}

impl Store {
    pub fn new(lie: Option<Lie>) -> Self {
        Self {
            lie,
            ..Self::default()
        }
    }

    /// Carries a statement out. `seen_at` is the moment that a plain look shows.
    pub fn carry_out(&mut self, now: u64, seen_at: u64, ask: &Ask) -> Answer {
        match ask {
            Ask::Look => {
                let before = self.past.iter().rev().find(|(at, _)| *at <= seen_at);
                let rows = before.map(|(_, rows)| rows);
                Answer::Rows(
                    rows.into_iter()
                        .flatten()
                        .map(|(node, row)| (*node, *row))
                        .collect(),
                )
            }
            Ask::ReadLease(node) => Answer::Lease(self.leases.get(node).copied()),
            Ask::ReadMap => Answer::Map(self.map.clone()),
            Ask::CasLease {
                node,
                expected,
                next,
            } => {
                if !self.meets(*node, *expected, *next) {
                    return Answer::Refused;
                }
                self.leases.insert(*node, *next);
                self.past.push_back((now, self.leases.clone()));
                if self.past.len() > PAST {
                    self.past.pop_front();
                }
                Answer::Applied
            }
            Ask::CasMap { expected, next } => {
                if self.map.as_ref().map(|map| map.version()) != *expected {
                    return Answer::Refused;
                }
                self.map = Some(next.clone());
                Answer::Applied
            }
        }
    }

    /// The store's own word on whether an incarnation is dead.
    pub fn is_dead(&self, process: Process) -> bool {
        self.leases
            .get(&process.node)
            .is_some_and(|row| row.incarnation != process.incarnation || !row.alive)
    }

    fn meets(&self, node: NodeId, expected: Option<LeaseRow>, next: LeaseRow) -> bool {
        let row = self.leases.get(&node).copied();
        let (Some(row), Some(expected)) = (row, expected) else {
            return row == expected;
        };
        let same = row.incarnation == expected.incarnation;
        match self.lie {
            Some(Lie::DeathIgnoresBeat) if !next.alive => same && row.alive == expected.alive,
            Some(Lie::RenewalIgnoresAlive) if next.beat > expected.beat => {
                same && row.beat == expected.beat
            }
            _ => row == expected,
        }
    }
}
