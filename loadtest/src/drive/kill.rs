//! Kills the server again and again under load, and asks afterwards whether anything acknowledged is
//! missing, doubled or out of order.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::Serialize;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::agent::serve;
use super::archive;
use super::clock::Clock;
use super::measured::Count;
use super::meter::Meter;
use super::process::Process;
use super::staff::{Verdict, judge};
use super::supervisor;
use crate::client::{Agent, Customer, Reconnect, Setting, Supervisor};
use crate::history::Report;
use crate::scenario::{Agents, LAST_WORDS, Login, Shape, Supervisors};

/// After the last kill everything unanswered must be answered.
const CATCH_UP: Duration = Duration::from_secs(20);
/// A fault point that is never passed is followed by an ordinary kill.
const POINT: Duration = Duration::from_secs(3);
/// Of one run: for the width of what is measured, which nobody looks at here.
const LONGEST: Duration = Duration::from_secs(3_600);
/// The supervisor watches everything and whispers into it, so that a whisper that a death turned into
/// something else would be found.
const WATCHED: usize = 500;
const WHISPERS_PER_S: f64 = 20.0;
/// The named points of the server.
const POINTS: &[&str] = &[
    "before_write",
    "after_write",
    "after_sync",
    "after_ack",
    "during_fan_out",
];
/// Clients come back fast: the rounds are short.
const RECONNECT: Reconnect = Reconnect {
    first_ms: 40,
    last_ms: 300,
};

/// What to do.
#[derive(Clone, Debug)]
pub struct Kill {
    pub binary: PathBuf,
    pub rounds: u32,
    pub seed: u64,
    /// Die at named points in turn instead of at random moments.
    pub points: bool,
    pub customers: u32,
    pub agents: Vec<Login>,
    pub supervisor: Login,
    pub tenant: String,
    /// Bounds of the load before each kill, in milliseconds.
    pub load_ms: (u64, u64),
    /// From start to ready: 3 s by promise.
    pub ready_within: Duration,
    pub quiet: bool,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Killed {
    pub seed: u64,
    pub rounds: u32,
    /// Deaths at each point; `random` where it was an ordinary kill.
    pub deaths: std::collections::BTreeMap<String, u32>,
    /// From start to ready, in milliseconds.
    pub ready_ms: Vec<u64>,
    pub reconnects: u64,
    /// Whispers given while servers died, and conversations they were whispered into.
    pub whispers: u64,
    pub watched: u64,
    /// Commands that were never answered.
    pub unanswered: u64,
    pub history: Report,
    pub failures: Vec<String>,
    /// What bears on the first anomalies.
    #[serde(skip)]
    pub evidence: String,
}

impl Killed {
    pub fn is_well(&self) -> bool {
        self.history.is_clean() && self.failures.is_empty()
    }

