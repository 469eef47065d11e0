//! The customers that one process plays.

use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

use super::customer::{Shop, visit};
use super::hire::Signer;
use super::measured::{Count, Latency};
use super::meter::Meter;
use crate::client::{Identity, Setting};
use crate::scenario::{Choice, Dialogue, Scenario, Shape};

/// Customers of one process at once: it has 20,000 file descriptors, and needs some for tickets.
pub const PEOPLE_MAX: usize = 19_000;
/// Between two looks at how many are here.
const LOOK: Duration = Duration::from_millis(500);

/// Every `of`th arrival, from the `index`th on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    pub index: usize,
    pub of: usize,
}

/// Sends customers at their times.
pub(super) struct Crowd<'a> {
    scenario: &'a Scenario,
    /// One a tenant.
    shops: Vec<Shop>,
    choice: Choice,
    meter: Meter,
    signer: Option<Signer>,
    shape: Shape,
    visits: JoinSet<()>,
    gone: u64,
    looked: Instant,
    /// Cuts everybody's socket.
    storm: Option<tokio::task::JoinHandle<()>>,
}

impl<'a> Crowd<'a> {
    /// `settings` are those of the scenario's tenants, in their order.
    pub fn new(
        settings: &[Setting],
        scenario: &'a Scenario,
        signer: Option<Signer>,
        meter: Meter,
    ) -> Self {
        let (raise, storms) = watch::channel(0);
        let begun = meter.clock().begun();
        let storm = scenario.storm.clone().map(|storm| {
            tokio::spawn(async move {
                for at_s in storm.at_s {
                    let at = begun + Duration::from_secs_f64(at_s);
                    sleep_until(at.into()).await;
                    raise.send_modify(|count| *count += 1);
                }
                // Customers wait for the next one as long as they are here.
                std::future::pending::<()>().await;
            })
        });
        let shops = settings.iter().enumerate().map(|(tenant, setting)| Shop {
            setting: setting.clone(),
            customers: scenario.customers.clone(),
            meter: meter.of(tenant),
            storms: storms.clone(),
        });
        Self {
            scenario,
            shops: shops.collect(),
            choice: Choice::new(&scenario.tenants, scenario.seed),
            meter,
            signer,
            shape: Shape::of_real_dialogues(),
            visits: JoinSet::new(),
            gone: 0,
            looked: begun,
            storm,
        }
    }

    /// The arrivals of the scenario's phases that are this part's, each at its time. `tell` hears now
    /// and then how many are here and how many have gone.
    pub async fn arrive(&mut self, part: Part, mut tell: impl FnMut(u64, u64)) {
        let mut rng = StdRng::seed_from_u64(self.scenario.seed);
        let schedule = self.scenario.arrivals.times(&mut rng);
        let own = schedule.into_iter().enumerate();
        for (number, at) in own.filter(|(number, _)| number % part.of == part.index) {
            self.one(number as u64, at, &mut tell).await;
        }
    }

    /// One arrival so long after the run's start.
    pub async fn one(&mut self, number: u64, at: Duration, tell: &mut impl FnMut(u64, u64)) {
        let shop = self.shops[self.choice.of(number)].clone();
        let meter = shop.meter.clone();
        let intended = meter.clock().begun() + at;
        let ahead = Instant::now() < intended;
        while Instant::now() < intended {
            sleep_until(intended.min(self.looked + LOOK).into()).await;
            self.look(tell);
        }
        if ahead {
            meter.record(Latency::OwnLag, intended.elapsed());
        }
        meter.arrives(intended);
        if self.visits.len() >= PEOPLE_MAX {
            return meter.count(Count::NoRoom);
        }
        let seed = self.scenario.seed ^ (3 << 32) ^ number;
        let mut rng = StdRng::seed_from_u64(seed);
        let dialogue = Dialogue::draw(&self.shape, &self.scenario.customers, &mut rng);
        let Some(identity) = self.identity(&shop, number, dialogue.manner.tier) else {
            return meter.count(Count::Failed);
        };
        let name = format!("customer-{number}");
        let stay = visit(shop, dialogue, identity, intended, name, rng);
        self.visits.spawn(stay);
    }

    fn identity(&self, shop: &Shop, number: u64, tier: Option<u8>) -> Option<Identity> {
        let tenant = &shop.setting.tenant;
        match (&self.signer, tier) {
            (Some(signer), Some(tier)) => signer.customer(tenant, number, tier).ok(),
            _ => Some(Identity::visitor(tenant)),
        }
    }

    fn look(&mut self, tell: &mut impl FnMut(u64, u64)) {
        if self.looked.elapsed() < LOOK {
            return;
        }
        self.looked = Instant::now();
        while self.visits.try_join_next().is_some() {
            self.gone += 1;
        }
        let here = self.visits.len() as u64;
        self.meter.here(here);
        tell(here, self.gone);
    }

    /// Waits until everybody has gone. Who is still there at curfew is counted and left.
    pub async fn go_home(mut self, mut tell: impl FnMut(u64, u64)) {
        let curfew = Duration::from_secs(self.scenario.curfew.after_s);
        let until = Instant::now() + curfew;
        while !self.visits.is_empty() && Instant::now() < until {
            if let Ok(Some(_)) = timeout(LOOK, self.visits.join_next()).await {
                self.gone += 1;
            }
            self.look(&mut tell);
        }
        for _ in 0..self.visits.len() {
            self.meter.count(Count::CutOff);
        }
        self.visits.shutdown().await;
        if let Some(storm) = self.storm.take() {
            storm.abort();
        }
    }
}
