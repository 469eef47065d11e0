//! What the terminal shows while a run goes on.

use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::measured::Count;
use super::meter::Meter;
use super::times::Times;
use crate::scenario::Scenario;

/// Latencies are shown over so many of the newest slices.
const RECENT: usize = 5;

/// Between two lines where nobody watches a terminal.
const PLAIN: Duration = Duration::from_secs(10);

/// Clones draw on the same lines.
#[derive(Clone)]
pub(super) struct View {
    all: MultiProgress,
    /// Standard error is a file or a pipe: the newest figures as a line now and then, and since when.
    plain: Option<Arc<Mutex<Instant>>>,
    time: ProgressBar,
    people: ProgressBar,
    words: ProgressBar,
}

impl View {
    pub fn start(scenario: &Scenario, quiet: bool) -> Self {
        let all = MultiProgress::new();
        let style = |template: &str| {
            ProgressStyle::with_template(template).expect("the templates are ours")
        };
        let lasting = scenario.lasting_s().ceil() as u64;
        let line = |length, template| {
            let bar = match quiet {
                true => ProgressBar::hidden(),
                false => all.add(ProgressBar::new(length)),
            };
            bar.with_style(style(template))
        };
        Self {
            time: line(lasting, "{prefix} {bar:40} {msg}").with_prefix(scenario.name.clone()),
            people: line(0, "  {msg}"),
            words: line(0, "  {msg}"),
            all: all.clone(),
            plain: (!quiet && !std::io::stderr().is_terminal())
                .then(|| Arc::new(Mutex::new(Instant::now()))),
        }
    }

    pub fn says(&self, words: &str) {
        self.time.set_message(words.to_owned());
        if self.plain.is_some() {
            eprintln!("{}: {words}", self.time.prefix());
        }
    }

    /// `here` customers are connected, `gone` have gone.
    pub fn shows(&self, meter: &Meter, here: u64, gone: u64) {
        let now = meter.clock().us(Instant::now()) / 1_000_000;
        let length = self.time.length().unwrap_or(0);
        self.time.set_position(now.min(length));
        self.time.set_message(if now < length {
            format!("{now} of {length} s")
        } else {
            "nobody new arrives, the last ones finish".to_owned()
        });
        let in_line = meter.in_line();
        let reconnects = meter.counted(Count::Reconnects);
        self.people.set_message(format!(
            "customers {here} here, {gone} gone, {in_line} waiting; {reconnects} reconnects"
        ));
        if meter.look(|measured| measured.slices.is_empty()) {
            self.words
                .set_message("messages are measured in their own processes");
            return self.writes();
        }
        let (offered, achieved, ack) = meter.look(|measured| {
            let width = Duration::from_micros(measured.slice_us).as_secs_f64();
            let last = measured.slices.len().saturating_sub(1);
            let recent = &measured.slices[last.saturating_sub(RECENT)..last];
            let mut ack = Times::coarse();
            recent.iter().for_each(|slice| ack.merge(&slice.ack));
            let rate = |sum: u64| sum as f64 / (recent.len().max(1) as f64 * width);
            (
                rate(recent.iter().map(|slice| slice.offered).sum()),
                rate(recent.iter().map(|slice| slice.achieved).sum()),
                ack,
            )
        });
        self.words.set_message(format!(
            "messages {offered:.0}/s due, {achieved:.0}/s acknowledged, \
             ack p50 {:.1} ms, p99 {:.1} ms",
            ack.ms_at(0.5),
            ack.ms_at(0.99)
        ));
        self.writes();
    }

    fn writes(&self) {
        let Some(last) = &self.plain else { return };
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.elapsed() < PLAIN {
            return;
        }
        *last = Instant::now();
        let [time, people, words] = [&self.time, &self.people, &self.words].map(|it| it.message());
        eprintln!("{}: {time}; {people}; {words}", self.time.prefix());
    }

    pub fn finish(&self) {
        for bar in [&self.time, &self.people, &self.words] {
            bar.finish_and_clear();
        }
        // A terminal that is gone cannot be tidied.
        let _ = self.all.clear();
    }
}