    pub fn summary(&self) -> String {
        let slowest = self.ready_ms.iter().max().copied().unwrap_or(0);
        let mut page = format!(
            "kill (seed {}): {} rounds, deaths {:?}, ready again within {slowest} ms, {} reconnects, \
             {} whispers in {} conversations\n{}\n",
            self.seed,
            self.rounds,
            self.deaths,
            self.reconnects,
            self.whispers,
            self.watched,
            self.history.words()
        );
        for words in &self.failures {
            page.push_str(&format!("FAILED: {words}\n"));
        }
        page
    }
}

/// Runs the rounds and gives the verdict.
pub async fn kill(kill: &Kill) -> anyhow::Result<Killed> {
    let mut process = Process::start(&kill.binary, 1).await?;
    let mut setting = Setting::new(process.server.clone(), &kill.tenant);
    setting.seed = kill.seed;
    setting.reconnect = RECONNECT;
    let clock = Clock::begin_in(Duration::ZERO);
    let meter = Meter::new(clock, LONGEST);
    let crowd = Crowd::gather(&setting, kill, &meter).await?;
    let mut killed = Killed {
        seed: kill.seed,
        rounds: kill.rounds,
        deaths: Default::default(),
        ready_ms: Vec::new(),
        reconnects: 0,
        whispers: 0,
        watched: 0,
        unanswered: 0,
        history: Report::default(),
        failures: Vec::new(),
        evidence: String::new(),
    };
    rounds(kill, &mut process, &mut killed).await?;
    let (verdict, unanswered) = crowd.verdict(&setting, kill).await?;
    killed.history = verdict.report;
    killed.evidence = verdict.evidence;
    killed.unanswered = unanswered;
    if killed.unanswered > 0 {
        let words = format!("{} commands were never answered", killed.unanswered);
        killed.failures.push(words);
    }
    killed.reconnects = meter.counted(Count::Reconnects);
    killed.whispers = meter.counted(Count::Whispers);
    killed.watched = meter.counted(Count::Watched);
    if killed.whispers == 0 {
        let words = "nothing was whispered, so no leak could be found".to_owned();
        killed.failures.push(words);
    }
    if killed.history.acknowledged < u64::from(kill.rounds) {
        killed
            .failures
            .push("less was acknowledged than rounds were made".to_owned());
    }
    if killed.is_well() {
        process.stop().await?;
    } else {
        let kept = process.keep().display().to_string();
        killed
            .failures
            .push(format!("the data and the server's log are kept in {kept}"));
    }
    Ok(killed)
}

async fn rounds(kill: &Kill, process: &mut Process, killed: &mut Killed) -> anyhow::Result<()> {
    let mut rng = StdRng::seed_from_u64(kill.seed);
    let bar = bar(kill);
    for round in 0..kill.rounds {
        let load = Duration::from_millis(rng.random_range(kill.load_ms.0..=kill.load_ms.1));
        sleep(load).await;
        let point = POINTS[round as usize % POINTS.len()];
        let armed = kill
            .points
            .then(|| format!("{point}:{}", rng.random_range(1..=60)));
        process.kill().await?;
        let mut died_at = "random";
        if let Some(fault) = &armed {
            process.launch(Some(fault))?;
            // It may die before it was ever ready; that is a round like any other.
            if process.ready_or_ended(CATCH_UP).await? || process.ended(POINT).await?.is_some() {
                died_at = point;
            } else {
                process.kill().await?;
            }
        }
        *killed.deaths.entry(died_at.to_owned()).or_default() += 1;
        process.launch(None)?;
        match process.ready(kill.ready_within).await {
            Ok(took) => killed.ready_ms.push(took.as_millis() as u64),
            Err(error) => {
                killed.failures.push(format!("round {round}: {error:#}"));
                process.ready(CATCH_UP).await?;
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

/// Everybody on the wire during the rounds.
struct Crowd {
    calm: watch::Sender<bool>,
    stop: watch::Sender<bool>,
    customers: JoinSet<anyhow::Result<Customer>>,
    agents: Vec<JoinHandle<Agent>>,
    supervisor: JoinHandle<Supervisor>,
}

impl Crowd {
    async fn gather(setting: &Setting, kill: &Kill, meter: &Meter) -> anyhow::Result<Self> {
        let (calm, calmed) = watch::channel(false);
        let (stop, stopped) = watch::channel(false);
        let habits = Agents {
            login: kill.agents.clone(),
            think_ms: 30,
            accept_ms: 5,
            wrap_up_ms: 10,
            miss_share: 0.0,
            decline_share: 0.0,
            transfer_share: 0.0,
            transfer_group: String::new(),
            hire: None,
        };
        let mut agents = Vec::new();
        for (number, login) in kill.agents.iter().enumerate() {
            let agent = Agent::connect(setting, &login.login, &login.password).await?;
            let rng = StdRng::seed_from_u64(kill.seed ^ (1 << 32) ^ number as u64);
            let shape = Shape::of_real_dialogues();
            let serving = serve(
                agent,
                habits.clone(),
                shape,
                meter.clone(),
                rng,
                stopped.clone(),
            );
            agents.push(tokio::spawn(serving));
        }
        let supervisor = Self::supervisor(setting, kill, meter, calmed.clone()).await?;
        let mut customers = JoinSet::new();
        for number in 0..kill.customers {
            let customer = Customer::connect(setting, &format!("customer-{number}")).await?;
            let rng = StdRng::seed_from_u64(kill.seed ^ (3 << 32) ^ u64::from(number));
            customers.spawn(chatter(customer, rng, meter.clone(), calmed.clone()));
        }
        Ok(Self {
            calm,
            stop,
            customers,
            agents,
            supervisor,
        })
    }

    async fn supervisor(
        setting: &Setting,
        kill: &Kill,
        meter: &Meter,
        calmed: watch::Receiver<bool>,
    ) -> anyhow::Result<JoinHandle<Supervisor>> {
        let Login { login, password } = kill.supervisor.clone();
        let found = Supervisor::connect(setting, &login, &password).await?;
        let habits = Supervisors {
            login,
            password,
            count: 1,
            watch: WATCHED,
            whispers_per_s: WHISPERS_PER_S,
        };
        let rng = StdRng::seed_from_u64(kill.seed ^ (2 << 32));
        let watching = supervisor::watch(found, habits, true, meter.clone(), rng, calmed);
        Ok(tokio::spawn(watching))
    }

    /// No more new words: waits until all said is answered, lets everybody go and holds the history
    /// against the logs. Also how many commands were never answered.
    async fn verdict(mut self, setting: &Setting, kill: &Kill) -> anyhow::Result<(Verdict, u64)> {
        self.calm.send_replace(true);
        let mut unanswered = 0;
        let mut customers = Vec::new();
        while let Some(customer) = self.customers.join_next().await {
            let customer = customer.context("a customer panicked")??;
            unanswered += customer.unanswered() as u64;
            customers.push(customer);
        }
        let supervisor = self.supervisor.await.context("the supervisor panicked")?;
        // Agents finish what they began; then nothing moves any more.
        sleep(Duration::from_secs(2)).await;
        unanswered += supervisor.unanswered() as u64;
        let seen = setting.recorder.look(archive::seen);
        let quiet = archive::transcripts(setting, &kill.supervisor, &seen).await?;
        sleep(Duration::from_millis(500)).await;
        self.stop.send_replace(true);
        for customer in customers {
            customer.settle().await;
            customer.leave_the_line().await;
        }
        for agent in self.agents {
            let agent = agent.await.context("an agent panicked")?;
            agent.settle().await;
            agent.leave_the_line().await;
        }
        supervisor.settle().await;
        supervisor.leave_the_line().await;
        let history = setting.recorder.take();
        let verdict = judge(setting, &kill.supervisor, history, quiet).await?;
        Ok((verdict, unanswered))
    }
}

/// Talks in short bursts until told to be calm, then waits until everything is answered.
async fn chatter(
    mut customer: Customer,
    mut rng: StdRng,
    meter: Meter,
    mut calm: watch::Receiver<bool>,
) -> anyhow::Result<Customer> {
    let mut said = 0_u64;
    while !*calm.borrow() {
        for _ in 0..rng.random_range(1..4) {
            let text = match rng.random_range(0..60) {
                0 => LAST_WORDS.to_owned(),
                _ => format!("第{said}句"),
            };
            let (_, pending) = customer.start_saying(rng.random(), &text).await?;
            meter.watch(pending, Instant::now(), None);
            said += 1;
        }
        if rng.random_range(0..10) == 0 {
            let ask = crest_schema::frame::ClientFrame::AskHuman(Default::default());
            let pending = customer.start_call(ask).await?;
            meter.watch(pending, Instant::now(), None);
        }
        let pause = Duration::from_millis(rng.random_range(20..180));
        let _ = timeout(pause, async {
            let _ = calm.wait_for(|calm| *calm).await;
        })
        .await;
        drain(&mut customer, Duration::ZERO).await;
        while customer.unanswered() > 64 && !*calm.borrow() {
            drain(&mut customer, Duration::from_millis(20)).await;
        }
    }
    let begun = Instant::now();
    while customer.unanswered() > 0 && begun.elapsed() < CATCH_UP {
        drain(&mut customer, Duration::from_millis(50)).await;
    }
    // Looks on, so that it can be asked whether it saw everything.
    drain(&mut customer, Duration::from_secs(1)).await;
    Ok(customer)
}

/// Takes what comes for so long, at least what is there.
async fn drain(customer: &mut Customer, lasting: Duration) {
    let until = tokio::time::Instant::now() + lasting;
    while let Ok(Some(_)) = tokio::time::timeout_at(until, customer.next()).await {}
}

fn bar(kill: &Kill) -> ProgressBar {
    if kill.quiet {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("kill {elapsed} {bar:30} {pos}/{len} rounds")
        .expect("the template is ours");
    ProgressBar::new(u64::from(kill.rounds)).with_style(style)
}
