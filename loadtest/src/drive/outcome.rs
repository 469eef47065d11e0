//! What a run showed, as one value: for programs as JSON, for reports to draw from.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::doubt::doubts;
use super::machine::Machine;
use super::measured::{Count, Latency, Measured, Slice};
use super::queueing::Queueing;
use super::sample::Sample;
use super::staff::Verdict;
use super::stairs::Step;
use super::tenants::{TenantPart, parts};
use super::times::{Figures, Times};
use crate::history::{Report, Transcript};
use crate::scenario::{Scenario, Shape};

/// A finished run.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    pub scenario: Scenario,
    pub machine: Machine,
    /// Where the behaviour comes from.
    pub shape_source: String,
    pub lasted_s: f64,
    pub latencies_ms: BTreeMap<Latency, Figures>,
    pub counts: BTreeMap<Count, u64>,
    /// Lasting refusals by name.
    pub refusals: BTreeMap<String, u64>,
    pub queueing: Queueing,
    /// The busiest by the scenario's weights first.
    pub tenants: Vec<TenantPart>,
    /// Steps of a staircase.
    pub steps: Vec<Step>,
    pub course: Vec<Moment>,
    pub samples: Vec<Sample>,
    /// Share of the machine in use over the run, and by the harness, 0 to 1.
    pub machine_busy: f64,
    pub own_share: f64,
    pub history: Report,
    /// Why the figures are to be doubted; empty where they are not.
    pub doubts: Vec<String>,
    /// What did not take place as it should, beside broken promises.
    pub failures: Vec<String>,
    /// Objectives that the scenario sets and the run missed.
    pub missed: Vec<String>,
    /// What bears on the first anomalies.
    #[serde(skip)]
    pub evidence: String,
    #[serde(skip)]
    pub times: BTreeMap<Latency, Times>,
    /// By tenant, as read at the end, for whoever reads them once more.
    #[serde(skip)]
    pub transcripts: BTreeMap<String, Vec<Transcript>>,
}

/// One slice of the run, in rates.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Moment {
    /// From the run's start.
    pub at_s: f64,
    pub arrivals_per_s: f64,
    pub offered_per_s: f64,
    pub achieved_per_s: f64,
    /// Of messages meant to be sent in this slice; `None` where there was none.
    pub ack_p50_ms: Option<f64>,
    pub ack_p99_ms: Option<f64>,
    pub ack_max_ms: Option<f64>,
    pub here: u64,
    pub waiting: u64,
}

impl Outcome {
    pub(super) fn new(
        scenario: &Scenario,
        measured: Measured,
        steps: Vec<Step>,
        samples: Vec<Sample>,
        verdict: Verdict,
        lasted: Duration,
    ) -> Self {
        let machine = Machine::this();
        let doubts = doubts(&measured, &samples, f64::from(machine.cores));
        let failures = failures(&measured, &verdict.report);
        let latencies_ms: BTreeMap<_, _> = measured
            .latencies
            .iter()
            .map(|(latency, times)| (*latency, times.figures()))
            .collect();
        let missed = missed(scenario, &latencies_ms);
        let mean = |of: fn(&Sample) -> f64| {
            samples.iter().map(of).sum::<f64>() / samples.len().max(1) as f64
        };
        let own_cores = measured.own_cpu_us as f64 / 1e6 / lasted.as_secs_f64();
        Self {
            scenario: scenario.clone(),
            shape_source: Shape::of_real_dialogues().source,
            lasted_s: lasted.as_secs_f64(),
            latencies_ms,
            tenants: parts(scenario, &measured),
            counts: measured.counts,
            refusals: measured.refusals,
            queueing: Queueing::of(&measured.waits),
            steps,
            course: course(&measured.slices, measured.slice_us),
            machine_busy: mean(|it| it.machine_busy),
            own_share: own_cores / f64::from(machine.cores),
            machine,
            samples,
            history: verdict.report,
            doubts,
            failures,
            missed,
            evidence: verdict.evidence,
            times: measured.latencies,
            transcripts: verdict.transcripts,
        }
    }

    pub fn count(&self, count: Count) -> u64 {
        self.counts.get(&count).copied().unwrap_or(0)
    }

    /// The last step that held its objective, before one that did not or the end of the stairs.
    pub fn knee(&self) -> Option<&Step> {
        self.steps.iter().take_while(|step| step.holds).last()
    }

    /// For the shell: 0 all well, 1 broken promises or failures, 3 figures to be doubted, 4 an objective
    /// missed.
    pub fn exit_code(&self, doubts_count: bool) -> u8 {
        match () {
            () if !self.history.is_clean() || !self.failures.is_empty() => 1,
            () if doubts_count && !self.doubts.is_empty() => 3,
            () if doubts_count && !self.missed.is_empty() => 4,
            () => 0,
        }
    }
}

fn course(slices: &[Slice], slice_us: u64) -> Vec<Moment> {
    let width_s = slice_us as f64 / 1e6;
    let slices = slices.iter().enumerate();
    slices
        .map(|(index, slice)| {
            let told = !slice.ack.is_empty();
            let at = |share| told.then(|| slice.ack.ms_at(share));
            Moment {
                at_s: index as f64 * width_s,
                arrivals_per_s: slice.arrivals as f64 / width_s,
                offered_per_s: slice.offered as f64 / width_s,
                achieved_per_s: slice.achieved as f64 / width_s,
                ack_p50_ms: at(0.5),
                ack_p99_ms: at(0.99),
                ack_max_ms: at(1.0),
                here: slice.here,
                waiting: slice.waiting,
            }
        })
        .collect()
}

fn failures(measured: &Measured, history: &Report) -> Vec<String> {
    let of = |count| measured.counts.get(&count).copied().unwrap_or(0);
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
    failed(of(Count::CutOff), "customers were still there at curfew");
    failed(
        of(Count::Unfinished),
        "conversations did not end when told to",
    );
    if of(Count::CustomerMessages) == 0 || history.acknowledged == 0 {
        failures.push("nothing was said at all".to_owned());
    }
    failures
}

fn missed(scenario: &Scenario, latencies: &BTreeMap<Latency, Figures>) -> Vec<String> {
    // A staircase climbs until it misses.
    let objective = match (&scenario.objective, &scenario.saturate) {
        (Some(objective), None) => objective,
        _ => return Vec::new(),
    };
    let p99 = latencies.get(&Latency::Ack).map_or(0.0, |ack| ack.p99);
    if p99 <= objective.ack_p99_ms {
        return Vec::new();
    }
    vec![format!(
        "acknowledged within {p99:.1} ms at the 99th percentile; the objective is {} ms",
        objective.ack_p99_ms
    )]
}
