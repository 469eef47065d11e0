//! Agents and supervisors of a run, and the verdict once everybody is gone.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use crest_schema::frame::Id;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::agent::serve;
use super::meter::Meter;
use super::{archive, hire, supervisor};
use crate::client::{Agent, Setting, Supervisor};
use crate::history::{History, Recorder, Report, Transcript, check, compare, evidence};
use crate::scenario::{Login, Scenario, Shape};

/// Quiet between reading the logs first and asking viewers whether they have all of it.
const SETTLE: Duration = Duration::from_millis(500);

/// Connected, not at work yet; each with the index of its tenant.
pub(super) struct Hired {
    agents: Vec<(usize, Agent)>,
    supervisors: Vec<(usize, Supervisor)>,
}

/// Everybody who works during the run.
pub(super) struct Staff {
    stop: watch::Sender<bool>,
    agents: Vec<JoinHandle<Agent>>,
    supervisors: Vec<JoinHandle<Supervisor>>,
}

/// The checker's word and what it went by.
#[derive(Default)]
pub(super) struct Verdict {
    pub report: Report,
    pub evidence: String,
    /// By tenant.
    pub transcripts: BTreeMap<String, Vec<Transcript>>,
}

impl Hired {
    /// Those of every tenant; where supervisors are fewer than tenants, the busiest ones have them.
    pub async fn gather(settings: &[Setting], scenario: &Scenario) -> anyhow::Result<Self> {
        let mut hired = Self {
            agents: Vec::new(),
            supervisors: Vec::new(),
        };
        let supervisors = scenario.tenants.spread(scenario.supervisors.count);
        let people = scenario.agents_by_tenant().into_iter().zip(supervisors);
        for ((tenant, setting), (agents, supervisors)) in settings.iter().enumerate().zip(people) {
            let admin = scenario.admin.as_ref();
            let logins = hire::staff(setting, &scenario.agents, agents, admin).await?;
            for login in &logins {
                let agent = Agent::connect(setting, &login.login, &login.password).await?;
                hired.agents.push((tenant, agent));
            }
            let habits = &scenario.supervisors;
            // Also where none is to watch: the login reads the transcripts in the end.
            let identity = Supervisor::log_in(setting, &habits.login, &habits.password).await?;
            for number in 0..supervisors {
                let name = format!("{}-{number}", habits.login);
                let identity = identity.clone();
                let supervisor = Supervisor::connect_as(setting, &name, identity).await?;
                hired.supervisors.push((tenant, supervisor));
            }
        }
        Ok(hired)
    }

    pub fn work(self, settings: &[Setting], scenario: &Scenario, meter: &Meter) -> Staff {
        let (stop, stopped) = watch::channel(false);
        let shape = Shape::of_real_dialogues();
        let one_clock = settings.iter().all(|it| it.servers.first().is_local());
        let rng = |kind: u64, number: usize| {
            StdRng::seed_from_u64(scenario.seed ^ (kind << 32) ^ number as u64)
        };
        let agents = self.agents.into_iter().enumerate();
        let agents = agents.map(|(number, (tenant, agent))| {
            let (habits, shape) = (scenario.agents.clone(), shape.clone());
            let (rng, stopped) = (rng(1, number), stopped.clone());
            tokio::spawn(serve(agent, habits, shape, meter.of(tenant), rng, stopped))
        });
        let supervisors = self.supervisors.into_iter().enumerate();
        let supervisors = supervisors.map(|(number, (tenant, found))| {
            let (habits, rng) = (scenario.supervisors.clone(), rng(2, number));
            let (meter, stopped) = (meter.of(tenant), stopped.clone());
            tokio::spawn(supervisor::watch(
                found, habits, one_clock, meter, rng, stopped,
            ))
        });
        Staff {
            agents: agents.collect(),
            supervisors: supervisors.collect(),
            stop,
        }
    }
}

impl Staff {
    /// Waits for quiet, lets everybody go and holds each tenant's history against its logs.
    pub async fn verdict(
        self,
        settings: &[Setting],
        scenario: &Scenario,
    ) -> anyhow::Result<Verdict> {
        sleep(Duration::from_millis(scenario.curfew.quiet_ms)).await;
        let login = scenario.supervisors.as_login();
        let mut all_quiet = Vec::new();
        for setting in settings {
            let seen = setting.recorder.look(archive::seen);
            all_quiet.push(archive::transcripts(setting, &login, &seen).await?);
        }
        sleep(SETTLE).await;
        self.stop.send_replace(true);
        for agent in self.agents {
            let agent = agent.await.context("an agent panicked")?;
            agent.settle().await;
            agent.leave_the_line().await;
        }
        for supervisor in self.supervisors {
            let supervisor = supervisor.await.context("a supervisor panicked")?;
            supervisor.settle().await;
            supervisor.leave_the_line().await;
        }
        let mut verdict = Verdict::default();
        for (setting, quiet) in settings.iter().zip(all_quiet) {
            let history = setting.recorder.take();
            verdict.join(judge(setting, &login, history, quiet).await?);
        }
        Ok(verdict)
    }
}

impl Verdict {
    fn join(&mut self, other: Self) {
        self.report.join(other.report);
        self.evidence.push_str(&other.evidence);
        self.transcripts.extend(other.transcripts);
    }
}

/// Reads every conversation of one tenant again, holds it against the first reading and against what
/// everybody saw.
pub(super) async fn judge(
    setting: &Setting,
    login: &Login,
    mut history: History,
    quiet: BTreeMap<Id, Transcript>,
) -> anyhow::Result<Verdict> {
    // The last of them may have closed meanwhile; what the readers see is no part of the history.
    let mut reading = setting.clone();
    reading.recorder = Recorder::default();
    let seen = archive::seen(&history);
    let logs = archive::transcripts(&reading, login, &seen).await?;
    history.transcripts = logs
        .into_values()
        .map(|mut transcript| {
            let before = quiet.get(&transcript.conversation);
            transcript.quiet = before.map_or(0, |before| before.entries.len());
            transcript
        })
        .collect();
    let mut report = check(&history);
    let quiet: Vec<Transcript> = quiet.into_values().collect();
    compare(&quiet, &history.transcripts, &mut report);
    let report = report.of_tenant(&setting.tenant);
    Ok(Verdict {
        evidence: evidence(&history, &report),
        report,
        transcripts: BTreeMap::from([(setting.tenant.clone(), history.transcripts)]),
    })
}
