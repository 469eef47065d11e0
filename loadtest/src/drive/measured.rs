//! What a process of a run measured: plain values that merge.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crest_schema::frame::Id;
use serde::{Deserialize, Serialize};

use super::times::Times;

/// What is measured. Times of messages run from the moment they were meant to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Latency {
    /// A customer's message: intended sending to acknowledgement.
    Ack,
    /// The same from its actual sending.
    AckService,
    /// Acknowledgements of customers who read slowly or whose network vanished: the delay is their own.
    AckTroubled,
    /// An agent's reply: intended sending to acknowledgement.
    AgentAck,
    /// A customer's message: intended sending to its agent's connection.
    Delivery,
    /// A customer's last message of a burst to the bot's answer, the bot's burst pause included.
    BotAnswer,
    /// Asking for a person to one having joined, tier 0.
    WaitStandard,
    /// The same, tiers above 0.
    WaitVip,
    /// From arrival to welcome.
    Connect,
    /// From the loss of a connection to the welcome of the next, the client's own random pause
    /// included.
    Resume,
    /// An event: its acknowledgement's time by the server to a supervisor's connection; only where
    /// both clocks are one.
    Watch,
    /// How late the harness itself was: arrivals, words, ticks.
    OwnLag,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    Arrived,
    Signed,
    Vip,
    Ended,
    GaveUp,
    /// Could not connect, or its connection was closed for good.
    Failed,
    Unfinished,
    /// Still there at curfew.
    CutOff,
    /// Arrived when its process held all the sockets it may.
    NoRoom,
    CustomerMessages,
    AgentMessages,
    Typed,
    Joined,
    Rated,
    Offers,
    OffersMissed,
    OffersDeclined,
    Transfers,
    Whispers,
    Watched,
    WatchedEvents,
    Reconnects,
    Cut,
    Vanished,
    SlowReaders,
}

/// One stretch of the run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Slice {
    /// Conversations meant to begin in it.
    pub arrivals: u64,
    /// Customers' messages meant to be sent in it.
    pub offered: u64,
    /// Customers' messages acknowledged in it.
    pub achieved: u64,
    /// Of those offered, how many were acknowledged, whenever.
    pub answered: u64,
    /// Acknowledgements of messages meant to be sent in it, of customers without trouble of their own.
    pub ack: Times,
    /// Most customers here at once, of those seen at its ticks.
    pub here: u64,
    /// Of these, waiting for a person.
    pub waiting: u64,
}

/// Of one tenant's people.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OfTenant {
    pub counts: BTreeMap<Count, u64>,
    /// As that of a slice.
    pub ack: Times,
}

/// One customer's wait for a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wait {
    pub tier: u8,
    pub from_us: u64,
    pub waited_us: u64,
    /// `false` where the customer gave up or was not served.
    pub served: bool,
    /// The first estimate told, when, and the place told with it.
    pub estimate: Option<Estimate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub at_us: u64,
    pub minutes: u32,
    pub position: u32,
}

/// All of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    /// Width of a slice.
    pub slice_us: u64,
    pub latencies: BTreeMap<Latency, Times>,
    pub counts: BTreeMap<Count, u64>,
    /// Lasting refusals by name.
    pub refusals: BTreeMap<String, u64>,
    pub slices: Vec<Slice>,
    /// In the order of the scenario's tenants, up to the last that did anything.
    pub tenants: Vec<OfTenant>,
    pub waits: Vec<Wait>,
    /// Messages that an agent is to see, with when they were meant to be sent.
    pub said_us: HashMap<Id, u64>,
    /// When an agent's connection first had them.
    pub shown_us: HashMap<Id, u64>,
    /// Processor time of the harness's processes.
    pub own_cpu_us: u64,
}

impl Default for Slice {
    fn default() -> Self {
        Self {
            arrivals: 0,
            offered: 0,
            achieved: 0,
            answered: 0,
            ack: Times::coarse(),
            here: 0,
            waiting: 0,
        }
    }
}

impl Default for OfTenant {
    fn default() -> Self {
        Self {
            counts: BTreeMap::new(),
            ack: Times::coarse(),
        }
    }
}

impl Measured {
    /// Slices so wide that a run has at most about 300 of them, a second at least.
    pub fn lasting(lasting: Duration) -> Self {
        let seconds = (lasting.as_secs() / 300).max(1);
        Self {
            slice_us: seconds * 1_000_000,
            ..Self::default()
        }
    }

    pub fn slice(&mut self, at_us: u64) -> &mut Slice {
        let index = (at_us / self.slice_us.max(1)) as usize;
        if self.slices.len() <= index {
            self.slices.resize_with(index + 1, Slice::default);
        }
        &mut self.slices[index]
    }

