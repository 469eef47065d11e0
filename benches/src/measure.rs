//! Servers in turn: a round gives each a slice, in an order that changes; the figure is the median
//! of the ratios by round, because a machine drifts by a third within minutes.

use serde::{Deserialize, Serialize};

use crate::drive::{Crowd, Slice};

/// Named servers, all alive.
pub struct Contender {
    pub name: String,
    pub crowd: Crowd,
}

/// One server's slices, a round each.
pub struct Measured {
    pub name: String,
    pub slices: Vec<Slice>,
}

/// Gives every contender a slice in each round.
pub fn in_turn(
    contenders: &mut [Contender],
    rounds: usize,
    mut slice: impl FnMut(&mut Contender) -> anyhow::Result<Slice>,
) -> anyhow::Result<Vec<Measured>> {
    let mut measured: Vec<Measured> = contenders
        .iter()
        .map(|contender| Measured {
            name: contender.name.clone(),
            slices: Vec::new(),
        })
        .collect();
    // The first round warms caches, pools and just-in-time compilers; it does not count.
    for round in 0..=rounds {
        for turn in 0..contenders.len() {
            let number = (turn + round) % contenders.len();
            let contender = &mut contenders[number];
            let taken = slice(contender)
                .map_err(|error| error.context(format!("driving {}", contender.name)))?;
            if round > 0 {
                measured[number].slices.push(taken);
            }
        }
    }
    Ok(measured)
}

/// A median with its quartiles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

impl Spread {
    /// Of at least one value.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
        Self {
            median: at(0.5),
            low: at(0.25),
            high: at(0.75),
        }
    }

    /// Of one figure that has no rounds.
    pub fn one(value: f64) -> Self {
        Self::of([value])
    }
}

impl Measured {
    pub fn spread(&self, figure: impl Fn(&Slice) -> f64) -> Spread {
        Spread::of(self.slices.iter().map(figure))
    }

    /// This one's figure over the other's, round by round.
    pub fn against(&self, other: &Measured, figure: impl Fn(&Slice) -> f64) -> Spread {
        let rounds = self.slices.iter().zip(&other.slices);
        Spread::of(rounds.map(|(own, other)| figure(own) / figure(other)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(rates: [f64; 5]) -> Measured {
        let slice = |done| Slice {
            done,
            seconds: 1.0,
            ..Slice::default()
        };
        Measured {
            name: "any".to_owned(),
            slices: rates.into_iter().map(slice).collect(),
        }
    }

    #[test]
    fn a_machine_that_slows_down_moves_rates_and_not_ratios() {
        let ours = measured([80.0, 40.0, 20.0, 60.0, 70.0]);
        let floor = measured([100.0, 50.0, 25.0, 75.0, 100.0]);
        let ratio = ours.against(&floor, Slice::rate);
        assert_eq!((ratio.median, ratio.low), (0.8, 0.8));
        assert_eq!(ours.spread(Slice::rate).median, 60.0);
    }
}
