//! Who can take what: seats (agents) against lanes (what waits, by its requirements).
//!
//! All entries of a lane need the same skills and weight, so a lane knows the agents that fit it in
//! the order they are chosen, and one look at its head tells whether anything can be matched. The
//! cost of an event is O(lanes × log n); how much waits behind an unmatchable head does not matter.

use std::collections::{BTreeSet, HashMap};

use crate::ids::{AgentId, Skill};
use crate::limits::LANES_KEPT;

use super::order::OrderKey;
use super::seat::{LaneIx, Preference, Seat, SeatIx};

/// Where an entry waits for its agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spot {
    /// For anybody of the lane, these excepted while somebody else is ready. Sorted.
    Open(LaneIx, Vec<SeatIx>),
    /// For this agent in particular.
    Held(LaneIx, SeatIx),
}

/// Sorted skills, and capacity taken (at least 1).
type Requirement = (Vec<Skill>, u32);

#[derive(Clone, Debug)]
struct Lane {
    requirement: Requirement,
    /// Agents who fit and have room.
    ready: BTreeSet<Preference>,
    /// Agents who fit, with room or without.
    capable: usize,
    open: BTreeSet<OrderKey>,
    /// By excluded agents: few, for most entries exclude nobody.
    excluding: HashMap<Vec<SeatIx>, BTreeSet<OrderKey>>,
    /// Entries in it, held ones too.
    entries: usize,
}

/// The index. It changes nothing by itself: a pick is made by its owner.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    seats: Vec<Seat>,
    by_agent: HashMap<AgentId, SeatIx>,
    lanes: Vec<Option<Lane>>,
    by_requirement: HashMap<Requirement, LaneIx>,
    /// Seats with room which something is held for.
    hosts: BTreeSet<SeatIx>,
    present: Presences,
}

/// Sums over the agents present.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Presences {
    pub agents: u32,
    /// Sum of their capacities.
    pub capacity: u64,
}

impl Desk {
    pub fn seat(&self, seat: SeatIx) -> &Seat {
        &self.seats[seat as usize]
    }

    pub fn known(&self, agent: &AgentId) -> Option<SeatIx> {
        self.by_agent.get(agent).copied()
    }

    /// The seat of an agent; made on first mention. Bounded by the staff ever named to this queue.
    pub fn seat_of(&mut self, agent: &AgentId) -> SeatIx {
        if let Some(seat) = self.known(agent) {
            return seat;
        }
        let mut seat = Seat::new(agent.clone());
        seat.lanes = self.fitting(&seat);
        self.seats.push(seat);
        let index = SeatIx::try_from(self.seats.len() - 1).expect("fewer than 4 billion agents");
        self.by_agent.insert(agent.clone(), index);
        index
    }

    pub fn presences(&self) -> Presences {
        self.present
    }

    /// Changes a seat and every index it stands in. What was held for an agent that is no longer
    /// there (or no longer fits) is returned, taken out: it must be placed anew.
    pub fn change(&mut self, index: SeatIx, change: impl FnOnce(&mut Seat)) -> Vec<OrderKey> {
        self.unfile(index);
        let before = self.seats[index as usize].skills.clone();
        change(&mut self.seats[index as usize]);
        let refit = self.seats[index as usize].skills != before;
        if refit {
            self.seats[index as usize].lanes = self.fitting(&self.seats[index as usize]);
        }
        let freed = if refit || !self.seat(index).present() {
            self.clear_holds(index)
        } else {
            Vec::new()
        };
        self.file(index);
        freed
    }

    /// The lane of these needs; made where there is none.
    pub fn lane_of(&mut self, needs: Vec<Skill>, weight: u32) -> LaneIx {
        let requirement = (needs, weight.max(1));
        if let Some(lane) = self.by_requirement.get(&requirement) {
            return *lane;
        }
        let vacant = self.lanes.iter().position(Option::is_none);
        let index = vacant.unwrap_or(self.lanes.len());
        let mut lane = Lane {
            requirement: requirement.clone(),
            ready: BTreeSet::new(),
            capable: 0,
            open: BTreeSet::new(),
            excluding: HashMap::new(),
            entries: 0,
        };
        for seat in self
            .seats
            .iter_mut()
            .filter(|seat| seat.has(&requirement.0))
        {
            seat.lanes.push(index);
            if let Some((preference, free)) = &seat.filed {
                lane.admit(preference, *free);
            }
        }
        if vacant.is_some() {
            self.lanes[index] = Some(lane);
        } else {
            self.lanes.push(Some(lane));
        }
        self.by_requirement.insert(requirement, index);
        index
    }