    pub fn tenant(&mut self, index: usize) -> &mut OfTenant {
        if self.tenants.len() <= index {
            self.tenants.resize_with(index + 1, OfTenant::default);
        }
        &mut self.tenants[index]
    }

    /// Once more of the run's, and of this tenant's.
    pub fn count(&mut self, tenant: usize, count: Count) {
        *self.counts.entry(count).or_default() += 1;
        *self.tenant(tenant).counts.entry(count).or_default() += 1;
    }

    /// Adds what another process measured.
    pub fn merge(&mut self, other: Self) {
        assert_eq!(self.slice_us, other.slice_us, "processes of one run");
        for (latency, times) in other.latencies {
            self.latencies.entry(latency).or_default().merge(&times);
        }
        for (count, number) in other.counts {
            *self.counts.entry(count).or_default() += number;
        }
        for (name, number) in other.refusals {
            *self.refusals.entry(name).or_default() += number;
        }
        for (index, slice) in other.slices.into_iter().enumerate() {
            self.slice(index as u64 * other.slice_us).merge(&slice);
        }
        for (index, of_tenant) in other.tenants.into_iter().enumerate() {
            self.tenant(index).merge(of_tenant);
        }
        self.waits.extend(other.waits);
        self.said_us.extend(other.said_us);
        for (id, at) in other.shown_us {
            self.shown(id, at);
        }
        self.own_cpu_us += other.own_cpu_us;
    }

    /// An agent was shown this message. The first showing counts.
    pub fn shown(&mut self, id: Id, at_us: u64) {
        let first = self.shown_us.entry(id).or_insert(at_us);
        *first = (*first).min(at_us);
    }

    /// Pairs what was said with when it was shown, once every process has told its part.
    pub fn settle(&mut self) {
        let mut delivery = Times::default();
        for (id, said) in &self.said_us {
            if let Some(shown) = self.shown_us.get(id) {
                delivery.record(Duration::from_micros(shown.saturating_sub(*said)));
            }
        }
        if !delivery.is_empty() {
            self.latencies.insert(Latency::Delivery, delivery);
        }
    }
}

impl OfTenant {
    fn merge(&mut self, other: Self) {
        for (count, number) in other.counts {
            *self.counts.entry(count).or_default() += number;
        }
        self.ack.merge(&other.ack);
    }
}

impl Slice {
    fn merge(&mut self, other: &Self) {
        self.arrivals += other.arrivals;
        self.offered += other.offered;
        self.achieved += other.achieved;
        self.answered += other.answered;
        self.ack.merge(&other.ack);
        self.here += other.here;
        self.waiting += other.waiting;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_said_in_one_process_and_shown_in_another_was_delivered() {
        let mut customers = Measured::lasting(Duration::from_secs(10));
        let mut desk = Measured::lasting(Duration::from_secs(10));
        let (heard, lost) = (Id([1; 16]), Id([2; 16]));
        customers.said_us.insert(heard, 1_000_000);
        customers.said_us.insert(lost, 1_000_000);
        customers.slice(1_500_000).offered = 2;
        desk.shown(heard, 1_004_000);
        desk.shown(heard, 1_900_000);
        desk.merge(customers);
        desk.settle();
        let delivery = desk.latencies[&Latency::Delivery].figures();
        assert_eq!((delivery.count, delivery.max.round()), (1, 4.0));
        assert_eq!((desk.slices.len(), desk.slices[1].offered), (2, 2));
    }

    #[test]
    fn what_processes_counted_of_a_tenant_is_added_up() {
        let mut here = Measured::lasting(Duration::from_secs(10));
        let mut there = here.clone();
        here.count(0, Count::Arrived);
        there.count(2, Count::Arrived);
        there.count(0, Count::Arrived);
        there.tenant(2).ack.record(Duration::from_millis(3));
        here.merge(there);
        let arrived = |index: usize| here.tenants[index].counts.get(&Count::Arrived).copied();
        assert_eq!([0, 1, 2].map(arrived), [Some(2), None, Some(1)]);
        assert_eq!(here.counts[&Count::Arrived], 3);
        assert_eq!(here.tenants[2].ack.count(), 1);
    }

    #[test]
    fn a_long_run_has_wide_slices() {
        assert_eq!(
            Measured::lasting(Duration::from_secs(60)).slice_us,
            1_000_000
        );
        assert_eq!(
            Measured::lasting(Duration::from_secs(3_600)).slice_us,
            12_000_000
        );
    }
}
