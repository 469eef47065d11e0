//! One customer's dialogue, drawn before it begins.

use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;

use super::people::Customers;
use super::shape::Shape;
use super::words;

/// With these words a customer lets the agent go.
pub const LAST_WORDS: &str = "好的没有别的了，谢谢再见";

/// What a customer is going to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Dialogue {
    pub bursts: Vec<Burst>,
    /// Index of the burst before which a person is asked for.
    pub human_at: Option<usize>,
    /// Level given at the end.
    pub rating: Option<u8>,
    pub manner: Manner,
}

/// Who the customer is to the server, and how well it behaves on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// `None` for an anonymous visitor, else the tier the shop signs.
    pub tier: Option<u8>,
    pub slow_reader: bool,
    /// Its network vanishes before this burst.
    pub vanishes_before: Option<usize>,
}

/// Messages in a row, and the pause before the first of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Burst {
    pub think: Duration,
    pub texts: Vec<String>,
}

impl Dialogue {
    /// Half of the turns are the customer's; the other half answers.
    pub fn draw(shape: &Shape, customers: &Customers, rng: &mut StdRng) -> Self {
        let turns = shape.turns.draw_count(rng).min(customers.turns_max);
        let own = turns.div_ceil(2).max(1);
        let mut bursts = Vec::new();
        let mut said = 0;
        while said < own {
            let length = shape.burst.draw_count(rng).min(own - said);
            let texts = (0..length).map(|place| {
                let words = shape.customer_words.draw_count(rng);
                words::of_customer(said + place == 0, words, rng)
            });
            bursts.push(Burst {
                texts: texts.collect(),
                think: think(customers.think_ms, rng),
            });
            said += length;
        }
        let needs = rng.random_bool(customers.human_share);
        let human_at = needs.then(|| {
            let turn = shape.handoff_turn.draw_count(rng);
            // The first words open the conversation; a person is asked for after some.
            (turn as usize / 2).clamp(1, bursts.len())
        });
        let rating = rng
            .random_bool(customers.rate_share)
            .then(|| rng.random_range(1..=4));
        let manner = Manner::draw(customers, bursts.len(), rng);
        Self {
            bursts,
            human_at,
            rating,
            manner,
        }
    }
}

impl Manner {
    fn draw(customers: &Customers, bursts: usize, rng: &mut StdRng) -> Self {
        let signed = rng.random_bool(customers.signed_share);
        let vip = rng.random_bool(customers.vip_share);
        let slow_reader = rng.random_bool(customers.slow_share);
        let vanishes = rng.random_bool(customers.half_open_share);
        Self {
            tier: signed.then_some(if vip { customers.vip_tier } else { 0 }),
            slow_reader,
            // Somebody who never spoke has nothing to come back to.
            vanishes_before: vanishes.then_some(bursts.div_ceil(2).max(1)),
        }
    }
}

/// What an agent answers.
pub fn reply(shape: &Shape, rng: &mut StdRng) -> String {
    words::of_service(shape.service_words.draw_count(rng), rng)
}

/// An exponential pause with this mean, at most five times as long.
pub fn think(mean_ms: u64, rng: &mut StdRng) -> Duration {
    let share: f64 = rng.random_range(0.0..1.0);
    let times = (-(1.0 - share).ln()).min(5.0);
    Duration::from_micros((mean_ms as f64 * times * 1_000.0) as u64)
}
