//! A process among others: its lease, what it sees of theirs, the map, and its shards.
//!
//! One pure machine. Whoever drives it carries out every output in order before the next input, and
//! asks [`Member::epoch`] (or what the outputs made of the fence) after each write completed.

use std::sync::Arc;

use crest_actors::ids::Shard;

use super::ask::{Answer, Ask, AskId};
use super::assignment::Map;
use super::death::Death;
use super::holdings::{Holdings, Occasion};
use super::lease::Lease;
use super::limits::{ASK_MS, DRAIN_MS, LEAVE_MS, LOOK_MS};
use super::observe::Observer;
use super::process::{BootMs, NodeId, Process};
use super::rules::{Fault, Rules};

#[derive(Clone, Debug)]
pub enum Input {
    /// Every [`super::limits::TICK_MS`], and as often as anything else suggests.
    Tick,
    Answered(AskId, Answer),
    /// Somebody says over the bus that the map has this version. Never more than a hint.
    Hint {
        version: u64,
    },
    /// Something arrived at the wrong node: the map may have changed.
    Doubt,
    /// Give everything away and leave.
    Drain,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Output {
    /// To the store; answered at most once.
    Ask(AskId, Ask),
    /// The shard is this process's: its actors may start.
    Took { shard: Shard, epoch: u64 },
    /// The shard is not this process's any more, or soon will not be: its actors end.
    LetGo { shard: Shard },
    /// Traffic for the shard goes there.
    Elsewhere {
        shard: Shard,
        node: NodeId,
        epoch: u64,
    },
    /// The lease is over: everything closes. What is still this process's is taken again when its
    /// lease is renewed.
    FenceLost,
    /// To every other node, as a hint: the map has this version.
    Announce { version: u64 },
    /// This incarnation is dead for good. The node may come back with another.
    Expelled,
    /// Everything is given away: the process may end.
    Left,
}

/// What may be asked at the same time; one of each.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Lease,
    Look,
    Death,
    Map,
}

const LINES: [Line; 4] = [Line::Lease, Line::Look, Line::Death, Line::Map];

#[derive(Clone, Copy, Debug)]
struct Flight {
    id: AskId,
    asked: BootMs,
}

#[derive(Debug)]
pub struct Member {
    lease: Lease,
    seen: Observer,
    death: Death,
    holdings: Holdings,
    flights: [Option<Flight>; LINES.len()],
    asks: u64,
    look_at: BootMs,
    /// When the drain and the leaving are given up.
    drain_by: Option<BootMs>,
    leave_by: Option<BootMs>,
    over: bool,
    rules: Rules,
}

impl Member {
    /// `me` has an incarnation that no process ever had; `size` is the number of shards, the same
    /// for ever.
    pub fn new(me: Process, size: u16) -> Self {
        Self::bent(me, size, Rules::default())
    }

    /// Where there is no map yet, its epochs begin at `epoch` instead of 1.
    pub fn begin_at(mut self, epoch: u64) -> Self {
        self.holdings.begin_at(epoch);
        self
    }

    /// The epoch under which this process may act for the shard at this moment.
    pub fn epoch(&self, now: BootMs, shard: Shard) -> Option<u64> {
        self.holdings.epoch(shard).filter(|_| self.lease.holds(now))
    }

    /// Until when [`Member::epoch`] holds unless an output says otherwise.
    pub fn until(&self) -> BootMs {
        self.lease.until()
    }

    /// The map as last learnt.
    pub fn map(&self) -> Option<&Arc<Map>> {
        self.holdings.map()
    }

    /// What was seen of the others' leases.
    pub fn seen(&self) -> &Observer {
        &self.seen
    }

    /// Nothing follows from any input any more: [`Output::Left`] or [`Output::Expelled`] was said.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// It was asked to leave.
    pub fn drains(&self) -> bool {
        self.drain_by.is_some()
    }

    /// Takes the input in and says what follows from it.
    pub fn on(&mut self, now: BootMs, input: Input, out: &mut Vec<Output>) {
        if self.over {
            return;
        }
        match input {
            Input::Tick => self.expire(now, out),
            Input::Answered(id, answer) => {
                let flies = |flight: &Option<Flight>| flight.is_some_and(|it| it.id == id);
                if let Some(line) = LINES.iter().find(|it| flies(&self.flights[**it as usize])) {
                    self.answered(now, *line, answer, out);
                }
            }
            Input::Hint { version } => self.holdings.hint(now, version),
            Input::Doubt => self.holdings.doubt(now),
            Input::Drain => {
                self.drain_by.get_or_insert(now.plus(DRAIN_MS));
            }
        }
        self.advance(now, out);
    }