    /// Is this agent there and able to serve the lane, with room or without?
    pub fn may_hold(&self, lane: LaneIx, seat: SeatIx) -> bool {
        let seat = self.seat(seat);
        seat.present() && seat.lanes.contains(&lane)
    }

    pub fn place(&mut self, spot: &Spot, key: OrderKey) {
        match spot {
            Spot::Open(lane, excluded) => {
                let lane = self.lane_mut(*lane);
                lane.entries += 1;
                if excluded.is_empty() {
                    lane.open.insert(key);
                } else {
                    lane.excluding
                        .entry(excluded.clone())
                        .or_default()
                        .insert(key);
                }
            }
            Spot::Held(lane, seat) => {
                self.lane_mut(*lane).entries += 1;
                let holds = &mut self.seats[*seat as usize].holds;
                holds.entry(*lane).or_default().insert(key);
                self.host(*seat);
            }
        }
    }

    pub fn remove(&mut self, spot: &Spot, key: &OrderKey) {
        match spot {
            Spot::Open(index, excluded) => {
                let lane = self.lane_mut(*index);
                if excluded.is_empty() {
                    lane.open.remove(key);
                } else if let Some(keys) = lane.excluding.get_mut(excluded) {
                    keys.remove(key);
                    if keys.is_empty() {
                        lane.excluding.remove(excluded);
                    }
                }
                self.leave(*index, 1);
            }
            Spot::Held(lane, seat) => {
                let holds = &mut self.seats[*seat as usize].holds;
                // Already gone where the holds of a seat were cleared at once.
                let Some(keys) = holds.get_mut(lane) else {
                    return;
                };
                if !keys.remove(key) {
                    return;
                }
                if keys.is_empty() {
                    holds.remove(lane);
                }
                self.host(*seat);
                self.leave(*lane, 1);
            }
        }
    }

    /// The first entry in order that somebody can take now, and who is chosen for it.
    pub fn next(&self) -> Option<(OrderKey, SeatIx)> {
        let open = self
            .lanes
            .iter()
            .flatten()
            .filter_map(|lane| self.head(lane));
        let held = self.hosts.iter().filter_map(|seat| self.guest(*seat));
        open.chain(held).min_by_key(|(key, _)| *key)
    }

    /// Could this agent take what waits at the spot right now?
    pub fn fits(&self, spot: &Spot, seat: SeatIx) -> bool {
        let (lane, excluded) = match spot {
            Spot::Open(lane, excluded) => (*lane, excluded.as_slice()),
            Spot::Held(lane, _) => (*lane, [].as_slice()),
        };
        let preference = self
            .seat(seat)
            .filed
            .as_ref()
            .map(|(preference, _)| preference);
        !excluded.contains(&seat)
            && preference.is_some_and(|preference| self.lane(lane).ready.contains(preference))
    }

    fn head(&self, lane: &Lane) -> Option<(OrderKey, SeatIx)> {
        let anybody = lane.ready.first()?.seat;
        let open = lane.open.first().map(|key| (*key, anybody));
        let excluding = lane.excluding.iter().filter_map(|(excluded, keys)| {
            let other = lane
                .ready
                .iter()
                .find(|ready| excluded.binary_search(&ready.seat).is_err());
            let seat = match other {
                Some(other) => other.seat,
                None if self.nobody_else(lane, excluded) => anybody,
                None => return None,
            };
            Some((*keys.first()?, seat))
        });
        open.into_iter()
            .chain(excluding)
            .min_by_key(|(key, _)| *key)
    }

