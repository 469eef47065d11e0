//! One node of a cluster dies under steady load: what every conversation notices of it.

use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::time::sleep;

use super::acceptance::Acceptance;
use super::clock::Clock;
use super::doubt::doubts;
use super::lag::{LagWatch, own_cpu};
use super::machine::Machine;
use super::meter::Meter;
use super::sample::Sampler;
use super::talk::{Heard, Talk, Talking, Word};
use crate::client::Setting;
use crate::history::Report;
use crate::rig::Cluster;
use crate::scenario::{Failover, Login};

/// A conversation is back in its queue within this of the death of its node, by promise.
pub const AWAY: Duration = Duration::from_secs(10);

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct FailedOver {
    pub scenario: Failover,
    pub machine: Machine,
    pub nodes: usize,
    /// Nodes of the store.
    pub stores: usize,
    /// From the start of the load.
    pub fault_s: f64,
    pub acceptance: Acceptance,
    /// Before the fault, milliseconds from due to acknowledged.
    pub ack_p50_ms: f64,
    pub ack_p99_ms: f64,
    /// Each tenth of a second: due and acknowledged messages a second.
    pub course: Vec<Pace>,
    pub machine_busy: f64,
    pub own_share: f64,
    pub history: Report,
    pub doubts: Vec<String>,
    pub failures: Vec<String>,
    pub missed: Vec<String>,
    #[serde(skip)]
    pub evidence: String,
}

/// A moment of the course.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pace {
    /// From the start of the load.
    pub at_s: f64,
    pub due_per_s: f64,
    pub acked_per_s: f64,
}

/// Runs the scenario on a fresh cluster and kills its last node. What the nodes' logs say stays with
/// the cluster.
pub async fn failover(scenario: &Failover, cluster: &mut Cluster) -> anyhow::Result<FailedOver> {
    let servers = cluster.servers()?.from_addresses(4);
    let mut setting = Setting::new(servers, &scenario.tenant);
    setting.seed = scenario.seed;
    let clock = Clock::begin_in(Duration::ZERO);
    let lasting = scenario.fill_s + scenario.steady_s + scenario.after_s;
    let meter = Meter::new(clock, Duration::from_secs_f64(lasting));
    let talking = Talking::start(&setting, &talk(scenario), &meter).await?;
    let lag = LagWatch::start(meter.clone());
    let sampler = Sampler::start(clock, None, Vec::new());
    let cpu = own_cpu();
    let measured_from = Instant::now();
    sleep(Duration::from_secs_f64(scenario.steady_s)).await;
    let fault_us = clock.us(Instant::now());
    if let Some(node) = cluster.nodes.last_mut() {
        node.kill().await?;
    }
    sleep(Duration::from_secs_f64(scenario.after_s)).await;
    let lasted = measured_from.elapsed();
    let own_cpu = own_cpu() - cpu;
    let samples = sampler.finish();
    drop(lag);
    let measured = meter.take();
    let heard = talking.finish(&setting).await?;
    let machine = Machine::this();
    let cores = f64::from(machine.cores);
    let acceptance = Acceptance::of(&heard.words, fault_us, scenario.after_s);
    let calm = waits_before(&heard.words, clock.us(measured_from), fault_us);
    let busy = samples.iter().map(|it| it.machine_busy).sum::<f64>();
    Ok(FailedOver {
        fault_s: fault_us as f64 / 1e6,
        nodes: cluster.nodes.len(),
        stores: cluster.store.nodes().len(),
        ack_p50_ms: calm.ms_at(0.5),
        ack_p99_ms: calm.ms_at(0.99),
        course: course(&heard.words),
        machine_busy: busy / samples.len().max(1) as f64,
        own_share: own_cpu.as_secs_f64() / lasted.as_secs_f64() / cores,
        doubts: doubts(&measured, &samples, cores),
        failures: failures(&heard, &acceptance),
        missed: missed(scenario, &acceptance),
        history: heard.history,
        evidence: heard.evidence,
        acceptance,
        machine,
        scenario: scenario.clone(),
    })
}

fn talk(scenario: &Failover) -> Talk {
    let every_ms = (scenario.say_every_s * 1e3) as u64;
    let supervisor = &scenario.supervisor;
    Talk {
        customers: scenario.conversations,
        fill: Duration::from_secs_f64(scenario.fill_s),
        pause_ms: (every_ms, every_ms),
        burst_max: 1,
        ask_share: scenario.ask_share,
        agents: scenario.agents.clone(),
        supervisor: Login {
            login: supervisor.login.clone(),
            password: supervisor.password.clone(),
        },
        watch: supervisor.watch,
        whispers_per_s: supervisor.whispers_per_s,
        away: AWAY,
        ..Talk::default()
    }
}

