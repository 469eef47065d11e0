//! What must hold of a queue after every turn, said without its indexes.

use super::desk::Spot;
use super::scene::number;
use super::state::{Queue, Standing};
use crate::ids::AgentId;

impl Queue {
    pub(super) fn listed_entries(&self) -> Vec<(u32, u64)> {
        let entries = self.entries.iter();
        let mut entries: Vec<(u32, u64)> = entries
            .map(|(id, entry)| (number(*id), entry.id.0))
            .collect();
        entries.sort_unstable();
        entries
    }

    /// Sentences about what is wrong; none if nothing is.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = self.miscounted();
        faults.extend(self.unmatched());
        faults.extend(self.misranked());
        faults
    }

    /// Does what was picked for an agent, with what it said it holds, exceed its capacity?
    pub(super) fn is_overbooked(&self, agent: &AgentId) -> bool {
        let seat = self
            .desk
            .seat(self.desk.known(agent).expect("it was picked"));
        seat.availability.load + seat.picked > seat.availability.capacity
    }

    fn miscounted(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (agent, seat) in self.desk.seats() {
            let picked: u32 = self
                .entries
                .values()
                .filter(|entry| matches!(entry.standing, Standing::Picked { seat, .. } if seat == agent))
                .map(|entry| entry.waiting.weight)
                .sum();
            if picked != seat.picked {
                faults.push(format!(
                    "{}: {picked} picked, {} counted",
                    seat.agent, seat.picked
                ));
            }
        }
        faults
    }

    /// Nobody waits whom somebody could take, by the definition of a candidate.
    fn unmatched(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (id, entry) in &self.entries {
            let Standing::Placed(spot) = &entry.standing else {
                if entry.standing == Standing::Unplaced {
                    faults.push(format!("{} is nowhere", number(*id)));
                }
                continue;
            };
            let (lane, excluded, only) = match spot {
                Spot::Open(lane, excluded) => (*lane, excluded.clone(), None),
                Spot::Held(lane, seat) => (*lane, Vec::new(), Some(*seat)),
            };
            let needs = self.desk.needs(lane);
            let ready: Vec<_> = self
                .desk
                .seats()
                .filter(|(index, seat)| {
                    seat.capable() && seat.has(needs) && only.is_none_or(|only| only == *index)
                })
                .collect();
            let others = ready.iter().any(|(index, _)| !excluded.contains(index));
            let taker = ready.iter().find(|(index, seat)| {
                seat.free() >= entry.waiting.weight && !(others && excluded.contains(index))
            });
            if let Some((_, seat)) = taker {
                faults.push(format!("{} could take {}", seat.agent, number(*id)));
            }
        }
        faults
    }

    fn misranked(&self) -> Vec<String> {
        let mut keys: Vec<_> = self.entries.values().map(|entry| entry.key).collect();
        keys.sort_unstable();
        let ranked: Vec<_> = self.line.starting_at(0).collect();
        let ages: u32 = self.ages.values().sum();
        let oldest = self
            .entries
            .values()
            .map(|entry| entry.waiting.enqueued_at)
            .min();
        let mut faults = Vec::new();
        if keys != ranked {
            faults.push("the line is not the entries in order".into());
        }
        if ages as usize != keys.len() || oldest != self.ages.keys().next().copied() {
            faults.push(format!("ages are off: {oldest:?}"));
        }
        faults
    }
}
