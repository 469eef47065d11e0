//! One run of a scenario from first arrival to verdict.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::time::sleep_until;

use super::clock::Clock;
use super::crowd::{Crowd, Part};
use super::hire::{self, Signer};
use super::lag::{LagWatch, own_cpu};
use super::measured::Measured;
use super::meter::Meter;
use super::outcome::Outcome;
use super::sample::Sampler;
use super::staff::Hired;
use super::stairs::{Step, climb};
use super::tenants;
use super::view::View;
use super::workers::Workers;
use crate::client::{Servers, Setting};
use crate::scenario::Scenario;

/// From everybody being connected to the first arrival; workers need a moment to start.
const LEAD: Duration = Duration::from_millis(200);
const WORKERS_LEAD: Duration = Duration::from_millis(1_500);

/// Where the load goes.
pub struct Target {
    pub servers: Servers,
    /// The server's process, where it runs on this machine: its processors and memory are told.
    pub pid: Option<u32>,
    /// This program, for scenarios with more than one process.
    pub worker: Option<PathBuf>,
    /// No live view.
    pub quiet: bool,
}

/// Runs the scenario. An error is a run that could not take place; broken promises are in the outcome.
pub async fn run(scenario: &Scenario, target: &Target) -> anyhow::Result<Outcome> {
    for server in target.servers.iter() {
        server.ready(Duration::from_secs(10)).await?;
    }
    let settings = tenants::settings(&target.servers, scenario);
    tenants::are_there(&settings).await?;
    let view = View::start(scenario, target.quiet);
    view.says("staff is gathering");
    let signer = hire::signer(&settings, scenario).await?;
    let hired = Hired::gather(&settings, scenario).await?;
    let workers = scenario.harness.processes > 1;
    let clock = Clock::begin_in(if workers { WORKERS_LEAD } else { LEAD });
    let meter = Meter::new(clock, Duration::from_secs_f64(scenario.lasting_s()));
    let staff = hired.work(&settings, scenario, &meter);
    let cpu = own_cpu();
    let played = Play {
        settings: &settings,
        scenario,
        target,
        meter: &meter,
        view: &view,
    };
    let (others, steps, samples) = played.customers(signer, workers).await?;
    let lasted = clock.begun().elapsed();
    view.says("reading transcripts");
    let verdict = staff.verdict(&settings, scenario).await?;
    view.finish();
    let mut measured = meter.take();
    measured.own_cpu_us = (own_cpu() - cpu).as_micros() as u64;
    for other in others {
        measured.merge(other);
    }
    measured.settle();
    Ok(Outcome::new(
        scenario, measured, steps, samples, verdict, lasted,
    ))
}

struct Play<'a> {
    settings: &'a [Setting],
    scenario: &'a Scenario,
    target: &'a Target,
    meter: &'a Meter,
    view: &'a View,
}

type Played = (Vec<Measured>, Vec<Step>, Vec<super::sample::Sample>);

impl Play<'_> {
    async fn customers(&self, signer: Option<Signer>, workers: bool) -> anyhow::Result<Played> {
        let lag = LagWatch::start(self.meter.clone());
        let played = match &self.target.worker {
            Some(binary) if workers => self.elsewhere(binary, signer).await?,
            _ => self.here(signer).await,
        };
        drop(lag);
        Ok(played)
    }

    /// In this process.
    async fn here(&self, signer: Option<Signer>) -> Played {
        let sampler = Sampler::start(self.meter.clock(), self.target.pid, Vec::new());
        let mut crowd = Crowd::new(self.settings, self.scenario, signer, self.meter.clone());
        let tell = |here, gone| self.view.shows(self.meter, here, gone);
        let steps = match &self.scenario.saturate {
            Some(stairs) => climb(&mut crowd, stairs, self.scenario, self.meter, tell).await,
            None => {
                crowd.arrive(Part { index: 0, of: 1 }, tell).await;
                Vec::new()
            }
        };
        crowd.go_home(tell).await;
        (Vec::new(), steps, sampler.finish())
    }

    /// In processes of their own; what their customers saw joins the history.
    async fn elsewhere(
        &self,
        binary: &std::path::Path,
        signer: Option<Signer>,
    ) -> anyhow::Result<Played> {
        let clock = self.meter.clock();
        let (view, meter) = (self.view.clone(), self.meter.clone());
        let tell = move |here, gone| view.shows(&meter, here, gone);
        let workers = Workers::start(
            binary,
            &self.target.servers,
            self.scenario,
            signer.as_ref(),
            clock,
            tell,
        )
        .await?;
        if Instant::now() > clock.begun() {
            anyhow::bail!("the workers needed too long to start");
        }
        let sampler = Sampler::start(clock, self.target.pid, workers.pids());
        sleep_until(clock.begun().into()).await;
        let mut all = Vec::new();
        for (measured, histories) in workers.finish().await? {
            for (setting, history) in self.settings.iter().zip(histories) {
                setting.recorder.absorb(history);
            }
            all.push(measured);
        }
        Ok((all, Vec::new(), sampler.finish()))
    }
}
