//! More requests than a server can take, from clients who keep to their window.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::bail;
use hdrhistogram::Histogram;

use super::Crowd;

/// Answers that have not come by then are missing.
const LATE: Duration = Duration::from_secs(20);

/// Requests of one line written together, and such lots before answers are looked at.
const LOT: u64 = 8;
const LOTS: usize = 200;

/// What became of what was offered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Overload {
    /// Offered a second: what the client managed of what was wanted.
    pub offered: f64,
    /// Accepted a second while it lasted.
    pub goodput: f64,
    pub refused: u64,
    /// Never said, because the client had as many unanswered as it may.
    pub held_back: u64,
    /// 99th percentile from writing a request to its refusal.
    pub refusal_p99_ms: f64,
}

impl Crowd {
    /// Offers `a_second` requests a second for `lasts`, spread over the lines that ask; a line with
    /// `window` unanswered says nothing more until it hears. What is refused is not said again.
    pub fn overload(
        &mut self,
        a_second: f64,
        lasts: Duration,
        window: u32,
    ) -> anyhow::Result<Overload> {
        let asking: Vec<usize> = (0..self.lines.len())
            .filter(|number| self.lines[*number].request.is_some())
            .collect();
        let mut said: Vec<HashMap<u32, Instant>> = vec![HashMap::new(); self.lines.len()];
        let mut refusals = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3)?;
        let mut outcome = Overload::default();
        let (mut offered, mut accepted) = (0_u64, 0_u64);
        self.may_refuse = true;
        let start = Instant::now();
        while start.elapsed() < lasts {
            let due = (start.elapsed().as_secs_f64() * a_second) as u64;
            // Answers are looked at between lots, however far behind the offer is.
            for _ in 0..LOTS {
                if offered >= due {
                    break;
                }
                let number = asking[(offered / LOT) as usize % asking.len()];
                offered += LOT;
                let room = window.saturating_sub(self.lines[number].in_flight);
                let lot = room.min(LOT as u32);
                outcome.held_back += LOT - u64::from(lot);
                if lot == 0 {
                    continue;
                }
                self.ask(number, lot)?;
                if let Some(request) = &self.lines[number].request {
                    let (last, now) = (request.last_reference(), Instant::now());
                    said[number].extend((0..lot).map(|back| (last - back, now)));
                }
            }
            accepted += self.settle(&mut said, &mut refusals)?;
        }
        outcome.offered = offered as f64 / start.elapsed().as_secs_f64();
        outcome.goodput = accepted as f64 / start.elapsed().as_secs_f64();
        while self.lines.iter().any(|line| line.in_flight > 0) {
            self.settle(&mut said, &mut refusals)?;
            if start.elapsed() > lasts + LATE {
                bail!("answers are missing");
            }
        }
        self.quiet()?;
        self.may_refuse = false;
        outcome.refused = refusals.len();
        outcome.refusal_p99_ms = refusals.value_at_quantile(0.99) as f64 / 1e3;
        Ok(outcome)
    }

    /// Takes what has come; returns how many requests were accepted.
    fn settle(
        &mut self,
        said: &mut [HashMap<u32, Instant>],
        refusals: &mut Histogram<u64>,
    ) -> anyhow::Result<u64> {
        let (mut accepted, mut settled) = (0, Vec::new());
        self.take(Duration::from_millis(1), |number, tally| {
            let now = Instant::now();
            for reference in &tally.busy {
                if let Some(at) = said[number].remove(reference) {
                    refusals.saturating_record((now - at).as_micros() as u64);
                }
            }
            accepted += u64::from(tally.answers);
            settled.push((number, tally.answers + tally.busy.len() as u32));
        })?;
        for (number, answers) in settled {
            let line = &mut self.lines[number];
            line.in_flight = line.in_flight.saturating_sub(answers);
            if line.in_flight == 0 {
                said[number].clear();
            }
        }
        Ok(accepted)
    }
}