fn waits_before(words: &[Word], from_us: u64, fault_us: u64) -> super::times::Times {
    let mut times = super::times::Times::default();
    for word in words {
        // Those that the fault may have met stand in the acceptance.
        let Some(acked_us) = word.acked_us.filter(|acked| *acked < fault_us) else {
            continue;
        };
        if word.due_us >= from_us {
            times.record(Duration::from_micros(acked_us.saturating_sub(word.due_us)));
        }
    }
    times
}

fn course(words: &[Word]) -> Vec<Pace> {
    const SLICE_US: u64 = 500_000;
    let mut slices: Vec<(u64, u64)> = Vec::new();
    let mut slice = |at_us: u64| {
        let index = (at_us / SLICE_US) as usize;
        if slices.len() <= index {
            slices.resize(index + 1, (0, 0));
        }
        index
    };
    let places: Vec<(usize, Option<usize>)> = words
        .iter()
        .map(|it| (slice(it.due_us), it.acked_us.map(&mut slice)))
        .collect();
    for (due, acked) in places {
        slices[due].0 += 1;
        if let Some(acked) = acked {
            slices[acked].1 += 1;
        }
    }
    let width_s = SLICE_US as f64 / 1e6;
    let slices = slices.into_iter().enumerate();
    let slices = slices.map(|(index, (due, acked))| Pace {
        at_s: index as f64 * width_s,
        due_per_s: due as f64 / width_s,
        acked_per_s: acked as f64 / width_s,
    });
    slices.collect()
}

fn failures(heard: &Heard, acceptance: &Acceptance) -> Vec<String> {
    let mut failures = Vec::new();
    if heard.unanswered > 0 {
        failures.push(format!("{} commands were never answered", heard.unanswered));
    }
    if acceptance.never > 0 {
        failures.push(format!(
            "{} conversations had words that were never acknowledged",
            acceptance.never
        ));
    }
    if let Some(first) = heard.shut_out.first() {
        failures.push(format!(
            "{} people were shut out, the first: {first}",
            heard.shut_out.len()
        ));
    }
    if acceptance.asked == 0 {
        failures.push("nobody had anything to say when the fault happened".to_owned());
    }
    failures
}

fn missed(scenario: &Failover, acceptance: &Acceptance) -> Vec<String> {
    let objective = scenario.objective;
    let bounds = [
        (5, acceptance.within_5_s, objective.within_5_s),
        (10, acceptance.within_10_s, objective.within_10_s),
    ];
    let missed = bounds.into_iter().filter(|(_, share, least)| share < least);
    let missed = missed.map(|(seconds, share, least)| {
        format!(
            "{:.2} % of conversations accepted messages again within {seconds} s; the objective is {:.0} %",
            share * 100.0,
            least * 100.0
        )
    });
    missed.collect()
}

impl FailedOver {
    /// For the shell, as [`super::Outcome::exit_code`].
    pub fn exit_code(&self, doubts_count: bool) -> u8 {
        match () {
            () if !self.history.is_clean() || !self.failures.is_empty() => 1,
            () if doubts_count && !self.doubts.is_empty() => 3,
            () if doubts_count && !self.missed.is_empty() => 4,
            () => 0,
        }
    }

    /// A page of text.
    pub fn summary(&self) -> String {
        let it = &self.acceptance;
        let mut page = format!(
            "{} (seed {}): {} conversations, each with a message every {:.1} s; {} nodes, {} of the store\n{}\n\n",
            self.scenario.name,
            self.scenario.seed,
            self.scenario.conversations,
            self.scenario.say_every_s,
            self.nodes,
            self.stores,
            self.scenario.about,
        );
        page.push_str(&format!(
            "before the fault     ack p50 {:.1} ms, p99 {:.1} ms\n\
             accepts again        p50 {:.2} s, p99 {:.2} s, max {:.2} s after the fault\n\
             within 5 s, 10 s     {:.2} %, {:.2} % of {} conversations that had something to say then\n\
             kept waiting         {} of these; {} of all {}, the last until {:.2} s\n\
             machine busy         {:.0} %, of it the harness {:.0} %\n\n{}\n",
            self.ack_p50_ms,
            self.ack_p99_ms,
            it.p50_ms / 1e3,
            it.p99_ms / 1e3,
            it.max_ms / 1e3,
            it.within_5_s * 100.0,
            it.within_10_s * 100.0,
            it.asked,
            it.kept_waiting,
            it.kept_waiting_of_all,
            it.conversations,
            it.max_of_all_ms / 1e3,
            self.machine_busy * 100.0,
            self.own_share * 100.0,
            self.history.words(),
        ));
        let notes = [
            ("FAILED", &self.failures),
            ("MISSED", &self.missed),
            ("DOUBTFUL", &self.doubts),
        ];
        for (kind, words) in notes {
            for words in words {
                page.push_str(&format!("{kind}: {words}\n"));
            }
        }
        page
    }
}