    /// A member that breaks rules; nothing but tests makes one.
    pub(super) fn bent(me: Process, size: u16, rules: Rules) -> Self {
        Self {
            lease: Lease::new(me, rules),
            seen: Observer::new(me, rules),
            death: Death::new(rules),
            holdings: Holdings::new(me, size, rules),
            flights: [None; LINES.len()],
            asks: 0,
            look_at: BootMs(0),
            drain_by: None,
            leave_by: None,
            over: false,
            rules,
        }
    }

    /// An ask without an answer for too long has an unknown outcome; its answer would be dropped.
    fn expire(&mut self, now: BootMs, out: &mut Vec<Output>) {
        for line in LINES {
            let flight = self.flights[line as usize];
            if flight.is_some_and(|flight| now.since(flight.asked) >= ASK_MS) {
                self.answered(now, line, Answer::Unknown, out);
            }
        }
    }

    fn answered(&mut self, now: BootMs, line: Line, answer: Answer, out: &mut Vec<Output>) {
        let Some(flight) = self.flights[line as usize].take() else {
            return;
        };
        match line {
            Line::Lease => self.lease.answered(now, answer),
            Line::Look => self.looked(now, flight.asked, answer),
            Line::Death => self.death.answered(now, &mut self.seen, answer),
            Line::Map => {
                if self.holdings.answered(now, answer)
                    && let Some(map) = self.holdings.map()
                {
                    out.push(Output::Announce {
                        version: map.version(),
                    });
                }
                if let Some(map) = self.holdings.map() {
                    self.seen.forget(|process| map.owners().contains(&process));
                }
            }
        }
    }

    fn looked(&mut self, now: BootMs, asked: BootMs, answer: Answer) {
        let Answer::Rows(rows) = answer else {
            return;
        };
        let early = self.rules.breaks(Fault::SeenFromAsking);
        let at = if early { asked } else { now };
        for (node, row) in rows {
            self.seen.saw(at, node, row);
        }
    }

    fn advance(&mut self, now: BootMs, out: &mut Vec<Output>) {
        self.leave_when_done(now);
        self.tell(now, out);
        if self.lease.is_over() || self.leave_by.is_some_and(|by| now >= by) {
            self.over = true;
            out.push(match self.drain_by {
                Some(_) => Output::Left,
                None => Output::Expelled,
            });
            return;
        }
        for line in LINES {
            if self.flights[line as usize].is_some() {
                continue;
            }
            let ask = match line {
                Line::Lease => self.lease.next(now),
                Line::Look => self.look(now),
                Line::Death => {
                    let map = self.holdings.map().cloned();
                    self.death.next(now, &mut self.seen, map.as_deref())
                }
                Line::Map => {
                    let occasion = Occasion {
                        seen: &self.seen,
                        holds: self.lease.holds(now),
                        drains: self.drain_by.is_some(),
                    };
                    self.holdings.next(now, &occasion)
                }
            };
            // What is to move is let go of before anybody is asked to move it.
            self.tell(now, out);
            if let Some(ask) = ask {
                self.asks += 1;
                let id = AskId(self.asks);
                self.flights[line as usize] = Some(Flight { id, asked: now });
                out.push(Output::Ask(id, ask));
            }
        }
    }

    fn tell(&mut self, now: BootMs, out: &mut Vec<Output>) {
        self.holdings.tell(self.lease.holds(now), out);
    }

    fn look(&mut self, now: BootMs) -> Option<Ask> {
        if now < self.look_at {
            return None;
        }
        self.look_at = now.plus(LOOK_MS);
        Some(Ask::Look)
    }

    /// Leaves once nothing is left to give, or nobody is there to give it to, or it took too long.
    fn leave_when_done(&mut self, now: BootMs) {
        let Some(drain_by) = self.drain_by else {
            return;
        };
        let map = self.holdings.map();
        let leaves = |it: &Process| map.is_some_and(|map| map.leaving().contains(it));
        let alone = self.seen.living(now).iter().all(leaves);
        if self.leave_by.is_none() && (self.holdings.is_empty() || alone || now >= drain_by) {
            self.leave_by = Some(now.plus(LEAVE_MS));
            self.lease.leave();
        }
    }

    /// An answer to this ask would still be taken in.
    #[cfg(test)]
    pub(super) fn awaits(&self, id: AskId) -> bool {
        !self.over && self.flights.iter().flatten().any(|it| it.id == id)
    }

    /// The machine believes a map that it heard of.
    #[cfg(test)]
    pub(super) fn believe(&mut self, map: Arc<Map>) {
        self.holdings.believe(map);
    }
}
