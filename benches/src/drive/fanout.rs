//! One says, many hear: paced, and as fast as it goes.

use std::time::{Duration, Instant};

use anyhow::bail;
use hdrhistogram::Histogram;

use super::Crowd;
use super::slice::{Began, Slice};

/// Deliveries that have not come by then are missing.
const LATE: Duration = Duration::from_secs(60);

impl Crowd {
    /// Every line that asks does so `a_second` times a second for `lasts`; each event is to reach
    /// `watchers` lines that only listen. Times run from when an event was due.
    pub fn paced(&mut self, a_second: f64, lasts: Duration) -> anyhow::Result<Slice> {
        let pause = Duration::from_secs_f64(1.0 / a_second);
        let events = (lasts.as_secs_f64() * a_second).round().max(1.0) as usize;
        let mut watch = Watch::new(self)?;
        let began = Began::now(&self.server)?;
        let start = Instant::now();
        for event in 0..events {
            let due = start + pause * event as u32;
            while Instant::now() < due {
                self.hear(due - Instant::now(), &mut watch)?;
            }
            watch.said.push(due);
            self.say(1)?;
        }
        self.hear_all(&mut watch, events)?;
        let slice = began.ended(&self.server, watch.heard)?;
        self.settle_answers()?;
        Ok(Slice {
            p50_ms: watch.times.value_at_quantile(0.5) as f64 / 1e3,
            p99_ms: watch.times.value_at_quantile(0.99) as f64 / 1e3,
            ..slice
        })
    }

    /// Every line that asks says `events` at once, at most `depth` of them unanswered; every watcher
    /// hears all of those it watches.
    pub fn burst(&mut self, events: u32, depth: u32) -> anyhow::Result<Slice> {
        let mut watch = Watch::new(self)?;
        let began = Began::now(&self.server)?;
        let start = Instant::now();
        watch.said = vec![start; events as usize];
        let mut left = vec![events; self.lines.len()];
        for (number, left) in left.iter_mut().enumerate() {
            let first = depth.min(*left);
            *left -= first;
            self.ask(number, first)?;
        }
        let wanted = watch.hears * u64::from(events);
        while watch.heard < wanted {
            watch.answered.clear();
            self.hear(Duration::from_millis(50), &mut watch)?;
            for &(number, answers) in &watch.answered {
                let more = answers.min(left[number]);
                left[number] -= more;
                self.ask(number, more)?;
            }
            check_time(start, &watch, wanted)?;
        }
        let slice = began.ended(&self.server, watch.heard)?;
        self.settle_answers()?;
        Ok(slice)
    }

    fn say(&mut self, times: u32) -> anyhow::Result<()> {
        (0..self.lines.len()).try_for_each(|number| self.ask(number, times))
    }

    fn hear(&mut self, timeout: Duration, watch: &mut Watch) -> anyhow::Result<()> {
        let now = Instant::now;
        self.take(timeout, |number, tally| watch.hear(number, tally, now()))?;
        for line in self.lines.iter_mut().filter(|line| line.has_unsent()) {
            line.flush()?;
        }
        Ok(())
    }

    fn hear_all(&mut self, watch: &mut Watch, events: usize) -> anyhow::Result<()> {
        let start = Instant::now();
        let wanted = watch.hears * events as u64;
        while watch.heard < wanted {
            self.hear(Duration::from_millis(50), watch)?;
            check_time(start, watch, wanted)?;
        }
        Ok(())
    }

    /// The speakers' own answers and copies do not count, and must not be counted later.
    fn settle_answers(&mut self) -> anyhow::Result<()> {
        self.quiet()?;
        self.lines.iter_mut().for_each(|line| line.in_flight = 0);
        Ok(())
    }
}

fn check_time(start: Instant, watch: &Watch, wanted: u64) -> anyhow::Result<()> {
    if start.elapsed() > LATE {
        bail!(
            "{} of {wanted} deliveries are missing",
            wanted - watch.heard
        );
    }
    Ok(())
}

/// What listeners have heard. Where each hears one speaker, in order, the place of a delivery on its
/// line tells when it was said.
struct Watch {
    /// Deliveries that one event of every speaker makes.
    hears: u64,
    /// Which lines count: those that were made to watch.
    counts: Vec<bool>,
    heard_on: Vec<u32>,
    heard: u64,
    said: Vec<Instant>,
    times: Histogram<u64>,
    answered: Vec<(usize, u32)>,
}

impl Watch {
    fn new(crowd: &Crowd) -> anyhow::Result<Self> {
        let counts: Vec<bool> = crowd.lines.iter().map(|line| line.watches > 0).collect();
        Ok(Self {
            hears: crowd.lines.iter().map(|line| u64::from(line.watches)).sum(),
            heard_on: vec![0; counts.len()],
            counts,
            heard: 0,
            said: Vec::new(),
            times: Histogram::new_with_bounds(1, 60_000_000, 3)?,
            answered: Vec::new(),
        })
    }

    fn hear(&mut self, number: usize, tally: &crate::wire::Tally, now: Instant) {
        if tally.answers > 0 {
            self.answered.push((number, tally.answers));
        }
        if !self.counts[number] {
            return;
        }
        for _ in 0..tally.deliveries {
            let said = self.said.get(self.heard_on[number] as usize);
            if let Some(said) = said {
                self.times
                    .saturating_record((now - *said).as_micros() as u64);
            }
            self.heard_on[number] += 1;
        }
        self.heard += u64::from(tally.deliveries);
    }
}
