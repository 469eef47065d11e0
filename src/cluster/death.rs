//! Declaring a process dead. Dead is final for its incarnation, and the only reason for which
//! anybody but its owner moves a shard.

use super::ask::{Answer, Ask, LeaseRow};
use super::assignment::Map;
use super::limits::AGAIN_MS;
use super::observe::Observer;
use super::process::{BootMs, NodeId, Process};
use super::rules::{Fault, Rules};

#[derive(Clone, Copy, Debug)]
enum Step {
    /// `gone` owned shards when this read began; a row of another incarnation proves its death.
    Read {
        node: NodeId,
        gone: Option<Process>,
    },
    Cas(Process),
}

#[derive(Debug, Default)]
pub struct Death {
    step: Option<Step>,
    /// A row to read before anything else: a CAS of it was refused or not answered.
    open: Option<NodeId>,
    not_before: BootMs,
    rules: Rules,
}

impl Death {
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            ..Self::default()
        }
    }

    /// What to ask now that nothing is asked.
    pub fn next(&mut self, now: BootMs, seen: &mut Observer, map: Option<&Map>) -> Option<Ask> {
        if now < self.not_before {
            return None;
        }
        if let Some(node) = self.open {
            return Some(self.read(node, None));
        }
        if let Some(gone) = map.and_then(|map| stranger(map, seen)) {
            if self.rules.breaks(Fault::DeadByLook) && seen.sight(gone.node).is_some() {
                seen.bury(now, gone);
                return None;
            }
            return Some(self.read(gone.node, Some(gone)));
        }
        let (node, row) = seen.overdue(now)?;
        let process = Process {
            node,
            incarnation: row.incarnation,
        };
        if self.rules.breaks(Fault::DeadWithoutCas) {
            seen.bury(now, process);
            return None;
        }
        self.step = Some(Step::Cas(process));
        Some(Ask::CasLease {
            node,
            expected: Some(row),
            next: LeaseRow {
                alive: false,
                ..row
            },
        })
    }

    /// Takes in the answer to what [`Death::next`] asked.
    pub fn answered(&mut self, now: BootMs, seen: &mut Observer, answer: Answer) {
        match (self.step.take(), answer) {
            (Some(Step::Read { node, gone }), Answer::Lease(row)) => {
                self.open = None;
                let Some(row) = row else {
                    self.not_before = now.plus(AGAIN_MS);
                    return;
                };
                seen.saw(now, node, row);
                // Only a dead row is ever taken over, and no incarnation comes back.
                if let Some(gone) = gone.filter(|gone| gone.incarnation != row.incarnation) {
                    seen.bury(now, gone);
                }
            }
            (Some(Step::Cas(process)), Answer::Applied) => {
                seen.bury(now, process);
            }
            (Some(Step::Cas(process)), answer) => {
                self.open = Some(process.node);
                if answer != Answer::Refused {
                    self.not_before = now.plus(AGAIN_MS);
                }
            }
            (Some(Step::Read { .. }), _) | (None, _) => self.not_before = now.plus(AGAIN_MS),
        }
    }

    fn read(&mut self, node: NodeId, gone: Option<Process>) -> Ask {
        self.step = Some(Step::Read { node, gone });
        Ask::ReadLease(node)
    }
}

/// An owner in the map that is not known to be dead and not what was seen of its node.
fn stranger(map: &Map, seen: &Observer) -> Option<Process> {
    let strange = |owner: &Process| {
        let sight = seen.sight(owner.node);
        !seen.is_me(*owner)
            && !seen.is_dead(*owner)
            && sight.is_none_or(|row| row.incarnation != owner.incarnation)
    };
    map.owners().iter().copied().find(strange)
}
