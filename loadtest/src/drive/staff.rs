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

/// Connected, not at work yet.
pub(super) struct Hired {
    agents: Vec<Agent>,
    supervisors: Vec<Supervisor>,
}

/// Everybody who works during the run.
pub(super) struct Staff {
    stop: watch::Sender<bool>,
    agents: Vec<JoinHandle<Agent>>,
    supervisors: Vec<JoinHandle<Supervisor>>,
}

/// The checker's word and what it went by.
pub(super) struct Verdict {
    pub report: Report,
    pub evidence: String,
    pub transcripts: Vec<Transcript>,
}

impl Hired {
    pub async fn gather(setting: &Setting, scenario: &Scenario) -> anyhow::Result<Self> {
        let mut agents = Vec::new();
        let logins = hire::staff(setting, &scenario.agents, scenario.admin.as_ref()).await?;
        for login in &logins {
            agents.push(Agent::connect(setting, &login.login, &login.password).await?);
        }
        let mut supervisors = Vec::new();
        let habits = &scenario.supervisors;
        let identity = Supervisor::log_in(setting, &habits.login, &habits.password).await?;
        for number in 0..habits.count {
            let name = format!("{}-{number}", habits.login);
            let identity = identity.clone();
            supervisors.push(Supervisor::connect_as(setting, &name, identity).await?);
        }
        Ok(Self {
            agents,
            supervisors,
        })
    }

    pub fn work(self, setting: &Setting, scenario: &Scenario, meter: &Meter) -> Staff {
        let (stop, stopped) = watch::channel(false);
        let shape = Shape::of_real_dialogues();
        let one_clock = setting.server.is_local();
        let rng = |kind: u64, number: usize| {
            StdRng::seed_from_u64(scenario.seed ^ (kind << 32) ^ number as u64)
        };
        let agents = self.agents.into_iter().enumerate();
        let agents = agents.map(|(number, agent)| {
            let (habits, shape) = (scenario.agents.clone(), shape.clone());
            let (rng, stopped) = (rng(1, number), stopped.clone());
            tokio::spawn(serve(agent, habits, shape, meter.clone(), rng, stopped))
        });
        let supervisors = self.supervisors.into_iter().enumerate();
        let supervisors = supervisors.map(|(number, found)| {
            let (habits, rng) = (scenario.supervisors.clone(), rng(2, number));
            let (meter, stopped) = (meter.clone(), stopped.clone());
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
    /// Waits for quiet, lets everybody go and holds the history against the logs.
    pub async fn verdict(self, setting: &Setting, scenario: &Scenario) -> anyhow::Result<Verdict> {
        sleep(Duration::from_millis(scenario.curfew.quiet_ms)).await;
        let login = scenario.supervisors.as_login();
        let seen = setting.recorder.look(archive::seen);
        let quiet = archive::transcripts(setting, &login, &seen).await?;
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
        let history = setting.recorder.take();
        judge(setting, &login, history, quiet).await
    }
}

/// Reads every conversation again, holds it against the first reading and against what everybody saw.
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
    Ok(Verdict {
        evidence: evidence(&history, &report),
        report,
        transcripts: history.transcripts,
    })
}