    /// Is everybody who fits the lane excluded? Then the exclusion has expired.
    fn nobody_else(&self, lane: &Lane, excluded: &[SeatIx]) -> bool {
        let fitting = excluded.iter().filter(|seat| {
            let seat = self.seat(**seat);
            seat.filed.is_some() && seat.has(&lane.requirement.0)
        });
        fitting.count() >= lane.capable
    }

    fn guest(&self, index: SeatIx) -> Option<(OrderKey, SeatIx)> {
        let seat = self.seat(index);
        let (_, free) = seat.filed.as_ref()?;
        let fitting = seat
            .holds
            .iter()
            .filter(|(lane, _)| self.lane(**lane).requirement.1 <= *free);
        let first = fitting.filter_map(|(_, keys)| keys.first()).min()?;
        Some((*first, index))
    }

    fn lane(&self, index: LaneIx) -> &Lane {
        self.lanes[index].as_ref().expect("a lane in use is kept")
    }

    fn lane_mut(&mut self, index: LaneIx) -> &mut Lane {
        self.lanes[index].as_mut().expect("a lane in use is kept")
    }

    fn fitting(&self, seat: &Seat) -> Vec<LaneIx> {
        let lanes = self.lanes.iter().enumerate();
        lanes
            .filter(|(_, lane)| {
                lane.as_ref()
                    .is_some_and(|lane| seat.has(&lane.requirement.0))
            })
            .map(|(index, _)| index)
            .collect()
    }

    fn unfile(&mut self, index: SeatIx) {
        let seat = &mut self.seats[index as usize];
        if seat.present() {
            self.present.agents -= 1;
            self.present.capacity -= u64::from(seat.availability.capacity);
        }
        let Some((preference, free)) = seat.filed.take() else {
            return;
        };
        for lane in &seat.lanes {
            if let Some(lane) = &mut self.lanes[*lane] {
                lane.dismiss(&preference, free);
            }
        }
    }

    fn file(&mut self, index: SeatIx) {
        let seat = &mut self.seats[index as usize];
        if seat.present() {
            self.present.agents += 1;
            self.present.capacity += u64::from(seat.availability.capacity);
        }
        if seat.capable() {
            let (preference, free) = (seat.preference(index), seat.free());
            for lane in &seat.lanes {
                if let Some(lane) = &mut self.lanes[*lane] {
                    lane.admit(&preference, free);
                }
            }
            seat.filed = Some((preference, free));
        }
        self.host(index);
    }

    fn host(&mut self, index: SeatIx) {
        let seat = self.seat(index);
        let hosting =
            !seat.holds.is_empty() && seat.filed.as_ref().is_some_and(|(_, free)| *free > 0);
        if hosting {
            self.hosts.insert(index);
        } else {
            self.hosts.remove(&index);
        }
    }

    fn clear_holds(&mut self, index: SeatIx) -> Vec<OrderKey> {
        let holds = std::mem::take(&mut self.seats[index as usize].holds);
        for (lane, keys) in &holds {
            self.leave(*lane, keys.len());
        }
        holds.into_values().flatten().collect()
    }

    /// Entries leave a lane; an empty one is dropped once there are many.
    fn leave(&mut self, index: LaneIx, entries: usize) {
        let lane = self.lane_mut(index);
        lane.entries -= entries;
        if lane.entries > 0 || self.by_requirement.len() <= LANES_KEPT {
            return;
        }
        let lane = self.lanes[index].take().expect("a lane in use is kept");
        self.by_requirement.remove(&lane.requirement);
        for seat in &mut self.seats {
            seat.lanes.retain(|lane| *lane != index);
        }
    }
}

impl Lane {
    fn admit(&mut self, preference: &Preference, free: u32) {
        self.capable += 1;
        if free >= self.requirement.1 {
            self.ready.insert(preference.clone());
        }
    }

    fn dismiss(&mut self, preference: &Preference, free: u32) {
        self.capable -= 1;
        if free >= self.requirement.1 {
            self.ready.remove(preference);
        }
    }
}

#[cfg(test)]
impl Desk {
    pub fn seats(&self) -> impl Iterator<Item = (SeatIx, &Seat)> {
        (0..).zip(&self.seats)
    }

    pub fn needs(&self, lane: LaneIx) -> &[Skill] {
        &self.lane(lane).requirement.0
    }
}
