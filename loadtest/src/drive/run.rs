//! One run of a scenario from first arrival to verdict.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, sleep_until, timeout};

use super::agent::serve;
use super::lag::{Cpu, LagWatch};
use super::meter::{Count, Latency, Meter};
use super::outcome::Outcome;
use super::{archive, customer, hire, supervisor};
use crate::client::{Agent, Server, Setting, Supervisor};
use crate::history::{Recorder, Report, check, evidence};
use crate::scenario::{Dialogue, Login, Scenario, Shape, arrivals};

/// Quiet between reading the logs first and asking viewers whether they have all of it.
const SETTLE: Duration = Duration::from_millis(500);

/// Where the load goes.
pub struct Target {
    pub server: Server,
    pub quiet: bool,
}

/// Runs the scenario. An error is a run that could not take place; broken promises are in the outcome.
pub async fn run(scenario: &Scenario, target: &Target) -> anyhow::Result<Outcome> {
    target.server.ready(Duration::from_secs(10)).await?;
    let mut setting = Setting::new(target.server.clone(), &scenario.tenant);
    setting.seed = scenario.seed;
    let meter = Meter::default();
    let shape = Shape::of_real_dialogues();
    let staff = Staff::gather(&setting, scenario, &shape, &meter).await?;
    let cpu = Cpu::now();
    let begun = Instant::now();
    let lag = LagWatch::start(meter.clone());
    let bar = bar(scenario, target.quiet);
    let unfinished = visits(&setting, scenario, &shape, &meter, &bar).await;
    let lasted = begun.elapsed();
    let busy = cpu
        .zip(Cpu::now())
        .map(|(before, after)| after.busy_since(before));
    drop(lag);
    bar.set_message("reading transcripts");
    let (report, evidence) = staff.verdict(&setting, scenario, &setting.recorder).await?;
    bar.finish_and_clear();
    let mut outcome = Outcome::new(scenario, &shape, &meter, report, lasted, busy, unfinished);
    outcome.evidence = evidence;
    Ok(outcome)
}

/// Everybody who works during the run.
struct Staff {
    stop: watch::Sender<bool>,
    agents: Vec<JoinHandle<Agent>>,
    supervisor: JoinHandle<Supervisor>,
}

impl Staff {
    async fn gather(
        setting: &Setting,
        scenario: &Scenario,
        shape: &Shape,
        meter: &Meter,
    ) -> anyhow::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let mut agents = Vec::new();
        for (number, login) in hire::staff(setting, &scenario.agents)
            .await?
            .iter()
            .enumerate()
        {
            let agent = Agent::connect(setting, &login.login, &login.password).await?;
            let rng = StdRng::seed_from_u64(scenario.seed ^ (1 << 32) ^ number as u64);
            let (habits, shape) = (scenario.agents.clone(), shape.clone());
            let serving = serve(agent, habits, shape, meter.clone(), rng, stopped.clone());
            agents.push(tokio::spawn(serving));
        }
        let habits = scenario.supervisor.clone();
        let found = Supervisor::connect(setting, &habits.login, &habits.password).await?;
        let rng = StdRng::seed_from_u64(scenario.seed ^ (2 << 32));
        let watching = supervisor::watch(found, habits, meter.clone(), rng, stopped);
        Ok(Self {
            stop,
            agents,
            supervisor: tokio::spawn(watching),
        })
    }

    /// Waits for quiet, lets everybody go and holds the history against the logs.
    async fn verdict(
        self,
        setting: &Setting,
        scenario: &Scenario,
        recorder: &Recorder,
    ) -> anyhow::Result<(Report, String)> {
        sleep(Duration::from_millis(scenario.curfew.quiet_ms)).await;
        let login = Login {
            login: scenario.supervisor.login.clone(),
            password: scenario.supervisor.password.clone(),
        };
        let seen = archive::seen(&recorder.snapshot());
        let quiet = archive::transcripts(setting, &login, &seen).await?;
        let quiet: BTreeMap<_, _> = quiet
            .into_iter()
            .map(|(conversation, transcript)| (conversation, transcript.entries.len()))
            .collect();
        sleep(SETTLE).await;
        self.stop.send_replace(true);
        for agent in self.agents {
            let agent = agent.await.context("an agent panicked")?;
            agent.settle().await;
            agent.leave_the_line().await;
        }
        let supervisor = self.supervisor.await.context("the supervisor panicked")?;
        supervisor.settle().await;
        supervisor.leave_the_line().await;
        let mut history = recorder.take();
        // Read again, as the last of them may have closed meanwhile; into another recorder's history.
        let mut reading = setting.clone();
        reading.recorder = Recorder::default();
        let seen = archive::seen(&history);
        let logs = archive::transcripts(&reading, &login, &seen).await?;
        for (conversation, mut transcript) in logs {
            transcript.quiet = quiet.get(&conversation).copied().unwrap_or(0);
            history.transcripts.push(transcript);
        }
        let report = check(&history);
        let evidence = evidence(&history, &report);
        Ok((report, evidence))
    }
}

/// Sends every customer at its time. Returns how many were still there at curfew.
async fn visits(
    setting: &Setting,
    scenario: &Scenario,
    shape: &Shape,
    meter: &Meter,
    bar: &ProgressBar,
) -> u64 {
    let mut rng = StdRng::seed_from_u64(scenario.seed);
    let lasting = Duration::from_secs(scenario.duration_s);
    let schedule = arrivals(&scenario.arrivals, lasting, &mut rng);
    bar.set_length(schedule.len() as u64);
    let mut visits = JoinSet::new();
    let begun = Instant::now();
    for (number, at) in schedule.into_iter().enumerate() {
        let dialogue = Dialogue::draw(shape, &scenario.customers, &mut rng);
        let own = StdRng::seed_from_u64(scenario.seed ^ (3 << 32) ^ number as u64);
        let intended = begun + at;
        sleep_until(intended.into()).await;
        meter.record(Latency::OwnLag, intended.elapsed());
        visits.spawn(customer::visit(
            setting.clone(),
            scenario.customers.clone(),
            meter.clone(),
            dialogue,
            intended,
            format!("customer-{number}"),
            own,
        ));
        while visits.try_join_next().is_some() {
            bar.inc(1);
        }
        tell(bar, meter, visits.len());
    }
    let curfew = Duration::from_secs(scenario.curfew.after_s);
    let all_gone = async {
        while visits.join_next().await.is_some() {
            bar.inc(1);
            tell(bar, meter, visits.len());
        }
    };
    let _ = timeout(curfew, all_gone).await;
    let unfinished = visits.len() as u64;
    visits.shutdown().await;
    unfinished
}

fn tell(bar: &ProgressBar, meter: &Meter, here: usize) {
    let said = meter.counted(Count::CustomerMessages);
    bar.set_message(format!("{here} here, {said} messages"));
}

fn bar(scenario: &Scenario, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{prefix} {elapsed} {bar:30} {pos}/{len} {msg}")
        .expect("the template is ours");
    ProgressBar::no_length()
        .with_style(style)
        .with_prefix(scenario.name.clone())
}
