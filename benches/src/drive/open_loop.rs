//! Requests at times set beforehand, whatever the answers do.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::bail;
use hdrhistogram::Histogram;

use super::Crowd;
use super::slice::{Began, Slice};

/// Answers that have not come by then are missing.
const LATE: Duration = Duration::from_secs(10);

impl Crowd {
    /// `a_second` requests a second for `lasts`, evenly spread in time and over the lines that ask.
    /// Times run from when a request was due, so that a server which falls behind shows it.
    pub fn open_loop(&mut self, a_second: f64, lasts: Duration) -> anyhow::Result<Slice> {
        let asking: Vec<usize> = (0..self.lines.len())
            .filter(|number| self.lines[*number].request.is_some())
            .collect();
        let pause = Duration::from_secs_f64(1.0 / a_second);
        let count = (lasts.as_secs_f64() * a_second) as u32;
        let mut due = vec![VecDeque::new(); self.lines.len()];
        let mut times = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3)?;
        let began = Began::now(&self.server)?;
        let start = Instant::now();
        let (mut asked, mut answered) = (0, 0);
        while answered < u64::from(count) {
            while asked < count && start + pause * asked <= Instant::now() {
                let number = asking[asked as usize % asking.len()];
                due[number].push_back(start + pause * asked);
                self.ask(number, 1)?;
                asked += 1;
            }
            self.take(Duration::from_millis(1), |number, tally| {
                let now = Instant::now();
                for due in due[number].drain(..tally.answers as usize) {
                    times.saturating_record((now - due).as_micros() as u64);
                    answered += 1;
                }
            })?;
            if start.elapsed() > lasts + LATE {
                bail!("answers are missing");
            }
        }
        let slice = began.ended(&self.server, answered)?;
        self.quiet()?;
        self.lines.iter_mut().for_each(|line| line.in_flight = 0);
        Ok(Slice {
            p50_ms: times.value_at_quantile(0.5) as f64 / 1e3,
            p99_ms: times.value_at_quantile(0.99) as f64 / 1e3,
            ..slice
        })
    }
}
