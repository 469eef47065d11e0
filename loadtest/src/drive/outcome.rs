//! What a run showed: for programs as JSON, for people as a page of text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::meter::{Count, Figures, Latency, Meter};
use crate::history::Report;
use crate::scenario::{Scenario, Shape};

/// Above this the harness was late itself (99th percentile, in milliseconds).
const LAG_MS: f64 = 50.0;
/// Above this share the machine had nothing left for either side.
const BUSY: f64 = 0.97;

/// A finished run.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    pub scenario: Scenario,
    /// Where the behaviour comes from.
    pub shape_source: String,
    pub lasted_s: f64,
    pub latencies_ms: BTreeMap<Latency, Figures>,
    pub counts: BTreeMap<Count, u64>,
    /// Lasting refusals by name.
    pub refusals: BTreeMap<String, u64>,
    /// Share of the machine's processors in use, server included where it runs here.
    pub machine_busy: Option<f64>,
    pub history: Report,
    /// Why the figures are to be doubted; empty where they are not.
    pub doubts: Vec<String>,
    /// What did not take place as it should, beside broken promises.
    pub failures: Vec<String>,
    /// What bears on the first anomalies.
    #[serde(skip)]
    pub evidence: String,
}

impl Outcome {
    pub(super) fn new(
        scenario: &Scenario,
        shape: &Shape,
        meter: &Meter,
        history: Report,
        lasted: Duration,
        machine_busy: Option<f64>,
        cut_off: u64,
    ) -> Self {
        let latencies_ms = meter.figures();
        let counts = meter.counts();
        let lag = latencies_ms
            .get(&Latency::OwnLag)
            .map_or(0.0, |lag| lag.p99);
        let mut doubts = Vec::new();
        if lag > LAG_MS {
            doubts.push(format!(
                "the harness was {lag:.0} ms late at the 99th percentile, {LAG_MS:.0} ms are tolerable"
            ));
        }
        if let Some(busy) = machine_busy.filter(|busy| *busy > BUSY) {
            doubts.push(format!("the machine was {:.0} % busy", busy * 100.0));
        }
        let of = |count| counts.get(&count).copied().unwrap_or(0);
        let mut failures = Vec::new();
        let mut failed = |count: u64, words: &str| {
            if count > 0 {
                failures.push(format!("{count} {words}"));
            }
        };
        failed(
            of(Count::Failed),
            "people could not connect or were shut out",
        );
        failed(cut_off, "customers were still there at curfew");
        failed(
            of(Count::Unfinished),
            "conversations did not end when told to",
        );
        if of(Count::CustomerMessages) == 0 || history.acknowledged == 0 {
            failures.push("nothing was said at all".to_owned());
        }
        Self {
            scenario: scenario.clone(),
            shape_source: shape.source.clone(),
            lasted_s: lasted.as_secs_f64(),
            latencies_ms,
            counts,
            refusals: meter.refusals(),
            machine_busy,
            history,
            doubts,
            failures,
            evidence: String::new(),
        }
    }

    /// For the shell: 0 all well, 1 broken promises or failures, 3 figures to be doubted.
    pub fn exit_code(&self, doubts_count: bool) -> u8 {
        match () {
            () if !self.history.is_clean() || !self.failures.is_empty() => 1,
            () if doubts_count && !self.doubts.is_empty() => 3,
            () => 0,
        }
    }

    /// A page of text.
    pub fn summary(&self) -> String {
        let mut page = String::new();
        let out = &mut page;
        let scenario = &self.scenario;
        let _ = writeln!(
            out,
            "{} (seed {}): {:.1} s, {} arrivals a second ({:?})\n",
            scenario.name,
            scenario.seed,
            self.lasted_s,
            scenario.arrivals.per_s,
            scenario.arrivals.pace
        );
        let _ = writeln!(
            out,
            "{:<14} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "latency, ms", "count", "mean", "p50", "p90", "p99", "p99.9", "max"
        );
        for (latency, it) in &self.latencies_ms {
            let _ = writeln!(
                out,
                "{:<14} {:>8} {:>9.1} {:>9.1} {:>9.1} {:>9.1} {:>9.1} {:>9.1}",
                word(latency),
                it.count,
                it.mean,
                it.p50,
                it.p90,
                it.p99,
                it.p999,
                it.max
            );
        }
        let _ = writeln!(out);
        for (count, number) in &self.counts {
            let _ = writeln!(out, "{:<20} {number:>8}", word(count));
        }
        for (refusal, number) in &self.refusals {
            let _ = writeln!(out, "refused {refusal:<12} {number:>8}");
        }
        if let Some(busy) = self.machine_busy {
            let _ = writeln!(out, "{:<20} {:>7.0}%", "machine_busy", busy * 100.0);
        }
        let _ = writeln!(out, "\n{}", verdict(&self.history));
        for words in &self.failures {
            let _ = writeln!(out, "FAILED: {words}");
        }
        for words in &self.doubts {
            let _ = writeln!(out, "DOUBTFUL: {words}");
        }
        page
    }
}

/// The checker's word, with the first anomalies of each promise.
pub(super) fn verdict(report: &Report) -> String {
    let mut words = format!(
        "history: {} conversations, {} events, {} observations, {} acknowledged: {} anomalies",
        report.conversations,
        report.events,
        report.observations,
        report.acknowledged,
        report.total()
    );
    for (promise, count) in &report.broken {
        let _ = write!(words, "\nBROKEN {promise:?}: {count} times");
        let told = report.anomalies.iter().filter(|it| it.promise == *promise);
        for anomaly in told.take(5) {
            let _ = write!(words, "\n  {anomaly}");
        }
    }
    words
}

/// Writes `result.json`, `summary.txt` and, where there is any, `evidence.txt` into the directory, which
/// is made if missing.
pub fn write(
    directory: &Path,
    result: &impl Serialize,
    summary: &str,
    evidence: &str,
) -> anyhow::Result<()> {
    std::fs::create_dir_all(directory)?;
    let json = serde_json::to_vec_pretty(result)?;
    std::fs::write(directory.join("result.json"), json)?;
    std::fs::write(directory.join("summary.txt"), summary)?;
    if !evidence.is_empty() {
        std::fs::write(directory.join("evidence.txt"), evidence)?;
    }
    Ok(())
}

/// The word that the JSON uses.
fn word(of: &impl Serialize) -> String {
    match serde_json::to_value(of) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
