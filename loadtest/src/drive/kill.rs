//! Kills the server again and again under load, and asks afterwards whether anything acknowledged is
//! missing, doubled or out of order.

use std::path::PathBuf;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::Serialize;
use tokio::time::sleep;

use super::clock::Clock;
use super::measured::Count;
use super::meter::Meter;
use super::process::Process;
use super::talk::{Heard, Talk, Talking};
use crate::client::{Reconnect, Setting};
use crate::history::Report;
use crate::scenario::Login;

/// After the last kill everything unanswered must be answered.
const CATCH_UP: Duration = Duration::from_secs(20);
/// A fault point that is never passed is followed by an ordinary kill.
const POINT: Duration = Duration::from_secs(3);
/// Of one run: for the width of what is measured, which nobody looks at here.
const LONGEST: Duration = Duration::from_secs(3_600);
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

impl Kill {
    fn talk(&self) -> Talk {
        Talk {
            customers: self.customers,
            pause_ms: (20, 180),
            burst_max: 3,
            ask_share: 0.1,
            agents: self.agents.clone(),
            supervisor: self.supervisor.clone(),
            ..Talk::default()
        }
    }
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
    let talking = Talking::start(&setting, &kill.talk(), &meter).await?;
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
    let heard = talking.finish(&setting).await?;
    let Heard {
        history, evidence, ..
    } = heard;
    (killed.history, killed.evidence) = (history, evidence);
    killed.unanswered = heard.unanswered;
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

fn bar(kill: &Kill) -> ProgressBar {
    if kill.quiet {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("kill {elapsed} {bar:30} {pos}/{len} rounds")
        .expect("the template is ours");
    ProgressBar::new(u64::from(kill.rounds)).with_style(style)
}
